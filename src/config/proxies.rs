//! Whose forwarded headers are believed, and which family of them.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::reader::{Faulty, Reader};

/// The proxies in front of the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Proxies {
    networks: Networks,
    /// What they write; the other family is as their clients sent it.
    pub(crate) family: Family,
}

/// Headers by which proxies tell of the requests that they pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto`.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// `None` where nobody is believed.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        let family = reader.required("MIG_FORWARDED_HEADERS", FAMILY, family);
        let Some(networks) = reader.given("MIG_TRUSTED_PROXIES") else {
            if reader.has("MIG_FORWARDED_HEADERS") {
                reader.fault(IDLE);
            }
            return Ok(None);
        };
        let networks = match networks.parse() {
            Ok(networks) => networks,
            Err(fault) => {
                let fault: InvalidNetworks = fault;
                let fault = format!("MIG_TRUSTED_PROXIES is {networks:?}, {fault}");
                return Err(reader.fault(fault));
            }
        };
        let family = family?;
        Ok(Some(Self { networks, family }))
    }

    /// Whether what `address` says of others is believed.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.networks.have(address)
    }
}

const FAMILY: &str = "x-forwarded or forwarded";

const IDLE: &str = "MIG_FORWARDED_HEADERS is set, and MIG_TRUSTED_PROXIES is not, without which \
     nobody's are read: set it to the networks of your proxies, or unset MIG_FORWARDED_HEADERS";

fn family(text: &str) -> Option<Family> {
    match text {
        "x-forwarded" => Some(Family::XForwarded),
        "forwarded" => Some(Family::Forwarded),
        _ => None,
    }
}

/// More of them than this want one that is wider.
const MOST: usize = 64;

/// Networks of IPv4 and IPv6.
#[derive(Clone, Debug)]
struct Networks(Vec<IpNet>);

/// Not networks whose addresses could be those of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum InvalidNetworks {
    #[error(
        "expected 1 to 64 networks such as 10.0.0.0/8 and fd00::/8, or addresses, separated by \
         commas or spaces"
    )]
    Unreadable,
    #[error("expected {net} for the network, or {address} for the one address", net = .0.trunc(), address = .0.addr())]
    HostBits(IpNet),
    #[error("expected the networks of your proxies: {0} is everybody")]
    Everybody(IpNet),
    #[error("expected {0} as IPv4: addresses that are mapped into IPv6 count as what they are")]
    Mapped(IpNet),
}

impl Networks {
    /// Whether `address` is in one of them. One of IPv4 is the same when a socket
    /// of IPv6 tells it.
    fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Networks {
    type Err = InvalidNetworks;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_separator = |letter: char| letter == ',' || letter.is_whitespace();
        let words = text.split(is_separator).filter(|word| !word.is_empty());
        let networks: Vec<_> = words.map(network).collect::<Result<_, _>>()?;
        let fits = (1..=MOST).contains(&networks.len());
        fits.then_some(Self(networks))
            .ok_or(InvalidNetworks::Unreadable)
    }
}

/// A network, or an address as the network of itself.
fn network(text: &str) -> Result<IpNet, InvalidNetworks> {
    let address = text.parse().map(|address: IpAddr| address.into());
    let network: IpNet = address
        .or_else(|_| text.parse())
        .map_err(|_| InvalidNetworks::Unreadable)?;
    // Which of the two was meant is not known, and one trusts 16 million others.
    if network.trunc() != network {
        return Err(InvalidNetworks::HostBits(network));
    }
    if network.prefix_len() == 0 {
        return Err(InvalidNetworks::Everybody(network));
    }
    if network.addr().to_canonical() != network.addr() {
        return Err(InvalidNetworks::Mapped(network));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Faults};

    fn config(vars: &[(&str, &str)]) -> Result<Config, Faults> {
        Config::from_vars(vars.iter().copied())
    }

    fn trusts(networks: &str, address: &str) -> bool {
        let networks: Networks = networks.parse().unwrap();
        networks.have(address.parse().unwrap())
    }

    #[test]
    fn addresses_of_the_networks_are_trusted_and_no_others() {
        let networks = "10.0.0.0/8, 192.0.2.7\nfd00::/8,2001:db8::1";
        for address in ["10.255.0.1", "192.0.2.7", "fdff::1", "2001:db8::1"] {
            assert!(trusts(networks, address), "{address}");
        }
        for address in ["11.0.0.1", "192.0.2.8", "fe80::1", "2001:db8::2", "::1"] {
            assert!(!trusts(networks, address), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_mapped_into_ipv6_counts_as_ipv4() {
        assert!(trusts("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!trusts("10.0.0.0/8", "::ffff:11.0.0.1"));
        assert!(!trusts("::/1", "::ffff:10.0.0.1"));
    }

    #[test]
    fn what_could_mean_another_network_is_refused() {
        for (text, words) in [
            ("", "expected 1 to 64 networks"),
            ("10.0.0", "expected 1 to 64 networks"),
            ("10.0.0.0/33", "expected 1 to 64 networks"),
            ("010.0.0.1", "expected 1 to 64 networks"),
            ("proxy.example", "expected 1 to 64 networks"),
            ("fe80::1%eth0", "expected 1 to 64 networks"),
            (
                "10.1.2.3/8",
                "expected 10.0.0.0/8 for the network, or 10.1.2.3",
            ),
            ("fd00::1/8", "expected fd00::/8 for the network, or fd00::1"),
            ("0.0.0.0/0", "0.0.0.0/0 is everybody"),
            ("::/0", "::/0 is everybody"),
            ("::ffff:10.0.0.0/104", "as IPv4"),
            ("::ffff:10.0.0.1", "as IPv4"),
        ] {
            let fault = text.parse::<Networks>().unwrap_err().to_string();
            assert!(fault.contains(words), "{text}: {fault}");
        }
        let many = |count| vec!["10.0.0.1"; count].join(" ");
        assert!(many(64).parse::<Networks>().is_ok());
        assert!(many(65).parse::<Networks>().is_err());
    }

    #[test]
    fn proxies_are_trusted_by_network_and_read_by_one_family() {
        let none = config(&[]).unwrap();
        assert!(none.proxies.is_none());
        let networks = ("MIG_TRUSTED_PROXIES", "10.0.0.0/8 fd00::/8");
        let one = config(&[networks]).unwrap().proxies.unwrap();
        assert_eq!(one.family, Family::XForwarded);
        assert!(one.trust("10.1.2.3".parse().unwrap()));
        let other = config(&[networks, ("MIG_FORWARDED_HEADERS", "forwarded")]);
        assert_eq!(other.unwrap().proxies.unwrap().family, Family::Forwarded);
    }

    #[test]
    fn faults_of_proxies_name_the_variable_and_what_is_right() {
        for (vars, fault) in [
            (
                &[("MIG_TRUSTED_PROXIES", "10.1.2.3/8")][..],
                "\n  MIG_TRUSTED_PROXIES is \"10.1.2.3/8\", expected 10.0.0.0/8 for the network",
            ),
            (
                &[("MIG_TRUSTED_PROXIES", "10.0.0.0/8,::/0")],
                "\n  MIG_TRUSTED_PROXIES is \"10.0.0.0/8,::/0\", expected the networks of your proxies",
            ),
            (
                &[("MIG_TRUSTED_PROXIES", "nginx")],
                "\n  MIG_TRUSTED_PROXIES is \"nginx\", expected 1 to 64 networks",
            ),
            (
                &[("MIG_FORWARDED_HEADERS", "forwarded")],
                "\n  MIG_FORWARDED_HEADERS is set, and MIG_TRUSTED_PROXIES is not",
            ),
            (
                &[
                    ("MIG_TRUSTED_PROXIES", "10.0.0.1"),
                    ("MIG_FORWARDED_HEADERS", "both"),
                ],
                "\n  MIG_FORWARDED_HEADERS is \"both\", expected x-forwarded or forwarded",
            ),
        ] {
            let told = config(vars).unwrap_err().to_string();
            assert!(told.contains(fault), "{told}");
            assert_eq!(told.lines().count(), 2, "{told}");
        }
    }
}

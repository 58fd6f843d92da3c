//! Whose forwarded headers are believed.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    form::words,
    reader::{Faulty, Reader},
};

/// The networks of the proxies in front of the gateway, of IPv4 and IPv6.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// `None` where nobody is believed.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        let Some(networks) = reader.given("MIG_TRUSTED_PROXIES") else {
            return Ok(None);
        };
        match Self::parse(networks) {
            Ok(proxies) => Ok(Some(proxies)),
            Err(fault) => {
                let fault = format!("MIG_TRUSTED_PROXIES is {networks:?}, {fault}");
                Err(reader.fault(fault))
            }
        }
    }

    fn parse(text: &str) -> Result<Self, InvalidNetworks> {
        let networks: Vec<_> = words(text).map(network).collect::<Result<_, _>>()?;
        let fits = (1..=MOST).contains(&networks.len());
        fits.then_some(Self(networks))
            .ok_or(InvalidNetworks::Unreadable)
    }

    /// Whether what `address` says of others is believed. One of IPv4 is the same
    /// when a socket of IPv6 tells it.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// More of them than this want one that is wider.
const MOST: usize = 64;

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
        let proxies = Proxies::parse(networks).unwrap();
        proxies.trust(address.parse().unwrap())
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
            let fault = Proxies::parse(text).unwrap_err().to_string();
            assert!(fault.contains(words), "{text}: {fault}");
        }
        let many = |count| vec!["10.0.0.1"; count].join(" ");
        assert!(Proxies::parse(&many(64)).is_ok());
        assert!(Proxies::parse(&many(65)).is_err());
    }

    #[test]
    fn nobody_is_trusted_unless_named() {
        let none = config(&[]).unwrap();
        assert!(none.proxies.is_none());
        let some = config(&[("MIG_TRUSTED_PROXIES", "10.0.0.0/8 fd00::/8")]);
        let some = some.unwrap().proxies.unwrap();
        assert!(some.trust("10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn faults_of_proxies_name_the_variable_and_what_is_right() {
        for (networks, expected) in [
            ("10.1.2.3/8", "10.0.0.0/8 for the network"),
            ("10.0.0.0/8,::/0", "the networks of your proxies"),
            ("nginx", "1 to 64 networks"),
        ] {
            let told = config(&[("MIG_TRUSTED_PROXIES", networks)]).unwrap_err();
            let told = told.to_string();
            let fault = format!("\n  MIG_TRUSTED_PROXIES is {networks:?}, expected {expected}");
            assert!(told.contains(&fault), "{told}");
            assert_eq!(told.lines().count(), 2, "{told}");
        }
    }
}

//! Addresses as proxies write them, with and without a port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::audit::Endpoint;

/// Where a request came from, as far as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    pub(super) port: Option<u16>,
}

/// Who is told of by `for` (RFC 7239, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Address(Address),
    /// `unknown`, or a name that the proxy made up.
    Hidden,
}

impl Address {
    /// One of `X-Forwarded-For`, whose form is nowhere said: with a port or without
    /// one, IPv6 in brackets or not.
    pub(super) fn plain(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
        if let Ok(ip) = text.parse() {
            return Some(Self::new(ip, None));
        }
        match Node::parse(text)? {
            Node::Address(address) => Some(address),
            Node::Hidden => None,
        }
    }

    /// The same as an endpoint, behind `proxies`.
    pub(super) fn behind(self, proxies: Vec<IpAddr>) -> Endpoint {
        Endpoint {
            ip: self.ip,
            port: self.port,
            intermediate_ips: proxies,
        }
    }

    /// One of IPv4 is the same when it is mapped into IPv6.
    fn new(ip: IpAddr, port: Option<u16>) -> Self {
        let ip = ip.to_canonical();
        Self { ip, port }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), Some(address.port()))
    }
}

impl Node {
    /// The value of `for`, without its quotes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Within brackets there are other colons.
        let end = text.rfind(']').unwrap_or(0);
        let (name, port) = match text[end..].find(':') {
            Some(colon) => {
                let (name, port) = text.split_at(end + colon);
                (name, Some(Port::parse(&port[1..])?))
            }
            None => (text, None),
        };
        if name.eq_ignore_ascii_case("unknown") || is_obfuscated(name) {
            return Some(Self::Hidden);
        }
        let ip = bracketed(name).or_else(|| Some(IpAddr::V4(name.parse().ok()?)))?;
        let port = port.and_then(|Port(port)| port);
        Some(Self::Address(Address::new(ip, port)))
    }
}

/// A port; `None` for one that has a made-up name.
struct Port(Option<u16>);

impl Port {
    fn parse(text: &str) -> Option<Self> {
        if is_obfuscated(text) {
            return Some(Self(None));
        }
        // The parser of numbers would take a sign, and any number of noughts.
        let is_number = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse().ok().filter(|_| is_number)?;
        Some(Self(Some(port)))
    }
}

fn bracketed(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let address: Ipv6Addr = inner.parse().ok()?;
    Some(address.into())
}

fn is_obfuscated(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ip: &str, port: Option<u16>) -> Address {
        let ip = ip.parse().unwrap();
        Address { ip, port }
    }

    #[test]
    fn plain_addresses_are_read_as_proxies_write_them() {
        for (text, ip, port) in [
            ("192.0.2.1", "192.0.2.1", None),
            (" 192.0.2.1:4711\t", "192.0.2.1", Some(4711)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:4711", "2001:db8::1", Some(4711)),
            ("::ffff:192.0.2.1", "192.0.2.1", None),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1", Some(80)),
        ] {
            let read = Address::plain(text.as_bytes());
            assert_eq!(read, Some(address(ip, port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_none() {
        for text in [
            &b""[..],
            b" ",
            b"unknown",
            b"_hidden",
            b"web.example",
            b"192.0.2",
            b"192.0.2.256",
            b"0192.0.2.1",
            b"0xc0000201",
            b"192.0.2.1:",
            b"192.0.2.1:65536",
            b"192.0.2.1:+80",
            b"192.0.2.1:000080",
            b"192.0.2.1 192.0.2.2",
            b"192.0.2.1/32",
            b"\"192.0.2.1\"",
            b"[192.0.2.1]",
            b"[2001:db8::1",
            b"2001:db8::1]",
            b"fe80::1%eth0",
            b"[fe80::1%3]:80",
            b"\xff\xfe",
        ] {
            assert_eq!(Address::plain(text), None, "{text:?}");
        }
    }

    #[test]
    fn nodes_are_read_as_rfc_7239_has_them() {
        for (text, ip, port) in [
            ("192.0.2.43", "192.0.2.43", None),
            ("192.0.2.43:47011", "192.0.2.43", Some(47011)),
            ("192.0.2.43:_port", "192.0.2.43", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:47011", "2001:db8::1", Some(47011)),
        ] {
            let expected = Some(Node::Address(address(ip, port)));
            assert_eq!(Node::parse(text), expected, "{text}");
        }
        for text in [
            "unknown",
            "Unknown",
            "_gazonk",
            "_SEVKISEK",
            "_a:80",
            "unknown:_b",
        ] {
            assert_eq!(Node::parse(text), Some(Node::Hidden), "{text}");
        }
    }

    #[test]
    fn what_is_no_node_is_none() {
        for text in [
            "",
            "_",
            "_a b",
            ":",
            ":80",
            "2001:db8::1",
            "[2001:db8::1]x",
            "[2001:db8::1]x:80",
            "[[::1]]",
            "[::1]]:80",
            "[192.0.2.1]",
            "192.0.2.1:",
            "192.0.2.1:80:80",
            "192.0.2.1:+80",
            "192.0.2.1:65536",
            "192.0.2.1:_",
            "web.example",
        ] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
    }
}

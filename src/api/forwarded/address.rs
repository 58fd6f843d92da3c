//! Addresses as proxies write them, with and without a port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::audit::Endpoint;

/// Where a request came from, as far as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    pub(super) port: Option<u16>,
}

impl Address {
    /// One of `X-Forwarded-For`, whose form is nowhere said: with a port or without
    /// one, IPv6 in brackets or not.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
        if let Some(ip) = text.parse().ok().or_else(|| bracketed(text)) {
            return Some(Self::new(ip, None));
        }
        // A zone is an interface of whoever wrote it.
        let address: SocketAddr = text.parse().ok().filter(|_| !text.contains('%'))?;
        Some(address.into())
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

fn bracketed(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let address: Ipv6Addr = inner.parse().ok()?;
    Some(address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ip: &str, port: Option<u16>) -> Address {
        let ip = ip.parse().unwrap();
        Address { ip, port }
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (text, ip, port) in [
            ("192.0.2.1", "192.0.2.1", None),
            (" 192.0.2.1:4711\t", "192.0.2.1", Some(4711)),
            ("192.0.2.1:000080", "192.0.2.1", Some(80)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:4711", "2001:db8::1", Some(4711)),
            ("::ffff:192.0.2.1", "192.0.2.1", None),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1", Some(80)),
        ] {
            let read = Address::parse(text.as_bytes());
            assert_eq!(read, Some(address(ip, port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
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
            b"192.0.2.1:_port",
            b"192.0.2.1:80:80",
            b":80",
            b"192.0.2.1 192.0.2.2",
            b"192.0.2.1/32",
            b"\"192.0.2.1\"",
            b"[192.0.2.1]",
            b"[192.0.2.1]:80",
            b"[[::1]]",
            b"[::1]]:80",
            b"[2001:db8::1]x",
            b"[2001:db8::1]x:80",
            b"[2001:db8::1",
            b"2001:db8::1]",
            b"fe80::1%eth0",
            b"[fe80::1%3]:80",
            b"\xff\xfe",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }
}

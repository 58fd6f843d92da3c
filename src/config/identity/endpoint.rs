//! What the endpoints, files and names of token sources have to look like.

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use url::Url;

use crate::config::{cloud::address, origin};

/// What the instance metadata endpoint has to be.
pub(super) const IMDS: &str =
    "an http URL of scheme, host and port alone, to a loopback or link-local address";

pub(super) fn imds(text: &str) -> Option<Url> {
    let url = origin(text)?;
    let is_near = match address(&url)? {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    (url.scheme() == "http" && is_near).then_some(url)
}

/// What an endpoint has to be that gets a secret in clear: it is of this host.
pub(super) const NEAR: &str = "an http URL to a loopback, link-local or private address";

pub(super) fn near(text: &str) -> Option<Url> {
    let url = plain(text, "http")?;
    let is_near = match address(&url)? {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_link_local() || address.is_private()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unique_local()
        }
    };
    is_near.then_some(url)
}

/// Where the agent of Azure Arc listens.
///
/// Source: "Authenticate against Azure resources with Azure Arc-enabled servers".
pub(super) const AGENT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

pub(super) const LOOPBACK: &str = "an http URL to a loopback address";

pub(super) fn loopback(text: &str) -> Option<Url> {
    plain(text, "http").filter(|url| address(url).is_some_and(|it| it.is_loopback()))
}

pub(super) const LOOPBACK_ORIGIN: &str =
    "an http URL of scheme, host and port alone, to a loopback address";

pub(super) fn loopback_origin(text: &str) -> Option<Url> {
    origin(text).and_then(|_| loopback(text))
}

/// What an endpoint has to be that is known by its certificate.
pub(super) const PINNED: &str = "an https URL";

pub(super) fn pinned(text: &str) -> Option<Url> {
    plain(text, "https")
}

pub(super) const AUTHORITY: &str =
    "an https URL of scheme and host alone (http is allowed to a loopback address)";

pub(in crate::config) const ABSOLUTE: &str = "an absolute path";

pub(in crate::config) fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    path.is_absolute().then_some(path)
}

pub(super) const TENANT: &str = "the id of a tenant, or one of its domain names";

/// It becomes a segment of a path.
pub(super) fn tenant(text: &str) -> Option<String> {
    let is_name = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'.');
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    (starts_well && text.bytes().all(is_name)).then(|| text.to_owned())
}

fn plain(text: &str, scheme: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.scheme() == scheme
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    is_plain.then_some(url)
}

/// The SHA-1 of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thumbprint(pub(crate) [u8; 20]);

impl Thumbprint {
    pub(super) const EXPECTED: &str = "the SHA-1 of a certificate, in 40 hexadecimal digits";
}

impl FromStr for Thumbprint {
    type Err = ();

    /// Tools write it with colons or spaces between the bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_between = |letter: &char| *letter == ':' || letter.is_whitespace();
        let digits: Option<Vec<u32>> = text
            .chars()
            .filter(|letter| !is_between(letter))
            .map(|letter| letter.to_digit(16))
            .collect();
        let digits = digits.filter(|digits| digits.len() == 40).ok_or(())?;
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::try_from(pair[0] * 16 + pair[1]).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_read_with_and_without_colons() {
        let plain = "00112233445566778899AABBCCDDEEFF00112233";
        let read: Thumbprint = plain.parse().unwrap();
        assert_eq!(read.0[..4], [0, 0x11, 0x22, 0x33]);
        let spread = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff 00 11 22 33";
        assert_eq!(spread.parse(), Ok(read));
        for wrong in [
            "",
            "00",
            &plain[1..],
            &format!("{plain}0"),
            &plain.replace('A', "G"),
        ] {
            assert_eq!(wrong.parse::<Thumbprint>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn a_tenant_stays_one_segment() {
        for text in [
            "contoso.onmicrosoft.com",
            "72f988bf-86f1-41af-91ab-2d7cd011db47",
        ] {
            assert!(tenant(text).is_some(), "{text}");
        }
        for text in ["", "..", "a/b", "a?b", "a%2fb"] {
            assert!(tenant(text).is_none(), "{text}");
        }
    }
}

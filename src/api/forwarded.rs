//! What trusted proxies say of the requests that they pass on.
//!
//! Lists are read from their end, as proxies append: what stands before the word of
//! the first one that is not trusted is whatever its client made up.

mod address;

use actix_web::{
    HttpRequest,
    http::header::{
        HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO,
    },
};

use crate::{audit::Endpoint, config::Proxies};
use address::Address;

/// No request passes more proxies; a list that does was made up.
const MOST: usize = 64;

/// Where `request` comes from: from the first address that is not a trusted
/// proxy's, counted from the gateway, or else the last one that is known.
pub(super) fn source(request: &HttpRequest, proxies: Option<&Proxies>) -> Option<Endpoint> {
    let peer = Address::from(request.peer_addr()?);
    Some(match proxies {
        None => peer.behind(Vec::new()),
        Some(proxies) => walked(peer, proxies, addresses(request.headers())),
    })
}

/// For what a trusted proxy was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub(super) scheme: Option<&'static str>,
    /// As it was written: that it is a host is for whoever uses it to see.
    pub(super) authority: Option<&'a str>,
    /// Whether there is an authority that cannot be read.
    pub(super) is_garbled: bool,
}

impl<'a> Asked<'a> {
    /// What the proxy says that sent `request`, which is the last of each; nothing,
    /// where it is not trusted.
    pub(super) fn of(request: &'a HttpRequest, proxies: &Proxies) -> Self {
        let peer = request.peer_addr();
        if !peer.is_some_and(|peer| proxies.trust(peer.ip())) {
            return Self::default();
        }
        let headers = request.headers();
        let authority = last(headers, X_FORWARDED_HOST);
        Self {
            scheme: last(headers, X_FORWARDED_PROTO).and_then(scheme),
            authority,
            is_garbled: authority.is_none() && headers.contains_key(X_FORWARDED_HOST),
        }
    }
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"]
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

/// Goes from `peer` along `told`, past those that are trusted. What cannot be read
/// ends the way: who stands behind it is not known.
fn walked(
    peer: Address,
    proxies: &Proxies,
    told: impl Iterator<Item = Option<Address>>,
) -> Endpoint {
    let (mut source, mut passed) = (peer, Vec::new());
    let mut told = told.take(MOST);
    while proxies.trust(source.ip) {
        let Some(Some(next)) = told.next() else { break };
        passed.push(source.ip);
        source = next;
    }
    passed.reverse();
    source.behind(passed)
}

/// The addresses of `X-Forwarded-For`, last first.
fn addresses(headers: &HeaderMap) -> impl Iterator<Item = Option<Address>> {
    lines(headers, X_FORWARDED_FOR)
        .flat_map(entries)
        .map(Address::parse)
}

/// The last entry of a header.
fn last(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let line = lines(headers, name).next()?;
    let text = str::from_utf8(entries(line).next()?).ok()?;
    Some(text.trim_matches([' ', '\t']))
}

fn entries(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.rsplit(|byte| *byte == b',')
}

/// The lines of a header, which together are one list (RFC 9110, 5.3), last first.
/// They are bytes: one that is no text would otherwise take with it what a proxy
/// appended.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).rev().map(HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests;

//! What a request's headers say of its trace.

use actix_web::http::header::{HeaderMap, HeaderValue};

use super::{SAMPLED, TRACEPARENT, TRACESTATE};

/// A longer `tracestate` is dropped; this much has to be carried on.
///
/// Source: "Tracestate limits" of the same document.
const LONGEST_STATE: usize = 512;

/// The `traceparent`, if there is one and no other.
pub(super) fn only(headers: &HeaderMap) -> Option<&str> {
    let mut parents = headers.get_all(&TRACEPARENT);
    let parent = parents.next()?;
    if parents.next().is_some() {
        return None;
    }
    parent.to_str().ok()
}

/// All `tracestate` headers as one, unread. A copy: the header that came in
/// would keep the whole head in memory for as long as an operation is followed.
pub(super) fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut joined = String::new();
    for state in headers.get_all(&TRACESTATE) {
        let state = state.to_str().ok()?;
        let comma = if joined.is_empty() { "" } else { "," };
        if joined.len() + comma.len() + state.len() > LONGEST_STATE {
            return None;
        }
        joined.push_str(comma);
        joined.push_str(state);
    }
    if joined.is_empty() {
        return None;
    }
    joined.try_into().ok()
}

/// Trace id, parent id and flags. Of a version above 00 the parts that are known are read,
/// whatever follows them.
pub(super) fn parse(header: &str) -> Option<([u8; 16], [u8; 8], u8)> {
    let mut parts = header.splitn(5, '-');
    let [version]: [u8; 1] = bytes(parts.next()?)?;
    let trace_id = bytes(parts.next()?)?;
    let parent_id = bytes(parts.next()?)?;
    let [flags] = bytes(parts.next()?)?;
    let is_whole = version != 0 || parts.next().is_none();
    let is_valid = version != 0xff && trace_id != [0; 16] && parent_id != [0; 8];
    (is_whole && is_valid).then_some((trace_id, parent_id, flags & SAMPLED))
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != 2 * N || !hex.bytes().all(is_lower_hex) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

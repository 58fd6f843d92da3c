//! The body of an answer, whole or not at all.

use actix_web::{
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING},
    },
    web::{Bytes, BytesMut},
};
use awc::ClientResponse;
use futures_util::StreamExt as _;

use super::{Cause, Error};

/// Reads the body of an answer to a GET or a POST.
///
/// awc takes the end of the connection for the end of the body, so a body that
/// is shorter than announced is told here. A body in chunks announces nothing:
/// what is read of one may be its beginning, or nothing of it.
pub(super) async fn whole(incoming: &mut ClientResponse, limit: usize) -> Result<Bytes, Error> {
    if incoming.status() == StatusCode::NO_CONTENT {
        return Ok(Bytes::new());
    }
    let announced = length(incoming.headers());
    if announced.is_some_and(|length| length > limit) {
        return Err(Error::TooLong(limit));
    }
    let body = read(incoming, announced.unwrap_or_default(), limit).await?;
    match announced {
        Some(length) if length != body.len() => {
            let words = format!("{} of {length} bytes arrived", body.len());
            Err(Error::Truncated(Cause::said(words)))
        }
        Some(_) | None => Ok(body),
    }
}

/// What arrives, of which there may be `expected` bytes. It comes by 8 kB: one part is
/// not copied, and more of them once, which awc's own way does as often as they double.
async fn read(
    incoming: &mut ClientResponse,
    expected: usize,
    limit: usize,
) -> Result<Bytes, Error> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(part) = incoming.next().await {
        let part = part.map_err(|error| Error::Truncated(Cause::new(&error)))?;
        if first.len().max(all.len()) + part.len() > limit {
            return Err(Error::TooLong(limit));
        }
        if first.is_empty() {
            first = part;
            continue;
        }
        if all.is_empty() {
            all.reserve(expected.max(first.len() + part.len()));
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&part);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The length that a head announces. `Transfer-Encoding` overrides it.
///
/// Source: RFC 9112, section 6.3.
pub(super) fn length(headers: &HeaderMap) -> Option<usize> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_length_is_announced_by_its_header_and_not_beside_chunks() {
        let mut headers = HeaderMap::new();
        assert_eq!(length(&headers), None);
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("134"));
        assert_eq!(length(&headers), Some(134));
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert_eq!(length(&headers), None);
    }
}

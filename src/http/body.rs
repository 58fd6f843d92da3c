//! The body of an answer, whole or not at all.

use actix_web::{
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING},
    },
    web::Bytes,
};
use awc::{ClientResponse, error::PayloadError};

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
    let body = match incoming.body().limit(limit).await {
        Ok(body) => body,
        Err(PayloadError::Overflow) => return Err(Error::TooLong(limit)),
        Err(error) => return Err(Error::Interrupted(Cause::new(&error))),
    };
    match announced {
        Some(length) if length != body.len() => {
            let words = format!("{} of {length} bytes arrived", body.len());
            Err(Error::Interrupted(Cause::said(words)))
        }
        Some(_) | None => Ok(body),
    }
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

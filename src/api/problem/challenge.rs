//! `WWW-Authenticate`: which credentials are wanted, and what was wrong with those
//! that came.
//!
//! Source: RFC 6750, section 3. No error is named where there was no token.

use actix_web::http::header::HeaderValue;

/// What is asked of a caller who was not let in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Challenge {
    /// There was no token.
    NoToken,
    /// There were two.
    InvalidRequest,
    /// There was one, and something is wrong with it.
    InvalidToken,
    /// The token is genuine, and its rights do not reach.
    InsufficientScope,
}

const REALM: &str = r#"Bearer realm="mi-gateway""#;

impl Challenge {
    /// The header, with `why`; the words in it are our own, and never those of a token.
    pub(super) fn header(self, why: &str) -> HeaderValue {
        let text = match self {
            Self::NoToken => REALM.to_owned(),
            Self::InvalidRequest => format!(r#"{REALM}, error="invalid_request""#),
            Self::InvalidToken => {
                format!(r#"{REALM}, error="invalid_token", error_description="{why}""#)
            }
            Self::InsufficientScope => format!(r#"{REALM}, error="insufficient_scope""#),
        };
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(REALM))
    }
}

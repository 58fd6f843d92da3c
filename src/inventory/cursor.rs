//! The gateway's own word for "from here on" in a listing.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::azure::{MachineQuery, SkipToken};

/// Not a cursor that was given out, or given out for another listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this listing; use nextLink as it was given")]
pub(crate) struct InvalidCursor;

/// Where a listing goes on.
///
/// It carries Resource Graph's own token, so that any replica can go on with
/// it, and the fingerprint of the query that the token belongs to. It is no
/// secret and no permission: what may be seen is settled by the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    fingerprint: u64,
    token: SkipToken,
}

impl Cursor {
    /// The cursor for the page of `query` at `token`.
    pub(super) fn new(query: &MachineQuery, token: SkipToken) -> Self {
        let fingerprint = query.fingerprint();
        Self { fingerprint, token }
    }

    /// The token to go on with, if it is one of `query`.
    pub(super) fn token(&self, query: &MachineQuery) -> Result<&SkipToken, InvalidCursor> {
        let is_of_query = self.fingerprint == query.fingerprint();
        is_of_query.then_some(&self.token).ok_or(InvalidCursor)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (fingerprint, token) = bytes.split_first_chunk()?;
            Some(Self {
                fingerprint: u64::from_be_bytes(*fingerprint),
                token: SkipToken::accept(str::from_utf8(token).ok()?)?,
            })
        };
        read().ok_or(InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.fingerprint.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.token.as_str().as_bytes());
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = Cursor {
            fingerprint: u64::MAX - 1,
            token: SkipToken::accept("ew0KICAi+/=").unwrap(),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        let control = URL_SAFE_NO_PAD.encode("12345678a\nb");
        let no_token = URL_SAFE_NO_PAD.encode("12345678");
        for text in ["", "%%%", "a", "_w", "YQ", &control, &no_token] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}

//! The gateway's own word for "from here on".

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::azure::{PageLink, UserQuery};

/// Not a cursor that was given out, or given out for another query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this query; use nextLink as it was given")]
pub(crate) struct InvalidCursor;

/// Where a listing goes on.
///
/// It carries Graph's link whole, so that any replica can go on with it, but
/// not the host that it leads to. What it may ask is settled by the query that
/// it is used with: see [`PageLink::accept`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(String);

impl Cursor {
    /// The cursor for the page at `link`.
    pub(crate) fn new(link: &PageLink) -> Self {
        Self(link.as_str().to_owned())
    }

    /// The link to follow, if it is one of `query`.
    pub(crate) fn link(&self, query: &UserQuery) -> Result<PageLink, InvalidCursor> {
        PageLink::accept(&self.0, query).ok_or(InvalidCursor)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let link = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        String::from_utf8(link).map(Self).map_err(|_| InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = Cursor("$top=5&$skiptoken=X%2744%27".to_owned());
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        for text in ["%%%", "a", "_w", "YQ=="] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}

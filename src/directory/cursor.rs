//! The gateway's own word for "from here on".

use std::{fmt, hash::Hasher as _, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fnv::FnvHasher;

use super::{
    position::{Position, hexadecimal},
    replica,
};
use crate::azure::{PageLink, UserQuery};

/// Not a cursor that was given out, or given out for another query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this query; use nextLink as it was given")]
pub(crate) struct InvalidCursor;

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cursor {
    /// At Graph. It carries Graph's link whole, so that any replica can go on with
    /// it, but not the host that it leads to; and how far the listing has come, in
    /// case Graph has forgotten the link. What it may ask is settled by the query
    /// that it is used with: see [`PageLink::accept`].
    Graph { position: Position, link: String },
    /// In the replica of the directory, of the query with this digest.
    Replica { query: u64, place: replica::Place },
}

/// A place in a listing of Graph's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) link: PageLink,
    /// Counted from the first page of the same part of the query.
    pub(super) position: Position,
}

impl Place {
    /// The beginning of part number `chunk` of `query`, if there is such a part.
    pub(super) fn first(query: &UserQuery, chunk: usize) -> Option<Self> {
        Some(Self {
            link: PageLink::first(query, chunk)?,
            position: Position::START,
        })
    }
}

impl Cursor {
    /// The cursor for `place`.
    pub(super) fn new(place: &Place) -> Self {
        Self::Graph {
            position: place.position,
            link: place.link.as_str().to_owned(),
        }
    }

    /// The cursor for `place` in a listing of `query` from the replica.
    pub(super) fn in_replica(query: &UserQuery, place: replica::Place) -> Self {
        Self::Replica {
            query: digest(query),
            place,
        }
    }

    /// The place at Graph, if it is one of `query`.
    pub(super) fn place(&self, query: &UserQuery) -> Result<Place, InvalidCursor> {
        match self {
            Self::Graph { position, link } => Ok(Place {
                link: PageLink::accept(link, query).ok_or(InvalidCursor)?,
                position: *position,
            }),
            Self::Replica { .. } => Err(InvalidCursor),
        }
    }

    /// The place in the replica, which has to be one of `query`; `None` where the
    /// listing is one of Graph's.
    pub(super) fn place_in_replica(
        &self,
        query: &UserQuery,
    ) -> Result<Option<&replica::Place>, InvalidCursor> {
        match self {
            Self::Graph { .. } => Ok(None),
            Self::Replica {
                query: known,
                place,
            } => {
                let is_its = *known == digest(query);
                is_its.then_some(Some(place)).ok_or(InvalidCursor)
            }
        }
    }
}

/// The same for the same question, in every process.
fn digest(query: &UserQuery) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(query.key().as_bytes());
    hasher.finish()
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let (head, rest) = text.split_once(['?', '@']).ok_or(InvalidCursor)?;
        if text[head.len()..].starts_with('?') {
            return Ok(Self::Graph {
                position: head.parse().map_err(|()| InvalidCursor)?,
                link: rest.to_owned(),
            });
        }
        Ok(Self::Replica {
            query: hexadecimal(head).ok_or(InvalidCursor)?,
            place: rest.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Graph { position, link } => format!("{position}?{link}"),
            Self::Replica { query, place } => format!("{query:x}@{place}"),
        };
        formatter.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let graph = Cursor::Graph {
            position: Position::START,
            link: "$top=5&$skiptoken=X%2744?%27".to_owned(),
        };
        let replica = Cursor::Replica {
            query: 7,
            place: "0.a?b@c".parse().unwrap(),
        };
        for cursor in [graph, replica] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        for text in ["%%%", "a", "_w", "YQ==", "JHRvcD01", "MT8"] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}

//! Where a listing from the replica goes on.

use std::{fmt, str::FromStr};

/// More than an id of Graph's has; a longer one was not given out.
const LONGEST_ID: usize = 128;

/// After a user of one of a query's departments.
///
/// It names the user and does not count: users that come and go between two
/// pages do not move the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Which of the query's departments, from 0.
    pub(super) department: u8,
    /// The last user that was given out.
    pub(super) id: Box<str>,
}

/// Not a place that was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a listing")]
pub(crate) struct InvalidPlace;

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.department, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (department, id) = text.split_once('.').ok_or(InvalidPlace)?;
        let number: u8 = department.parse().map_err(|_| InvalidPlace)?;
        let is_id = (1..=LONGEST_ID).contains(&id.len()) && !id.chars().any(char::is_control);
        let place = Self {
            department: number,
            id: id.into(),
        };
        // One way to write it: `+1` and `01` were not given out.
        (is_id && place.to_string() == text)
            .then_some(place)
            .ok_or(InvalidPlace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        for id in ["25dcffff-959e-4ece-9973-e5d9b800e8cc", "1.5", "é"] {
            let place = Place {
                department: 59,
                id: id.into(),
            };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        let long = format!("0.{}", "x".repeat(LONGEST_ID + 1));
        for text in [
            "", "0", "0.", ".a", "+1.a", "01.a", "256.a", "-1.a", "0.a\n", &long,
        ] {
            assert_eq!(text.parse::<Place>(), Err(InvalidPlace), "{text}");
        }
    }
}

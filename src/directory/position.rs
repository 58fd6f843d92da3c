//! How far a listing has come, so that it can be begun again and go on there.

use std::{fmt, str::FromStr};

use crc32fast::Hasher;

use super::Rows;

/// How many bytes of rows were given out, and a digest of them.
///
/// Graph gives an order together with a filter only from an index of its own, which is
/// behind the directory ("Advanced query capabilities on Microsoft Entra ID objects"), and
/// promises none otherwise. Where a listing has to begin again, what comes first is skipped
/// only if it is what was given out, to the byte: then nobody is lost and nobody comes
/// twice. It has the same value wherever pages end. The digest tells accidents; whoever
/// forges one spoils a listing of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    bytes: usize,
    digest: u32,
}

/// What is left of a page that lies across a position.
pub(super) enum Passed {
    /// All of it was before, and the position is further on.
    All,
    /// The position lies in it, or at its end: what follows.
    Until(Rows),
    /// It is not what was there before.
    Differs,
}

impl Position {
    /// Nothing was given out.
    pub(super) const START: Self = Self {
        bytes: 0,
        digest: 0,
    };

    /// The position after `rows` as well.
    pub(super) fn after(self, rows: &Rows) -> Self {
        let inner = rows.inner();
        if inner.is_empty() {
            return self;
        }
        self.over(inner).over(b",")
    }

    /// Goes from here over `rows`, which are to lead to `goal`.
    pub(super) fn towards(self, goal: Self, rows: &Rows) -> Passed {
        let whole = self.after(rows);
        if whole.bytes < goal.bytes {
            return Passed::All;
        }
        // A comma stands at the end of what is left out, or the page's end.
        let left_out = goal.bytes - self.bytes;
        let reached = match rows.inner().get(..left_out) {
            Some(part) => self.over(part),
            None => whole,
        };
        if reached == goal {
            Passed::Until(rows.rest(left_out))
        } else {
            Passed::Differs
        }
    }

    /// What tells these rows from others, for validators.
    pub(super) fn tag(self) -> u64 {
        (self.bytes as u64) << 32 | u64::from(self.digest)
    }

    fn over(self, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new_with_initial(self.digest);
        hasher.update(bytes);
        Self {
            // A cursor may have been made up.
            bytes: self.bytes.wrapping_add(bytes.len()),
            digest: hasher.finalize(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}-{:x}", self.bytes, self.digest)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (bytes, digest) = text.split_once('-').ok_or(())?;
        Ok(Self {
            bytes: hexadecimal(bytes)
                .and_then(|it| it.try_into().ok())
                .ok_or(())?,
            digest: hexadecimal(digest)
                .and_then(|it| it.try_into().ok())
                .ok_or(())?,
        })
    }
}

/// A number as it is written by `{:x}`: a sign, noughts before it and capitals were
/// not given out.
pub(super) fn hexadecimal(text: &str) -> Option<u64> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_short = text == "0" || !text.starts_with('0');
    (is_short && text.bytes().all(is_digit)).then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[u32]) -> Rows {
        let rows: Vec<_> = numbers
            .iter()
            .map(|it| format!("{{\"id\":{it}}}"))
            .collect();
        Rows::new(format!("[{}]", rows.join(",")).into())
    }

    #[test]
    fn it_does_not_matter_where_pages_end() {
        let once = Position::START.after(&rows(&[1, 2, 3]));
        let twice = Position::START.after(&rows(&[1])).after(&rows(&[2, 3]));
        assert_eq!(once.after(&rows(&[])), twice);
        assert_ne!(once, Position::START.after(&rows(&[1, 3, 2])));
    }

    #[test]
    fn what_was_given_out_is_skipped_wherever_it_ends() {
        let goal = Position::START.after(&rows(&[1, 2]));
        let whole = rows(&[1, 2, 3, 4]);
        match Position::START.towards(goal, &whole) {
            Passed::Until(rest) => assert_eq!(rest.as_array(), rows(&[3, 4]).as_array()),
            Passed::All | Passed::Differs => panic!("it is the same"),
        }
        let passed = Position::START.towards(goal, &rows(&[1]));
        assert!(matches!(passed, Passed::All));
        let half = Position::START.after(&rows(&[1]));
        match half.towards(goal, &rows(&[2])) {
            Passed::Until(rest) => assert!(rest.is_empty()),
            Passed::All | Passed::Differs => panic!("it is the same"),
        }
    }

    #[test]
    fn what_has_changed_is_noticed() {
        let goal = Position::START.after(&rows(&[1, 2]));
        for changed in [&[2, 1, 3][..], &[1, 3, 2], &[1, 20, 3], &[10, 2]] {
            let passed = Position::START.towards(goal, &rows(changed));
            assert!(matches!(passed, Passed::Differs), "{changed:?}");
        }
    }

    #[test]
    fn a_position_that_was_made_up_breaks_nothing() {
        let made_up: Position = "ffffffffffffffff-0".parse().unwrap();
        let beyond = made_up.after(&rows(&[1]));
        let passed = Position::START.towards(made_up, &rows(&[1]));
        assert!(matches!(passed, Passed::All));
        assert_ne!(beyond, made_up);
    }

    #[test]
    fn a_position_reads_back_as_it_was_written() {
        let position = Position::START.after(&rows(&[1, 2]));
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "-", "1", "x-1", "1-x", "1-2-3", "+1-2", "1-02", "A-1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}

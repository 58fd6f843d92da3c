//! How much a round may tell of.

/// What any round may tell of, however few users there may be.
const LEAST: usize = 10_000;

/// What a page counts for at least. It is a call to Graph, whatever is on it, and may be
/// empty where what has changed of users is not asked for.
const LEAST_OF_PAGE: usize = 20;

/// What a round may still tell of, before it is taken for one without an end.
///
/// Graph decides how it goes on: with links that are new each time, and the same users
/// again, a round would be followed for ever.
pub(super) struct Tally {
    left: usize,
}

impl Tally {
    /// That of a round of a directory of `most_users`: each of them twice, as changes may be
    /// told of again.
    pub(super) fn of(most_users: usize) -> Self {
        Self {
            left: most_users.saturating_mul(2).max(LEAST),
        }
    }

    /// Takes a page with so many `items` in. `false` says that they are too many.
    pub(super) fn takes(&mut self, items: usize) -> bool {
        let left = self.left.checked_sub(items.max(LEAST_OF_PAGE));
        self.left = left.unwrap_or_default();
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages of so many `items` are taken, of 100,000.
    fn pages(most_users: usize, items: usize) -> usize {
        let mut tally = Tally::of(most_users);
        (0..100_000).take_while(|_| tally.takes(items)).count()
    }

    #[test]
    fn everybody_may_be_told_of_twice() {
        assert_eq!(pages(250_000, 200), 2_500);
        assert_eq!(pages(1, 200), 50);
        let mut tally = Tally::of(usize::MAX);
        assert!(tally.takes(usize::MAX) && !tally.takes(0));
    }

    #[test]
    fn pages_of_nobody_come_to_an_end_too() {
        assert_eq!(pages(250_000, 0), 25_000);
        assert_eq!(pages(1, 0), 500);
    }
}

//! Where the next round begins, and whether it is of everybody.

use std::time::{Duration, Instant};

use super::store::Round;
use crate::azure::DeltaLink;

/// How long changes alone are gone by. Some never show: a user who is restored
/// may not, with `$select` (microsoftgraph/microsoft-graph-docs-contrib#6555).
const FULL_EVERY: Duration = Duration::from_hours(24);

/// Rounds, one after the other.
pub(super) struct Course {
    /// Where the next one begins.
    at: DeltaLink,
    /// That of the last full synchronization.
    number: u32,
    /// When that began.
    full_at: Option<Instant>,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            at: DeltaLink::start(),
            number: 0,
            full_at: None,
        }
    }
}

impl Course {
    /// What the round that begins `now` is.
    pub(super) fn begin(&mut self, now: Instant) -> Round {
        if self.is_overdue(now) {
            tracing::info!("the directory is read anew, as every day");
            self.begin_anew();
        }
        if !self.at.is_start() {
            return Round::Changes(self.number);
        }
        self.number = self.number.wrapping_add(1);
        self.full_at = Some(now);
        Round::Full(self.number)
    }

    /// Whether it is time to read everybody anew, even if the round that is under way
    /// has not ended: it may be at a page that Graph never gives out.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        let age = |at| now.saturating_duration_since(at);
        self.full_at.is_some_and(|at| age(at) >= FULL_EVERY)
    }

    /// Where it begins.
    pub(super) fn at(&self) -> DeltaLink {
        self.at.clone()
    }

    /// The round is complete; the next goes on at `next`.
    pub(super) fn completed(&mut self, next: DeltaLink) {
        self.at = next;
    }

    /// The next round is of everybody.
    pub(super) fn begin_anew(&mut self) {
        self.at = DeltaLink::start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> DeltaLink {
        let link = "https://graph.example/v1.0/users/delta?$deltatoken=x";
        DeltaLink::accept(link, "https://graph.example/v1.0/users?").unwrap()
    }

    #[test]
    fn changes_follow_everybody_for_a_day() {
        let (mut course, start) = (Course::default(), Instant::now());
        assert_eq!(course.begin(start), Round::Full(1));
        course.completed(link());

        let half = start + FULL_EVERY / 2;
        assert_eq!(course.begin(half), Round::Changes(1));
        course.completed(link());
        assert!(course.at() == link() && !course.is_overdue(half));

        assert_eq!(course.begin(start + FULL_EVERY), Round::Full(2));
        assert!(course.at().is_start());
    }

    #[test]
    fn a_round_that_does_not_end_is_overdue_after_a_day() {
        let (mut course, start) = (Course::default(), Instant::now());
        assert!(!course.is_overdue(start));
        course.begin(start);
        assert!(!course.is_overdue(start + FULL_EVERY / 2));
        assert!(course.is_overdue(start + FULL_EVERY));
        // Read anew, it has a day again.
        assert_eq!(course.begin(start + FULL_EVERY), Round::Full(2));
        assert!(!course.is_overdue(start + FULL_EVERY));
    }

    #[test]
    fn a_round_that_is_forgotten_is_followed_by_everybody() {
        let (mut course, start) = (Course::default(), Instant::now());
        course.begin(start);
        course.completed(link());
        assert_eq!(course.begin(start), Round::Changes(1));
        course.begin_anew();
        assert_eq!(course.begin(start), Round::Full(2));
        // Nothing of a reading that did not come to its end counts.
        assert_eq!(course.begin(start), Round::Full(3));
    }
}

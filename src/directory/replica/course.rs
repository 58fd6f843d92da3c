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
    /// When the last complete one began.
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
        let is_due = |at: &mut Instant| now.saturating_duration_since(*at) >= FULL_EVERY;
        if self.full_at.take_if(is_due).is_some() {
            tracing::info!("the directory is read anew, as every day");
            self.begin_anew();
        }
        if !self.at.is_start() {
            return Round::Changes(self.number);
        }
        self.number = self.number.wrapping_add(1);
        Round::Full(self.number)
    }

    /// Where it begins.
    pub(super) fn at(&self) -> DeltaLink {
        self.at.clone()
    }

    /// `round`, which began at `began`, is complete; the next goes on at `next`.
    pub(super) fn completed(&mut self, round: Round, began: Instant, next: DeltaLink) {
        self.at = next;
        if let Round::Full(_) = round {
            self.full_at = Some(began);
        }
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
        let round = course.begin(start);
        assert_eq!(round, Round::Full(1));
        course.completed(round, start, link());

        let changes = course.begin(start + FULL_EVERY / 2);
        assert_eq!(changes, Round::Changes(1));
        course.completed(changes, start + FULL_EVERY / 2, link());
        assert!(course.at() == link());

        assert_eq!(course.begin(start + FULL_EVERY), Round::Full(2));
        assert!(course.at().is_start());
    }

    #[test]
    fn a_round_that_is_forgotten_is_followed_by_everybody() {
        let (mut course, start) = (Course::default(), Instant::now());
        let round = course.begin(start);
        course.completed(round, start, link());
        assert_eq!(course.begin(start), Round::Changes(1));
        course.begin_anew();
        assert_eq!(course.begin(start), Round::Full(2));
        // Nothing of a reading that did not come to its end counts.
        assert_eq!(course.begin(start), Round::Full(3));
    }
}

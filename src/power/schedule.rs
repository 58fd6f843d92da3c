//! When Azure is asked again how an operation goes.

use std::time::Duration;

/// No operation on one virtual machine takes longer; the slowest recorded took
/// a few minutes.
pub(super) const PATIENCE: Duration = Duration::from_hours(2);

/// The first pauses, in milliseconds: many operations take a second or less.
const FIRST_PAUSES: [u64; 6] = [500, 1_000, 2_000, 2_000, 3_000, 3_000];

/// Every further pause. Azure allows 45 polls of a machine's operations at once
/// and 15 a minute after that: this makes 13 a minute, and learns the end of an
/// operation within 5 seconds, unless Azure asks for a longer pause, which is kept as its
/// own SDKs keep it.
///
/// Sources: "Azure compute throttling limits", `GetOperation`; Azure/azure-sdk-for-net#21196.
const PAUSE: Duration = Duration::from_millis(4_500);

/// The pause after a poll that failed; it doubles with every further one.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause after polls that failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The longest pause that one poll asks for: until the end of an operation is known, nothing
/// else may be done to its machine.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// Calls left in a bucket, and how much longer the pause is below that. A poll
/// has been seen to take more than one, and others use the bucket as well.
const SCARCE: [(u32, u32); 2] = [(5, 4), (15, 2)];

/// How an operation was followed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schedule {
    polls: usize,
    failures: u32,
    left: Option<u32>,
    asked: Duration,
}

impl Schedule {
    /// The pause before the next poll.
    pub(super) fn pause(&self) -> Duration {
        let pause = if self.failures > 0 {
            (FAILURE_PAUSE * 2_u32.saturating_pow(self.failures - 1)).min(LONGEST_PAUSE)
        } else {
            let first = FIRST_PAUSES.get(self.polls).copied();
            first.map_or(PAUSE, Duration::from_millis)
        };
        let left = self.left.unwrap_or(u32::MAX);
        let scarce = SCARCE.iter().find(|(threshold, _)| left < *threshold);
        (pause * scarce.map_or(1, |(_, times)| *times)).max(self.asked)
    }

    /// Azure answered: `left` calls are left, and it wants to be left alone for
    /// `asked`.
    pub(super) fn answered(&mut self, left: Option<u32>, asked: Option<Duration>) {
        *self = Self {
            polls: self.polls + 1,
            failures: 0,
            left,
            asked: asked.unwrap_or_default().min(LONGEST_ASKED),
        };
    }

    /// It did not: that says nothing of the operation, and is no reason to give
    /// it up.
    pub(super) fn failed(&mut self, asked: Option<Duration>) {
        self.polls += 1;
        self.failures += 1;
        self.asked = asked.unwrap_or_default().min(LONGEST_ASKED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minutes and the polls in them, of half an hour.
    fn polls_by_minute(mut schedule: Schedule, left: impl Fn(Duration) -> u32) -> [u32; 30] {
        let mut at = Duration::ZERO;
        let mut minutes = [0; 30];
        loop {
            at += schedule.pause();
            let minute = usize::try_from(at.as_secs() / 60).unwrap();
            let Some(polls) = minutes.get_mut(minute) else {
                return minutes;
            };
            *polls += 1;
            schedule.answered(Some(left(at)), None);
        }
    }

    #[test]
    fn polls_stay_within_what_azure_allows() {
        let mut tokens = 45;
        for polls in polls_by_minute(Schedule::default(), |_| 45) {
            assert!(polls <= tokens, "{polls} polls with {tokens} left");
            tokens = (tokens - polls + 15).min(45);
        }
    }

    #[test]
    fn no_pause_is_beyond_measure() {
        let day = Some(Duration::from_hours(24));
        let mut schedule = Schedule::default();
        schedule.answered(None, day);
        assert_eq!(schedule.pause(), LONGEST_ASKED);
        schedule.failed(day);
        assert_eq!(schedule.pause(), LONGEST_ASKED);
    }

    #[test]
    fn the_end_is_known_within_five_seconds() {
        let mut schedule = Schedule::default();
        for _ in 0..100 {
            assert!(schedule.pause() < Duration::from_secs(5));
            schedule.answered(Some(45), None);
        }
    }

    #[test]
    fn polls_become_rarer_as_the_quota_shrinks() {
        let pause = |left| {
            let mut schedule = Schedule::default();
            for _ in 0..9 {
                schedule.answered(Some(left), None);
            }
            schedule.pause()
        };
        assert_eq!(pause(44), PAUSE);
        assert_eq!(pause(14), PAUSE * 2);
        assert_eq!(pause(0), PAUSE * 4);
        let minutes = polls_by_minute(Schedule::default(), |_| 14);
        assert!(minutes[1..].iter().all(|polls| *polls <= 7), "{minutes:?}");
    }

    #[test]
    fn failing_polls_become_rarer_and_do_not_cease() {
        let mut schedule = Schedule::default();
        let pauses: Vec<_> = (0..7)
            .map(|_| {
                schedule.failed(None);
                schedule.pause().as_millis()
            })
            .collect();
        assert_eq!(
            pauses,
            [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
        );
    }

    #[test]
    fn a_pause_that_azure_asks_for_is_kept_once() {
        let mut schedule = Schedule::default();
        schedule.failed(Some(Duration::from_mins(4)));
        assert_eq!(schedule.pause(), Duration::from_mins(4));
        schedule.answered(None, None);
        assert!(schedule.pause() < PAUSE);
    }
}

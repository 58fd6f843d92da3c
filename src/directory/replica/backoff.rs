//! How long the replica waits before it asks Graph again.

use std::time::Duration;

use crate::azure::LONGEST_GRAPH_PAUSE;

/// The ceiling of the first pause after a failure; it doubles with every further
/// one.
const FIRST: Duration = Duration::from_secs(1);

/// The highest ceiling.
const LONGEST: Duration = Duration::from_mins(1);

/// Failures in a row, and the pause that they call for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It went well.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure: somewhere below a ceiling that doubles,
    /// so that gateways that failed together do not ask together again, and
    /// never shorter than Graph's `asked`, as far as Graph is left alone at all.
    pub(super) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        let ceiling = ceiling(self.failures);
        self.failures = self.failures.saturating_add(1);
        let asked = asked.unwrap_or_default().min(LONGEST_GRAPH_PAUSE);
        ceiling.mul_f64(fastrand::f64()).max(asked)
    }

    /// Whether the last failure was the first in a row.
    pub(super) fn has_just_begun(self) -> bool {
        self.failures == 1
    }
}

fn ceiling(failures: u32) -> Duration {
    FIRST
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(LONGEST)
}

/// `poll`, give or take a tenth: gateways that were started together need not
/// ask together.
pub(super) fn jittered(poll: Duration) -> Duration {
    poll.mul_f64(0.9 + fastrand::f64() / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_a_minute() {
        let ceilings: Vec<_> = (0..8).map(|it| ceiling(it).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(ceiling(u32::MAX), LONGEST);
    }

    #[test]
    fn the_pause_that_graph_asks_for_is_kept_as_long_as_callers_keep_it() {
        let mut backoff = Backoff::default();
        let day = Duration::from_hours(24);
        assert_eq!(backoff.failed(Some(day)), LONGEST_GRAPH_PAUSE);
        let mut backoff = Backoff::default();
        let asked = Duration::from_mins(4);
        assert_eq!(backoff.failed(Some(asked)), asked);
        assert!(backoff.has_just_begun());
        assert!(backoff.failed(None) <= Duration::from_secs(2));
        assert!(!backoff.has_just_begun());
        backoff.succeeded();
        assert!(backoff.failed(None) <= FIRST);
    }

    #[test]
    fn a_poll_is_off_by_a_tenth_at_most() {
        let poll = Duration::from_secs(10);
        for _ in 0..1_000 {
            let pause = jittered(poll);
            assert!(pause >= Duration::from_secs(9) && pause <= Duration::from_secs(11));
        }
    }
}

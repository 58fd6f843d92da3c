//! Lines that are not written, for want of room or as they are too many of one caller, as
//! the log tells of them.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often it tells of them at most: they come by the thousand.
const PAUSE: Duration = Duration::from_mins(1);

/// Those that the log has not told of yet.
#[derive(Default)]
pub(super) struct LeftOut(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    lines: u64,
    told: Option<Instant>,
}

impl LeftOut {
    /// Counts one more, and logs how many there are, if it is time to.
    pub(super) fn one_more(&self) {
        if let Some(lines) = self.counted(Instant::now()) {
            tracing::warn!(
                lines,
                "some lines of the record of changes that are of no change were left out: too \
                 many waited, or a caller was denied too much"
            );
        }
    }

    /// How many there are to tell of `now`, with one more.
    fn counted(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.lines += 1;
        let is_early = |told| now.saturating_duration_since(told) < PAUSE;
        if untold.told.is_some_and(is_early) {
            return None;
        }
        untold.told = Some(now);
        Some(std::mem::take(&mut untold.lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_of_once_a_minute_and_all_of_them() {
        let left_out = LeftOut::default();
        let start = Instant::now();
        assert_eq!(left_out.counted(start), Some(1));
        for second in 0..60 {
            let then = start + Duration::from_secs(second);
            assert_eq!(left_out.counted(then), None, "{second}");
        }
        assert_eq!(left_out.counted(start + PAUSE), Some(61));
    }
}

//! Now, by two clocks.

use std::time::{Duration, Instant, SystemTime};

/// A moment by both clocks: the first stands still while the machine sleeps, the
/// second may be set.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(super) steady: Instant,
    pub(super) wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub(crate) fn now() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// The time since `earlier`, by the clock that counts more of it.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let by_wall = self.wall.duration_since(earlier.wall);
        self.steadily_since(earlier)
            .max(by_wall.unwrap_or_default())
    }

    /// The time since `earlier`, by the clock that nobody sets.
    pub(super) fn steadily_since(self, earlier: Self) -> Duration {
        self.steady.saturating_duration_since(earlier.steady)
    }
}

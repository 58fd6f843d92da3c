//! What an outbound call inherits from the request that it is made for.

use std::time::{Duration, Instant};

use super::CallerKey;
use crate::telemetry::TraceContext;

/// Least time for what took somebody else's in vain. With less, each of a crowd that came
/// together would ask anew, one after the other.
const ANOTHER: Duration = Duration::from_secs(1);

/// The moment by which a whole exchange has to be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The deadline `allowed` from now.
    pub(crate) fn after(allowed: Duration) -> Self {
        Self::since(Instant::now(), allowed)
    }

    /// The deadline of what began at `start` and may take `allowed`.
    pub(crate) fn since(start: Instant, allowed: Duration) -> Self {
        Self(start + allowed)
    }

    /// The earlier of this deadline and one `allowed` from now.
    pub(crate) fn at_most(self, allowed: Duration) -> Self {
        Self(self.0.min(Instant::now() + allowed))
    }

    /// Whether to begin anew what took somebody else's time.
    pub(crate) fn allows_another(self) -> bool {
        self.remaining() >= ANOTHER
    }

    /// What is left, zero when it has passed.
    pub(crate) fn remaining(self) -> Duration {
        self.remaining_at(Instant::now())
    }

    /// What is left at `now`.
    pub(crate) fn remaining_at(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }
}

/// The deadline and the trace of a call, and whose call it is.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// When the caller stops waiting.
    pub(crate) deadline: Deadline,
    /// The trace that the caller's request belongs to.
    pub(crate) trace: TraceContext,
    /// Whose request it is.
    pub(crate) on_behalf: CallerKey,
}

impl Context {
    /// Of a call that the gateway makes for itself.
    pub(crate) fn own(deadline: Deadline, trace: TraceContext) -> Self {
        Self {
            deadline,
            trace,
            on_behalf: CallerKey::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_can_only_be_brought_forward() {
        let near = Deadline::after(Duration::from_secs(1));
        assert!(near.at_most(Duration::from_mins(1)).remaining() <= Duration::from_secs(1));
        assert!(near.at_most(Duration::ZERO).remaining().is_zero());
    }
}

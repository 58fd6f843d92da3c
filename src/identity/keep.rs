//! How long failures are told.

use std::time::{Duration, Instant};

use super::TokenError;

/// A failure, and until when it is told without asking again.
pub(super) struct Believed {
    failure: TokenError,
    until: Instant,
}

impl Believed {
    /// `failure`, from now on for as long as `memory`.
    pub(super) fn new(failure: &TokenError, memory: Duration) -> Self {
        Self {
            failure: failure.clone(),
            until: Instant::now() + memory,
        }
    }

    /// The failure, unless its time is over. Of a pause that the endpoint asked for it
    /// has what is left.
    pub(super) fn told(&self) -> Option<TokenError> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| self.failure.clone().with_pause_left(left))
    }
}

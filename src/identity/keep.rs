//! How long tokens and failures are kept.

use std::time::{Duration, Instant};

use moka::Expiry;

use super::{AccessToken, Resource, TokenError};

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

/// Tokens stay until their hard limit.
pub(super) struct Usable;

impl Expiry<Resource, AccessToken> for Usable {
    fn expire_after_create(
        &self,
        _: &Resource,
        token: &AccessToken,
        _: Instant,
    ) -> Option<Duration> {
        Some(token.usable_for())
    }

    fn expire_after_update(
        &self,
        _: &Resource,
        token: &AccessToken,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(token.usable_for())
    }
}

//! How long tokens and failures are kept.

use std::time::{Duration, Instant};

use moka::Expiry;

use super::{AccessToken, Resource, TokenError};

/// A failure, and for how long callers are told of it.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) failure: TokenError,
    pub(super) memory: Duration,
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

/// Failures stay as long as they say.
pub(super) struct Recent;

impl Expiry<Resource, Remembered> for Recent {
    fn expire_after_create(&self, _: &Resource, it: &Remembered, _: Instant) -> Option<Duration> {
        Some(it.memory)
    }

    fn expire_after_update(
        &self,
        _: &Resource,
        it: &Remembered,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(it.memory)
    }
}

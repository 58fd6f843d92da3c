//! The token path by itself, without a request around it.

use std::time::Duration;

use super::{Error, shared::Shared};
use crate::{
    config::Config,
    http::Deadline,
    identity::{ManagedIdentity, Resource},
};

/// The managed identity as one worker holds it. For measurements and tests
/// alone: no token leaves it.
pub struct Tokens(ManagedIdentity);

impl Tokens {
    /// The identity of a gateway with `config`, and with an empty cache.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self(Shared::new(config)?.identity()))
    }

    /// Whether there is a token for Resource Manager, by way of the cache.
    pub async fn arm(&self) -> bool {
        let deadline = Deadline::after(Duration::from_secs(10));
        self.0.token(Resource::Arm, deadline, None).await.is_ok()
    }

    /// Begins to fetch every token, as the start of a gateway does; whether all
    /// are there.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.0.fetch_what_is_due();
        let mut all = Resource::ALL.into_iter();
        all.all(|resource| self.0.lacks(resource).is_none())
    }
}

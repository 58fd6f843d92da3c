//! Who calls, and what they may do, without a request around it: for benches.

use std::{sync::Arc, time::Duration};

use actix_web::http::header::HeaderValue;

use super::{Decisions, Error, shared::Shared};
use crate::{
    access::{Authenticator, Caller},
    config::Config,
    http::Deadline,
};

/// Longer than anybody is looked at.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one worker lets callers in with.
pub struct Admissions {
    authenticator: Authenticator,
    decisions: Decisions,
}

impl Admissions {
    /// With the issuers of `config`, whose keys are asked for at once, in a system
    /// that has to run already. No token has been seen yet.
    pub fn new(config: &Config, decisions: Decisions) -> Result<Self, Error> {
        let shared = Shared::new(config)?;
        let authenticator = shared.authenticator();
        authenticator.keep(&shared.tasks);
        Ok(Self {
            authenticator,
            decisions,
        })
    }

    /// Whether it is known who sends this header Authorization.
    pub async fn knows(&self, authorization: &HeaderValue) -> bool {
        self.caller(authorization).await.is_some()
    }

    /// Whether whoever sends it may do what the decisions are about.
    pub async fn admits(&self, authorization: &HeaderValue) -> bool {
        let caller = self.caller(authorization).await;
        caller.is_some_and(|caller| self.decisions.permit(caller))
    }

    async fn caller(&self, authorization: &HeaderValue) -> Option<Arc<Caller>> {
        let headers = std::iter::once(authorization);
        let deadline = Deadline::after(PATIENCE);
        self.authenticator.caller(headers, deadline).await.ok()
    }
}

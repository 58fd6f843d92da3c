//! What a command works with: the service's own parts, without its listeners.

use std::{sync::Arc, time::Duration};

use actix_web::http::header::HeaderMap;

use super::Failure;
use crate::{
    app::{Shared, Worker},
    audit::{Requester, Way},
    config::{Config, Faults, Scopes},
    http::{Context, Deadline},
    identity::ManagedIdentity,
    inventory,
    policy::Warrant,
    telemetry::{self, RequestId, TraceContext},
};

/// One command's connections, and the trace that all its calls belong to.
pub(super) struct Session {
    pub(super) worker: Worker,
    pub(super) config: Config,
    pub(super) shared: Shared,
    trace: TraceContext,
}

impl Session {
    /// Reads the environment.
    pub(super) fn open() -> Result<Self, Failure> {
        Self::with(configured()?)
    }

    /// The same for the machine that this runs on: it is asked for by itself, so
    /// that neither the scopes nor what guards it against callers of the service
    /// come into it.
    pub(super) fn on_own_machine() -> Result<Self, Failure> {
        let mut config = configured()?;
        config.scopes = None;
        config.allow.own_host = true;
        Self::with(config)
    }

    fn with(config: Config) -> Result<Self, Failure> {
        let shared = Shared::new(&config)?;
        Ok(Self {
            worker: shared.worker(),
            config,
            shared,
            trace: TraceContext::continued(&HeaderMap::new()),
        })
    }

    /// What is served; asked for before anything else that needs it, as nothing
    /// but the environment can mend its absence.
    pub(super) async fn scopes(&self) -> Result<&Scopes, Failure> {
        let deadline = self.context().deadline;
        match self.worker.inventory.scopes(deadline).await {
            Err(error @ inventory::Error::NoScope) => Err(Failure::NoScope(error)),
            outcome => Ok(outcome?),
        }
    }

    /// What one more call has: the time that a request of the service has.
    pub(super) fn context(&self) -> Context {
        self.context_for(self.config.limits.upstream_timeout)
    }

    /// What a call has that is given this time.
    pub(super) fn context_for(&self, time: Duration) -> Context {
        Context::own(Deadline::after(time), self.trace.clone())
    }

    /// Whoever runs the command, as the record of changes has it.
    pub(super) fn requester(&self) -> Arc<Requester> {
        let id = RequestId::accepted(None).to_string();
        let requester = Requester::new(Warrant::Host, id, &self.trace, Way::Command);
        Arc::new(requester)
    }

    /// The identity, with the tokens that the worker has.
    pub(super) fn identity(&self) -> ManagedIdentity {
        self.shared.identity()
    }
}

/// The service's configuration. There is nobody else to be answered while this
/// one waits, so that a token may take as long as the call.
fn configured() -> Result<Config, Faults> {
    let mut config = Config::from_env()?;
    config.limits.token_wait = config.limits.upstream_timeout;
    // It is no restart of many.
    config.identity_delay = Duration::ZERO;
    config.audit = config.audit.of_command();
    // It is over before anything would be sent.
    config.export = None;
    telemetry::init_beside(&config.command_log);
    Ok(config)
}

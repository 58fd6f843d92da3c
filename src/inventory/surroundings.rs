//! Where the gateway runs, and what it serves from there.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::OnceCell;
use url::Url;

use super::Error;
use crate::{
    azure::VirtualMachineId,
    config::{Scope, Scopes},
    http::{self, Client, Deadline},
    identity::{self, InstanceMetadata},
};

/// All programs of a node share its metadata service: it is not asked again for
/// this long after it failed.
const FAILURE_MEMORY: Duration = Duration::from_secs(5);

/// Who had less has not seen that the service is silent, unless nobody has twice as much.
const SHORT: Duration = Duration::from_secs(1);

/// How much later those learn it who wait for whoever asks.
const BESIDES: Duration = Duration::from_millis(10);

/// Where a worker learns which virtual machine it runs on.
#[derive(Clone)]
pub(crate) enum Metadata {
    /// From the instance metadata service at this endpoint.
    Service(Client, Url),
    /// It runs on none, as far as anybody can tell.
    None,
}

/// What all workers know of it, once it is known, or why it was not a moment
/// ago.
pub(crate) struct Surroundings {
    scopes: OnceCell<Scopes>,
    host: OnceCell<InstanceMetadata>,
    failure: Mutex<Option<(Instant, http::Error)>>,
    /// Who had less time says nothing of the service.
    short: Duration,
}

impl Surroundings {
    /// What the configuration says, for callers who have `allowed` at most.
    pub(crate) fn new(configured: Option<Scopes>, allowed: Duration) -> Self {
        Self {
            scopes: OnceCell::new_with(configured),
            host: OnceCell::new(),
            failure: Mutex::new(None),
            short: SHORT.min(allowed / 2),
        }
    }

    /// What is served: what is configured, or else the virtual machine's own
    /// resource group.
    pub(super) async fn scopes(
        &self,
        metadata: &Metadata,
        deadline: Deadline,
    ) -> Result<&Scopes, Error> {
        if let Some(known) = self.scopes.get() {
            return Ok(known);
        }
        let host = self.host(metadata, deadline).await;
        let host = host.map_err(Error::Metadata)?.ok_or(Error::NoScope)?;
        let own = own_group(host).ok_or(Error::NoGroup)?;
        Ok(self.scopes.get_or_init(|| async { own }).await)
    }

    /// The virtual machine that the gateway runs on; a member of a uniform
    /// scale set is none of its own.
    ///
    /// Where there is a metadata service it has to answer: an order could
    /// otherwise end the gateway because nobody knew.
    pub(super) async fn own_host(
        &self,
        metadata: &Metadata,
        deadline: Deadline,
    ) -> Result<Option<VirtualMachineId>, Error> {
        let host = self.host(metadata, deadline).await;
        Ok(host.map_err(Error::Host)?.and_then(own_id))
    }

    /// Finds out about the host; whether it told. What it told is known from then
    /// on; whoever needs to know asks again, and tells why it is not known.
    pub(crate) async fn learn(&self, metadata: &Metadata, deadline: Deadline) -> bool {
        self.host(metadata, deadline).await.is_ok()
    }

    /// The cloud that the host says it is in, once it has been asked.
    pub(crate) fn cloud(&self) -> Option<&str> {
        let cloud = self.host.get()?.az_environment.as_str();
        (!cloud.is_empty()).then_some(cloud)
    }

    /// One caller asks; those who wait for it share its failure, each in their own time.
    pub(super) async fn host(
        &self,
        metadata: &Metadata,
        deadline: Deadline,
    ) -> Result<Option<&InstanceMetadata>, http::Error> {
        let Metadata::Service(client, endpoint) = metadata else {
            return Ok(None);
        };
        let ask = || async {
            if let Some(failure) = self.recent_failure() {
                return Err(failure);
            }
            let outcome = identity::instance(client, endpoint, deadline).await;
            if let Err(failure) = &outcome {
                self.remember(failure);
            }
            outcome
        };
        // Whoever asks is told first that their time is over, which may be to be remembered.
        let patience = deadline.remaining() + BESIDES;
        let told = time::timeout(patience, self.host.get_or_try_init(ask)).await;
        let told = told.unwrap_or(Err(http::Error::Timeout(patience)));
        told.map(Some)
    }

    fn recent_failure(&self) -> Option<http::Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, error) = failure.as_ref()?;
        (at.elapsed() < FAILURE_MEMORY).then(|| error.clone())
    }

    fn remember(&self, error: &http::Error) {
        if matches!(error, http::Error::Timeout(patience) if *patience < self.short) {
            return;
        }
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = Some((Instant::now(), error.clone()));
    }
}

/// The id of the virtual machine; without one it is made of what else there is.
pub(super) fn own_id(host: &InstanceMetadata) -> Option<VirtualMachineId> {
    if !host.resource_id.is_empty() {
        return host.resource_id.parse().ok();
    }
    let name = host.name.parse().ok()?;
    Some(VirtualMachineId::new(
        &host.subscription_id,
        &host.resource_group_name,
        name,
    ))
}

pub(super) fn own_group(host: &InstanceMetadata) -> Option<Scopes> {
    let scope = Scope {
        subscription_id: host.subscription_id.parse().ok()?,
        resource_group: Some(host.resource_group_name.parse().ok()?),
    };
    Some(Scopes::folded([scope]))
}

#[cfg(test)]
mod tests {
    use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

    use super::*;
    use crate::{config::Config, metrics::Metrics};

    const ALLOWED: Duration = Duration::from_secs(10);

    /// Long enough for a request to arrive, and short of what says something.
    const MOMENT: Duration = Duration::from_millis(500);

    fn metadata(azure: &Sandbox) -> Metadata {
        let config = Config::from_vars(azure.environment(Host::Vm)).unwrap();
        let endpoint = config.identity.source.instance_metadata().unwrap().clone();
        Metadata::Service(identity::client(Metrics::new().unwrap()), endpoint)
    }

    #[actix_web::test]
    async fn who_was_short_of_time_says_nothing_of_the_service() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        let (metadata, hold) = (metadata(&azure), azure.hold(Service::Instance));
        let surroundings = Surroundings::new(None, ALLOWED);
        let within = |allowed| surroundings.host(&metadata, Deadline::after(allowed));

        let short = within(MOMENT).await;
        assert!(matches!(short, Err(http::Error::Timeout(_))), "{short:?}");
        hold.release();
        assert!(within(ALLOWED).await.is_ok());
    }

    #[actix_web::test]
    async fn who_waits_for_somebody_elses_question_does_so_in_their_own_time() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        let (metadata, hold) = (metadata(&azure), azure.hold(Service::Instance));
        let surroundings = Surroundings::new(None, ALLOWED);
        let within = |allowed| surroundings.scopes(&metadata, Deadline::after(allowed));
        let joining = async {
            hold.arrived(1).await;
            let joined = within(MOMENT).await.is_err();
            hold.release();
            joined
        };
        let (first, has_given_up) = tokio::join!(within(ALLOWED), joining);
        assert!(first.is_ok() && has_given_up);
    }

    #[actix_web::test]
    async fn a_silence_as_long_as_anybody_waits_is_remembered() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        let (metadata, silent) = (metadata(&azure), Fault::Delay(ALLOWED));
        azure.inject(Service::Instance, silent, Times::Next(1));
        let surroundings = Surroundings::new(None, MOMENT);
        for _ in 0..2 {
            let told = surroundings.host(&metadata, Deadline::after(MOMENT)).await;
            assert!(told.is_err());
        }
        assert_eq!(azure.requests(Service::Instance).len(), 1);
    }
}

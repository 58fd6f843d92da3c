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

/// The service answers in less.
const SHORT: Duration = Duration::from_secs(1);

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
}

impl Surroundings {
    /// What the configuration says.
    pub(crate) fn new(configured: Option<Scopes>) -> Self {
        Self {
            scopes: OnceCell::new_with(configured),
            host: OnceCell::new(),
            failure: Mutex::new(None),
        }
    }

    /// What is served: what is configured, or else the virtual machine's own
    /// resource group.
    pub(super) async fn scopes(
        &self,
        metadata: &Metadata,
        deadline: Deadline,
    ) -> Result<&Scopes, Error> {
        let own_group = || async {
            let host = self.host(metadata, deadline).await;
            let host = host.map_err(Error::Metadata)?.ok_or(Error::NoScope)?;
            own_group(host).ok_or(Error::NoGroup)
        };
        self.scopes.get_or_try_init(own_group).await
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
            if let Some(failure) = outcome.as_ref().err().filter(|it| is_telling(it)) {
                self.remember(failure);
            }
            outcome
        };
        let patience = deadline.remaining();
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
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = Some((Instant::now(), error.clone()));
    }
}

/// Whether `failure` is the service's: who had little time has not seen that it is silent.
fn is_telling(failure: &http::Error) -> bool {
    !matches!(failure, http::Error::Timeout(patience) if *patience < SHORT)
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
    use azure_sandbox::{Host, Sandbox, Service, Settings};

    use super::*;
    use crate::{config::Config, metrics::Metrics};

    #[actix_web::test]
    async fn who_was_short_of_time_says_nothing_of_the_service() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        let config = Config::from_vars(azure.environment(Host::Vm)).unwrap();
        let endpoint = config.identity.source.instance_metadata().unwrap().clone();
        let client = identity::client(Metrics::new().unwrap());
        let metadata = Metadata::Service(client, endpoint);
        let surroundings = Surroundings::new(None);
        let hold = azure.hold(Service::Instance);
        let within = |allowed| surroundings.host(&metadata, Deadline::after(allowed));

        let short = within(Duration::from_millis(50)).await;
        assert!(matches!(short, Err(http::Error::Timeout(_))), "{short:?}");
        hold.release();
        assert!(within(Duration::from_secs(10)).await.is_ok());
    }
}

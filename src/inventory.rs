//! Names of virtual machines to resource ids.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;
use url::Url;

use crate::{
    azure::{VirtualMachineId, VmName},
    config::Scope,
    http::{self, Client, Deadline},
    identity,
};

/// All programs of a node share its metadata service: it is not asked again for
/// this long after it failed.
const FAILURE_MEMORY: Duration = Duration::from_secs(5);

/// Why a name leads to no virtual machine.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Neither configured nor on a virtual machine.
    #[error("no resource group is configured: set MIG_SCOPES to /subscriptions/…/resourceGroups/…")]
    NoScope,
    /// The virtual machine's own resource group could not be learnt.
    #[error("instance metadata does not tell the resource group; MIG_SCOPES would")]
    Metadata(#[source] http::Error),
    /// IMDS answered with empty fields.
    #[error("instance metadata names no resource group; set MIG_SCOPES")]
    NoGroup,
}

/// Where the scope comes from when it is not configured.
#[derive(Clone)]
pub(crate) enum Fallback {
    /// From the instance metadata service at this endpoint.
    InstanceMetadata(Client, Url),
    /// From nowhere.
    None,
}

/// The resource group once it is known, or why it was not a moment ago.
pub(crate) struct KnownScope {
    scope: OnceCell<Scope>,
    failure: Mutex<Option<(Instant, Error)>>,
}

impl KnownScope {
    /// What the configuration says.
    pub(crate) fn new(configured: Option<Scope>) -> Self {
        Self {
            scope: OnceCell::new_with(configured),
            failure: Mutex::new(None),
        }
    }

    fn recent_failure(&self) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, error) = failure.as_ref()?;
        (at.elapsed() < FAILURE_MEMORY).then(|| error.clone())
    }

    fn remember(&self, error: &Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = Some((Instant::now(), error.clone()));
    }
}

/// The one resource group in which names are looked up.
///
/// A name is unique in its group, so that no call is needed to find its id.
#[derive(Clone)]
pub(crate) struct Inventory {
    known: Arc<KnownScope>,
    fallback: Fallback,
}

impl Inventory {
    /// An inventory of the scope that all workers know.
    pub(crate) fn new(known: Arc<KnownScope>, fallback: Fallback) -> Self {
        Self { known, fallback }
    }

    /// The resource id of the virtual machine `name`; whether it exists is for
    /// Azure to say.
    pub(crate) async fn find(
        &self,
        name: VmName,
        deadline: Deadline,
    ) -> Result<VirtualMachineId, Error> {
        let scope = self
            .known
            .scope
            .get_or_try_init(|| self.learnt(deadline))
            .await?;
        Ok(VirtualMachineId {
            subscription_id: scope.subscription_id.clone(),
            resource_group: scope.resource_group.clone(),
            name,
        })
    }

    /// The scope by way of the fallback. One caller asks; those who wait for it
    /// share its failure.
    async fn learnt(&self, deadline: Deadline) -> Result<Scope, Error> {
        if let Some(error) = self.known.recent_failure() {
            return Err(error);
        }
        let outcome = self.own_scope(deadline).await;
        if let Err(error) = &outcome {
            self.known.remember(error);
        }
        outcome
    }

    async fn own_scope(&self, deadline: Deadline) -> Result<Scope, Error> {
        let Fallback::InstanceMetadata(client, endpoint) = &self.fallback else {
            return Err(Error::NoScope);
        };
        let machine = identity::instance(client, endpoint, deadline)
            .await
            .map_err(Error::Metadata)?;
        if machine.subscription_id.is_empty() || machine.resource_group_name.is_empty() {
            return Err(Error::NoGroup);
        }
        Ok(Scope {
            subscription_id: machine.subscription_id,
            resource_group: machine.resource_group_name,
        })
    }
}

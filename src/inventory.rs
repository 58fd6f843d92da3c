//! Names of virtual machines to resource ids.

use std::sync::Arc;

use tokio::sync::OnceCell;
use url::Url;

use crate::{
    azure::{VirtualMachineId, VmName},
    config::Scope,
    http::{self, Client, Deadline},
    identity,
};

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

/// The one resource group in which names are looked up.
///
/// A name is unique in its group, so that no call is needed to find its id.
#[derive(Clone)]
pub(crate) struct Inventory {
    scope: Arc<OnceCell<Scope>>,
    fallback: Fallback,
}

impl Inventory {
    /// An inventory of `scope`, which all workers share.
    pub(crate) fn new(scope: Arc<OnceCell<Scope>>, fallback: Fallback) -> Self {
        Self { scope, fallback }
    }

    /// The resource id of the virtual machine `name`; whether it exists is for
    /// Azure to say.
    pub(crate) async fn find(
        &self,
        name: VmName,
        deadline: Deadline,
    ) -> Result<VirtualMachineId, Error> {
        let scope = self
            .scope
            .get_or_try_init(|| self.own_scope(deadline))
            .await?;
        Ok(VirtualMachineId {
            subscription_id: scope.subscription_id.clone(),
            resource_group: scope.resource_group.clone(),
            name,
        })
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

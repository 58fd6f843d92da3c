//! What is asked of Azure, one name for each kind of call.

use std::fmt;

use super::Action;

/// The name in `deploy/azure/role.json`.
const OPERATOR: &str = "mi-gateway VM operator";

/// The name in `deploy/azure/role-update.json`.
const UPDATER: &str = "mi-gateway VM updater";

/// A kind of call: a label in metrics, and what goes by the kind when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    GetVm,
    Permissions,
    FindVms,
    ListVms,
    Order(Action),
    OperationStatus,
    ListUsers,
    ProbeUsers,
    SyncUsers,
}

impl Call {
    /// The label in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::GetVm => "get_vm",
            Self::Permissions => "permissions",
            Self::FindVms => "find_vms",
            Self::ListVms => "list_vms",
            Self::Order(action) => match action {
                // A parameter of the same call.
                Action::Deallocate | Action::Hibernate => "deallocate",
                Action::Start => "start",
                Action::Restart => "restart",
                Action::PowerOff => "power_off",
                Action::Redeploy => "redeploy",
                Action::Reapply => "reapply",
                Action::Update => "update_vm",
            },
            Self::OperationStatus => "operation_status",
            Self::ListUsers => "list_users",
            Self::ProbeUsers => "probe_users",
            Self::SyncUsers => "sync_users",
        }
    }

    /// Whether it changes something: when its answer is lost it may have been
    /// carried out all the same, while a read leaves nothing behind.
    pub(crate) const fn is_order(self) -> bool {
        match self {
            Self::Order(_) => true,
            Self::GetVm
            | Self::Permissions
            | Self::FindVms
            | Self::ListVms
            | Self::OperationStatus
            | Self::ListUsers
            | Self::ProbeUsers
            | Self::SyncUsers => false,
        }
    }

    /// The role of `deploy/azure` that has the permission; none is needed for
    /// what is not Resource Manager's.
    pub(crate) const fn role(self) -> Option<&'static str> {
        match self {
            Self::Order(Action::Update) => Some(UPDATER),
            Self::GetVm
            | Self::Permissions
            | Self::FindVms
            | Self::ListVms
            | Self::Order(_)
            | Self::OperationStatus => Some(OPERATOR),
            Self::ListUsers | Self::ProbeUsers | Self::SyncUsers => None,
        }
    }

    /// What the managed identity needs for it.
    pub(crate) const fn permission(self) -> &'static str {
        match self {
            // Shown to whoever has any role: nobody grants this one.
            Self::Permissions => "Microsoft.Authorization/permissions/read",
            Self::GetVm | Self::FindVms | Self::ListVms => "Microsoft.Compute/virtualMachines/read",
            Self::Order(action) => match action {
                Action::Deallocate | Action::Hibernate => {
                    "Microsoft.Compute/virtualMachines/deallocate/action"
                }
                Action::Start => "Microsoft.Compute/virtualMachines/start/action",
                Action::Restart => "Microsoft.Compute/virtualMachines/restart/action",
                Action::PowerOff => "Microsoft.Compute/virtualMachines/powerOff/action",
                Action::Redeploy => "Microsoft.Compute/virtualMachines/redeploy/action",
                Action::Reapply => "Microsoft.Compute/virtualMachines/reapply/action",
                Action::Update => "Microsoft.Compute/virtualMachines/write",
            },
            Self::OperationStatus => "Microsoft.Compute/locations/operations/read",
            Self::ListUsers | Self::ProbeUsers | Self::SyncUsers => "User.Read.All",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

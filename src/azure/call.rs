//! What is asked of Azure, one name for each kind of call.

use std::fmt;

/// The name in `deploy/azure/role.json`.
const OPERATOR: &str = "mi-gateway VM operator";

/// A kind of call: a label in metrics, and what goes by the kind when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    FindVms,
    ListVms,
    GetVm,
    Deallocate,
    OperationStatus,
    ListUsers,
}

impl Call {
    /// The label in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FindVms => "find_vms",
            Self::ListVms => "list_vms",
            Self::GetVm => "get_vm",
            Self::Deallocate => "deallocate",
            Self::OperationStatus => "operation_status",
            Self::ListUsers => "list_users",
        }
    }

    /// Whether it changes something: when its answer is lost it may have been
    /// carried out all the same, while a read leaves nothing behind.
    pub(crate) const fn is_order(self) -> bool {
        match self {
            Self::Deallocate => true,
            Self::FindVms
            | Self::ListVms
            | Self::GetVm
            | Self::OperationStatus
            | Self::ListUsers => false,
        }
    }

    /// The role of `deploy/azure` that has the permission; none is needed for
    /// what is not Resource Manager's.
    pub(crate) const fn role(self) -> Option<&'static str> {
        match self {
            Self::FindVms
            | Self::ListVms
            | Self::GetVm
            | Self::Deallocate
            | Self::OperationStatus => Some(OPERATOR),
            Self::ListUsers => None,
        }
    }

    /// What the managed identity needs for it.
    pub(crate) const fn permission(self) -> &'static str {
        match self {
            Self::FindVms | Self::ListVms | Self::GetVm => "Microsoft.Compute/virtualMachines/read",
            Self::Deallocate => "Microsoft.Compute/virtualMachines/deallocate/action",
            Self::OperationStatus => "Microsoft.Compute/locations/operations/read",
            Self::ListUsers => "User.Read.All",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

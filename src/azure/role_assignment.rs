//! How a role of Azure RBAC is assigned.

use std::fmt;

use crate::config::SourceKind;

/// A role at a scope, for the principal with this object id. `Display` is the command
/// that assigns it.
///
/// Source: "Assign Azure roles using Azure CLI"; the type of the principal is
/// named so that `az` need not ask the directory for it.
pub(crate) struct RoleAssignment<'a> {
    pub(crate) principal: &'a str,
    /// `None` where it may be any: `az` asks the directory then.
    pub(crate) principal_type: Option<PrincipalType>,
    pub(crate) role: &'a str,
    pub(crate) scope: &'a str,
}

/// What holds a token, with Azure's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalType {
    ServicePrincipal,
    User,
}

impl PrincipalType {
    /// Of whoever has tokens from `source`; `None` where it depends on who is signed in.
    pub(crate) fn of(source: SourceKind) -> Option<Self> {
        match source {
            SourceKind::CloudShell => Some(Self::User),
            SourceKind::AzureCli => None,
            SourceKind::Imds
            | SourceKind::AppService
            | SourceKind::AppService2017
            | SourceKind::MachineLearning
            | SourceKind::Arc
            | SourceKind::ServiceFabric
            | SourceKind::VmExtension
            | SourceKind::Workload => Some(Self::ServicePrincipal),
        }
    }
}

/// Azure's word.
impl fmt::Display for PrincipalType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ServicePrincipal => "ServicePrincipal",
            Self::User => "User",
        })
    }
}

impl fmt::Display for RoleAssignment<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "az role assignment create --assignee-object-id {}",
            self.principal
        )?;
        if let Some(principal_type) = self.principal_type {
            write!(formatter, " --assignee-principal-type {principal_type}")?;
        }
        write!(
            formatter,
            " --role '{}' --scope '{}'",
            self.role, self.scope
        )
    }
}

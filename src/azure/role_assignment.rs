//! How a role of Azure RBAC is assigned.

use std::fmt;

/// A role at a scope, for the service principal with this object id. `Display`
/// is the command that assigns it.
///
/// Source: "Assign Azure roles using Azure CLI"; the type of the principal is
/// named so that `az` need not ask the directory for it.
pub(crate) struct RoleAssignment<'a> {
    pub(crate) principal: &'a str,
    pub(crate) role: &'a str,
    pub(crate) scope: &'a str,
}

impl fmt::Display for RoleAssignment<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "az role assignment create --assignee-object-id {} --assignee-principal-type \
             ServicePrincipal --role '{}' --scope '{}'",
            self.principal, self.role, self.scope
        )
    }
}

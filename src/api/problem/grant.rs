//! What to grant to the gateway's managed identity, and how.

use std::time::Duration;

use crate::azure::{AppRoleGrant, Call, Denied, RoleAssignment};

/// How long a grant takes to come into force.
///
/// Source: Azure RBAC, "Troubleshoot Azure RBAC".
const PROPAGATION: Duration = Duration::from_mins(10);

/// What else is known of the token that was refused.
#[derive(Default)]
pub(super) struct Hints<'a> {
    pub(super) token_age: Option<Duration>,
    /// How a permission of Graph is granted.
    pub(super) grant: Option<&'a AppRoleGrant>,
}

/// Where the permission is missing, and the command that mends it.
pub(super) fn remedy(call: Call, denied: Option<&Denied>, hints: &Hints<'_>) -> String {
    let permission = call.permission();
    match (call.role(), denied) {
        (Some(role), Some(denied)) if denied.action().eq_ignore_ascii_case(permission) => {
            format!(
                "{}; to grant it: {}",
                missing(denied),
                command(role, denied)
            )
        }
        (Some(_), Some(denied)) => format!(
            "{}; grant it by a role with that action at that scope",
            missing(denied)
        ),
        (Some(_), None) => format!(
            "the gateway's managed identity may not do this: assign it a role with {permission} \
             at the resource group of the virtual machine"
        ),
        (None, _) => match hints.grant {
            Some(grant) => {
                format!("the gateway's managed identity may not list users; {grant}")
            }
            None => format!(
                "the gateway's managed identity may not list users: grant its service principal \
                 the application permission {permission} of Microsoft Graph"
            ),
        },
    }
}

/// Azure looks at permissions before it looks for the resource.
fn missing(denied: &Denied) -> String {
    format!(
        "the gateway's managed identity may not perform {} over {}, or there is no such thing: \
         Azure tells the two apart only for those who have the permission",
        denied.action(),
        denied.scope()
    )
}

/// At the resource group, not at the virtual machine: a role there does not
/// reach the status of operations.
///
/// Source: Azure Resource Manager, "Track asynchronous Azure operations".
fn command(role: &str, denied: &Denied) -> String {
    let (subscription, group) = denied.group();
    let principal = denied.principal();
    let place = group.unwrap_or("GROUP");
    let assignment = RoleAssignment {
        principal: &principal.to_string(),
        principal_type: denied.principal_type(),
        role,
        scope: &format!("/subscriptions/{subscription}/resourceGroups/{place}"),
    };
    let mut command = assignment.to_string();
    if group.is_none() {
        command.push_str(", where GROUP is the resource group of the virtual machine");
    }
    command
}

/// Added where Azure itself thinks of a grant that it does not know yet.
pub(super) fn hint(words: &str, hints: &Hints<'_>) -> String {
    match hints.token_age {
        Some(age) if age > PROPAGATION && words.contains("refresh your credentials") => format!(
            "; the token in use was acquired {} minutes ago: a grant made since then may need a \
             newer one, and up to {} minutes to come into force",
            age.as_secs() / 60,
            PROPAGATION.as_secs() / 60,
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "If access was recently granted, please refresh your credentials.";

    #[test]
    fn an_old_token_is_told_of_where_it_may_be_the_reason() {
        let minutes = |count| Hints {
            token_age: Some(Duration::from_mins(count)),
            ..Hints::default()
        };
        let told = hint(WORDS, &minutes(42));
        assert!(told.contains("acquired 42 minutes ago"), "{told}");
        assert_eq!(hint(WORDS, &minutes(10)), "");
        assert_eq!(hint(WORDS, &Hints::default()), "");
        assert_eq!(hint("", &minutes(42)), "");
    }
}

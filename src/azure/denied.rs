//! A permission that Azure says is missing, read from its own sentence.

use uuid::Uuid;

use super::PrincipalType;

/// Who may not do what, and where.
///
/// All three go into a command that an operator pastes into a shell: they are
/// taken only from the letters that such ids have, none of which a shell reads
/// within quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    principal: Uuid,
    principal_type: Option<PrincipalType>,
    action: String,
    scope: String,
}

impl Denied {
    /// Reads the sentences of `AuthorizationFailed` and of
    /// `LinkedAuthorizationFailed`, which quote the object id, then, after what
    /// the principal lacks, the action and the scope.
    ///
    /// Source: Azure RBAC, "Troubleshoot Azure RBAC"; for the linked one, issue
    /// reports of Kubernetes' provider of Azure.
    pub(super) fn read(message: &str) -> Option<Self> {
        let (_, from_id) = message.split_once("object id '")?;
        let (id, _) = from_id.split_once('\'')?;
        let (_, missing) = message.split_once("does not have ")?;
        let mut quoted = missing.split('\'').skip(1).step_by(2);
        let (action, scope) = (quoted.next()?, quoted.next()?);
        Some(Self {
            principal: Uuid::try_parse(id).ok()?,
            principal_type: principal_type(message),
            action: is_action(action).then(|| action.to_owned())?,
            scope: is_scope(scope).then(|| scope.to_owned())?,
        })
    }

    /// The object id of the principal.
    pub(crate) fn principal(&self) -> &Uuid {
        &self.principal
    }

    /// What it is, where the sentence tells.
    pub(crate) fn principal_type(&self) -> Option<PrincipalType> {
        self.principal_type
    }

    /// Such as `Microsoft.Compute/virtualMachines/read`.
    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    /// The resource, or the location, that it was asked for.
    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// The resource group of the scope. A scope without one, as that of the
    /// status of operations, gives its subscription alone.
    pub(crate) fn group(&self) -> (&str, Option<&str>) {
        let mut segments = self.scope.split('/').skip(2);
        let subscription = segments.next().unwrap_or_default();
        let is_group = |name: &&str| name.eq_ignore_ascii_case("resourceGroups");
        let group = segments.next().filter(is_group).and(segments.next());
        (subscription, group.filter(|name| !name.is_empty()))
    }
}

/// An application is called by its client id, and a user by their name.
///
/// Source: Azure/azure-cli#30789 for the user.
fn principal_type(message: &str) -> Option<PrincipalType> {
    let (_, from_client) = message.split_once("client '")?;
    let (client, _) = from_client.split_once('\'')?;
    if Uuid::try_parse(client).is_ok() {
        return Some(PrincipalType::ServicePrincipal);
    }
    client.contains('@').then_some(PrincipalType::User)
}

fn is_action(text: &str) -> bool {
    text.contains('/')
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "./".contains(it))
}

fn is_scope(text: &str) -> bool {
    let rest = text.strip_prefix("/subscriptions/");
    rest.is_some_and(|rest| {
        Uuid::try_parse(rest.split('/').next().unwrap_or_default()).is_ok()
            && rest
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "-_.()/".contains(it))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-1111-1111-111111111111";
    const SCOPE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/\
                         providers/Microsoft.Compute/virtualMachines/vm1";

    fn sentence(id: &str, action: &str, scope: &str) -> String {
        format!(
            "The client '{id}' with object id '{id}' does not have authorization to perform \
             action '{action}' over scope '{scope}'."
        )
    }

    #[test]
    fn the_old_sentence_and_the_new_one_say_the_same() {
        let action = "Microsoft.Compute/virtualMachines/deallocate/action";
        let old = sentence(ID, action, SCOPE);
        let new = old.replace(
            "'.",
            "' or the scope is invalid. If access was recently granted, please refresh your \
             credentials.",
        );
        let denied = Denied::read(&old).unwrap();
        assert_eq!(denied.principal().to_string(), ID);
        assert_eq!((denied.action(), denied.scope()), (action, SCOPE));
        assert_eq!(denied.group().1, Some("rg"));
        assert_eq!(Denied::read(&new).unwrap(), denied);
    }

    #[test]
    fn of_a_linked_scope_what_is_missing_there_is_read() {
        let message = format!(
            "The client '{ID}' with object id '{ID}' has permission to perform action \
             'Microsoft.Compute/virtualMachines/write' on scope '{SCOPE}'; however, it does not \
             have permission to perform action 'Microsoft.Network/networkInterfaces/join/action' \
             on the linked scope(s) '{SCOPE}2' or the linked scope(s) are invalid."
        );
        let denied = Denied::read(&message).unwrap();
        assert_eq!(
            denied.action(),
            "Microsoft.Network/networkInterfaces/join/action"
        );
        assert_eq!(denied.scope(), format!("{SCOPE}2"));
    }

    #[test]
    fn whether_it_is_an_application_or_a_user_is_told_by_its_name() {
        let sentence = sentence(ID, "a/b", SCOPE);
        for (client, is) in [
            (ID, Some(PrincipalType::ServicePrincipal)),
            ("live.com#kim@example.com", Some(PrincipalType::User)),
            ("", None),
        ] {
            let message = sentence.replacen(ID, client, 1);
            let denied = Denied::read(&message).unwrap();
            assert_eq!(denied.principal_type(), is, "{message}");
        }
    }

    #[test]
    fn the_scope_of_an_operations_status_has_no_group() {
        let scope = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/\
                     Microsoft.Compute/locations/eastus";
        let denied = Denied::read(&sentence(ID, "a/b", scope)).unwrap();
        assert_eq!(
            denied.group(),
            ("00000000-0000-0000-0000-000000000000", None)
        );
    }

    #[test]
    fn nothing_that_a_shell_could_read_is_taken_over() {
        let action = "Microsoft.Compute/virtualMachines/read";
        for (id, action, scope) in [
            ("$(reboot)", action, SCOPE),
            (ID, "a/b;reboot", SCOPE),
            (ID, "a/`reboot`", SCOPE),
            (ID, action, "/subscriptions/$(reboot)"),
            (ID, action, &format!("{SCOPE}\"; reboot")),
            (ID, action, &format!("{SCOPE}\nreboot")),
            (ID, action, &format!("{SCOPE}\u{202e}")),
            (ID, action, "/"),
        ] {
            assert_eq!(Denied::read(&sentence(id, action, scope)), None, "{scope}");
        }
    }
}

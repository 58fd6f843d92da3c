//! The application permission that listing users takes, and how it is granted.

use std::fmt;

use uuid::Uuid;

use crate::{config::IdentityId, identity::Claims};

/// The permission, and its id in every cloud.
///
/// Source: Microsoft Graph permissions reference, `User.Read.All`.
const ROLE: &str = "User.Read.All";
const ROLE_ID: &str = "df021288-bdef-4463-88db-98f22de89214";

/// The application that Microsoft Graph itself is, in every cloud.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

/// What it takes to grant the permission to the identity in use.
#[derive(Clone, Debug)]
pub(crate) struct AppRoleGrant {
    /// The root of Graph in this cloud.
    graph: &'static str,
    id: IdentityId,
    /// What the token in use says, if there is one that can be read.
    claims: Option<Claims>,
}

impl AppRoleGrant {
    pub(super) fn new(graph: &'static str, id: IdentityId, claims: Option<Claims>) -> Self {
        Self { graph, id, claims }
    }

    /// Whether the token in use is of another identity than the configured one.
    pub(crate) fn is_for_another(&self) -> bool {
        let claims = self.claims.as_ref();
        claims.is_some_and(|claims| claims.contradict(&self.id))
    }

    /// The service principal, if anything tells.
    fn principal(&self) -> Option<Uuid> {
        match &self.id {
            IdentityId::ObjectId(id) => id.parse().ok(),
            IdentityId::System | IdentityId::ClientId(_) | IdentityId::ResourceId(_) => {
                self.claims.as_ref()?.object_id
            }
        }
    }

    /// Source: "Grant an appRoleAssignment to a service principal" of Microsoft
    /// Graph v1.0.
    fn command(
        &self,
        formatter: &mut fmt::Formatter<'_>,
        principal: &dyn fmt::Display,
    ) -> fmt::Result {
        write!(
            formatter,
            "to grant {ROLE}, as a Privileged Role Administrator: az rest --method POST --url \
             {}/v1.0/servicePrincipals/{principal}/appRoleAssignments --body \
             '{{\"principalId\":\"{principal}\",\"resourceId\":\"'$(az ad sp show --id {GRAPH_ID} \
             --query id --output tsv)'\",\"appRoleId\":\"{ROLE_ID}\"}}'",
            self.graph
        )
    }
}

/// The command, how long it takes to come into force, and what the token has.
impl fmt::Display for AppRoleGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(principal) = self.principal() {
            self.command(formatter, &principal)?;
        } else {
            self.command(formatter, &"PRINCIPAL")?;
            formatter.write_str(", where PRINCIPAL is the object id of its service principal")?;
            finding(formatter, &self.id)?;
        }
        // Source: "Managed identity best practice recommendations", on the cache
        // of tokens that belongs to the host.
        formatter.write_str(
            "; a grant reaches a managed identity only with a new token, which may take up to 24 \
             hours",
        )?;
        match self.claims.as_ref().map(|claims| &claims.roles[..]) {
            None => Ok(()),
            Some([]) => formatter.write_str("; the token in use carries no permission"),
            Some(roles) => write!(formatter, "; the token in use carries {}", roles.join(", ")),
        }
    }
}

/// How the object id of the service principal is found.
fn finding(formatter: &mut fmt::Formatter<'_>, id: &IdentityId) -> fmt::Result {
    match id {
        IdentityId::System => formatter.write_str(
            ": principalId in the identity of the gateway's host, as in az vm show --query \
             identity.principalId",
        ),
        IdentityId::ClientId(id) => {
            write!(
                formatter,
                ": az ad sp show --id {id} --query id --output tsv"
            )
        }
        IdentityId::ResourceId(id) => write!(
            formatter,
            ": az identity show --ids '{id}' --query principalId --output tsv"
        ),
        IdentityId::ObjectId(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5ab1e000-0000-4000-8000-000000000001";

    fn told(id: IdentityId, claims: Option<Claims>) -> String {
        AppRoleGrant::new("https://graph.microsoft.us", id, claims).to_string()
    }

    #[test]
    fn the_command_has_the_principal_that_the_token_or_the_configuration_names() {
        let claims = Claims {
            object_id: ID.parse().ok(),
            ..Claims::default()
        };
        let by_token = told(IdentityId::System, Some(claims));
        assert!(by_token.ends_with("the token in use carries no permission"));
        for told in [by_token, told(IdentityId::ObjectId(ID.to_owned()), None)] {
            let url = format!(
                "https://graph.microsoft.us/v1.0/servicePrincipals/{ID}/appRoleAssignments"
            );
            assert!(told.contains(&url), "{told}");
            assert!(
                told.contains(&format!(r#"'{{"principalId":"{ID}","#)),
                "{told}"
            );
        }
    }

    #[test]
    fn without_a_principal_it_is_told_how_to_find_it() {
        for (id, command) in [
            (IdentityId::System, "az vm show"),
            (
                IdentityId::ClientId(ID.to_owned()),
                "az ad sp show --id 5ab1e000",
            ),
            (
                IdentityId::ResourceId("/x".to_owned()),
                "az identity show --ids '/x'",
            ),
        ] {
            let told = told(id, None);
            let (grant, how) = told.split_once(", where PRINCIPAL").unwrap();
            assert!(grant.contains("/servicePrincipals/PRINCIPAL/"), "{told}");
            assert!(how.contains(command), "{told}");
        }
    }
}

//! The permission that listing users takes, and how it is granted.

use std::fmt;

use uuid::Uuid;

use super::PrincipalType;
use crate::{
    config::{GRAPH_ID, IdentityId, SourceKind},
    identity::Claims,
};

/// The permission, and its id in every cloud.
///
/// Source: Microsoft Graph permissions reference, `User.Read.All`.
const ROLE: &str = "User.Read.All";
const ROLE_ID: &str = "df021288-bdef-4463-88db-98f22de89214";

/// What stands in commands for a principal that is not known.
const PLACE: &str = "PRINCIPAL";

/// What it takes to grant the permission to the identity in use.
#[derive(Clone, Debug)]
pub(crate) struct AppRoleGrant {
    /// The root of Graph in this cloud.
    graph: &'static str,
    id: IdentityId,
    /// Where its tokens come from.
    source: SourceKind,
    /// What the token in use says, if there is one that can be read.
    claims: Option<Claims>,
}

impl AppRoleGrant {
    pub(crate) fn new(
        graph: &'static str,
        id: IdentityId,
        source: SourceKind,
        claims: Option<Claims>,
    ) -> Self {
        Self {
            graph,
            id,
            source,
            claims,
        }
    }

    /// Whether the token in use is of another identity than the configured one.
    pub(crate) fn is_for_another(&self) -> bool {
        let claims = self.claims.as_ref();
        claims.is_some_and(|claims| claims.contradict(&self.id))
    }

    /// What the identity is to Azure; `None` where it may be any.
    pub(crate) fn principal_type(&self) -> Option<PrincipalType> {
        PrincipalType::of(self.source)
    }

    /// The object id of the principal, if anything tells.
    fn principal(&self) -> Option<Uuid> {
        match &self.id {
            IdentityId::ObjectId(id) => id.parse().ok(),
            IdentityId::System | IdentityId::ClientId(_) | IdentityId::ResourceId(_) => {
                self.claims.as_ref()?.object_id
            }
        }
    }

    /// The object id of the principal, or the word to put in its place.
    pub(crate) fn principal_or_place(&self) -> String {
        let principal = self.principal();
        principal.map_or_else(|| PLACE.to_owned(), |id| id.to_string())
    }

    /// How the principal is found, unless it is known.
    pub(crate) fn how_to_find_principal(&self) -> Option<String> {
        match self.principal() {
            Some(_) => None,
            None => self.finding(),
        }
    }

    /// The command that tells the object id of the principal.
    fn finding(&self) -> Option<String> {
        match &self.id {
            IdentityId::System => Some(of_host(self.source).to_owned()),
            IdentityId::ClientId(id) => {
                Some(format!("az ad sp show --id {id} --query id --output tsv"))
            }
            IdentityId::ResourceId(id) => Some(format!(
                "az identity show --ids '{id}' --query principalId --output tsv"
            )),
            IdentityId::ObjectId(_) => None,
        }
    }

    /// The command that grants it to a service principal; to a user it is
    /// [consented](Self::consent).
    ///
    /// Source: "Grant an appRoleAssignment to a service principal" of Microsoft
    /// Graph v1.0.
    pub(crate) fn command(&self) -> String {
        let principal = self.principal_or_place();
        format!(
            "az rest --method POST --url \
             {}/v1.0/servicePrincipals/{principal}/appRoleAssignments --body \
             '{{\"principalId\":\"{principal}\",\"resourceId\":\"'$(az ad sp show --id {GRAPH_ID} \
             --query id --output tsv)'\",\"appRoleId\":\"{ROLE_ID}\"}}'",
            self.graph
        )
    }

    /// What takes the place of the grant where a user is signed in: their tokens carry what
    /// the application that asks for them was let do in their name.
    ///
    /// Source: Microsoft Graph permissions reference, `User.Read.All`, delegated.
    pub(crate) fn consent(&self) -> String {
        let application = self.claims.as_ref().and_then(|claims| claims.client_id);
        let application = application.map_or_else(String::new, |id| format!(", {id},"));
        format!(
            "a user's token carries no application permission: let an administrator consent to \
             the delegated permission {ROLE} for the application that the token was issued \
             to{application} and see that the user may read users"
        )
    }

    fn granted(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command();
        write!(
            formatter,
            "to grant {ROLE}, as a Privileged Role Administrator: {command}"
        )?;
        if self.principal().is_none() {
            write!(
                formatter,
                ", where {PLACE} is the object id of its service principal"
            )?;
            match &self.id {
                IdentityId::System => formatter
                    .write_str(": principalId in the identity of the gateway's host, as in ")?,
                IdentityId::ClientId(_) | IdentityId::ObjectId(_) | IdentityId::ResourceId(_) => {
                    formatter.write_str(": ")?;
                }
            }
            formatter.write_str(&self.finding().unwrap_or_default())?;
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

/// The command, how long it takes to come into force, and what the token has; for a user,
/// what takes its place.
impl fmt::Display for AppRoleGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.principal_type() {
            Some(PrincipalType::ServicePrincipal) => self.granted(formatter),
            Some(PrincipalType::User) => formatter.write_str(&self.consent()),
            None => {
                self.granted(formatter)?;
                write!(formatter, "; {}", self.consent())
            }
        }
    }
}

/// The command that tells the object id of whoever a host of that kind is.
fn of_host(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Imds | SourceKind::VmExtension => {
            "az vm show --resource-group GROUP --name VM --query identity.principalId --output tsv"
        }
        SourceKind::Arc => {
            "az connectedmachine show --resource-group GROUP --name MACHINE --query \
             identity.principalId --output tsv"
        }
        SourceKind::CloudShell | SourceKind::AzureCli => {
            "az ad signed-in-user show --query id --output tsv"
        }
        // Whatever it is, its identity stands in its resource.
        SourceKind::AppService
        | SourceKind::AppService2017
        | SourceKind::MachineLearning
        | SourceKind::ServiceFabric
        | SourceKind::Workload => {
            "az resource show --ids HOST_ID --query identity.principalId --output tsv"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5ab1e000-0000-4000-8000-000000000001";

    fn told(id: IdentityId, claims: Option<Claims>) -> String {
        AppRoleGrant::new("https://graph.microsoft.us", id, SourceKind::Imds, claims).to_string()
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
            (
                IdentityId::System,
                "az vm show --resource-group GROUP --name VM --query identity.principalId",
            ),
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

    #[test]
    fn a_command_for_virtual_machines_is_for_those_alone() {
        for (source, command) in [
            (SourceKind::Imds, "az vm show --resource-group"),
            (SourceKind::VmExtension, "az vm show --resource-group"),
            (SourceKind::Arc, "az connectedmachine show"),
            (SourceKind::AppService, "az resource show --ids HOST_ID"),
            (SourceKind::ServiceFabric, "az resource show --ids HOST_ID"),
            (SourceKind::AzureCli, "az ad signed-in-user show"),
        ] {
            let graph = "https://graph.microsoft.com";
            let grant = AppRoleGrant::new(graph, IdentityId::System, source, None);
            let how = grant.how_to_find_principal().unwrap();
            assert!(how.starts_with(command), "{source:?}: {how}");
            assert!(how.ends_with("--output tsv"), "{source:?}: {how}");
        }
    }
}

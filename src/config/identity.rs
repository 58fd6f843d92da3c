//! Which managed identity the gateway holds, and where its tokens come from.

mod credential;
mod endpoint;
mod kind;

use std::path::Path;

use url::Url;

use super::{
    GUID, guid,
    reader::{Faulty, Reader},
};
pub(super) use credential::BINDINGS;
pub(crate) use credential::Credential;
use credential::{Places, Variables};
pub(super) use endpoint::{ABSOLUTE, absolute};
pub(crate) use kind::SourceKind;
use kind::{EXPECTED, Found};

/// The managed identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) source: Source,
    pub(crate) id: IdentityId,
}

/// Where tokens come from, and how that is known.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) kind: SourceKind,
    pub(crate) credential: Credential,
    evidence: &'static [&'static str],
}

/// Which of a host's identities is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdentityId {
    /// The one that came with the host.
    System,
    /// A user-assigned one, by client id.
    ClientId(String),
    /// A user-assigned one, by object (principal) id.
    ObjectId(String),
    /// A user-assigned one, by resource id.
    ResourceId(String),
}

impl IdentityId {
    /// What is known of the identity.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::ClientId(_) => "client_id",
            Self::ObjectId(_) => "object_id",
            Self::ResourceId(_) => "resource_id",
        }
    }
}

impl Source {
    /// Its name in metrics and reports.
    pub(crate) fn label(&self) -> &'static str {
        self.kind.label()
    }

    /// What told of it: names of variables and files, never their values.
    /// Nothing tells of instance metadata but that all else is missing.
    pub(crate) fn evidence(&self) -> &'static [&'static str] {
        self.evidence
    }

    /// The instance metadata of the host, where it is known to have one.
    pub(crate) fn instance_metadata(&self) -> Option<&Url> {
        match &self.credential {
            Credential::Imds(endpoint) | Credential::VmExtension { imds: endpoint, .. } => {
                Some(endpoint)
            }
            Credential::AppService { .. }
            | Credential::Msi { .. }
            | Credential::CloudShell(_)
            | Credential::Arc { .. }
            | Credential::ServiceFabric { .. }
            | Credential::Workload { .. }
            | Credential::AzureCli { .. } => None,
        }
    }
}

impl Identity {
    pub(super) fn read(reader: &mut Reader, authority: Option<&Url>) -> Result<Self, Faulty> {
        let id = id(reader);
        let places = Places::read(reader);
        let (kind, evidence) = found(reader)?;
        let variables = Variables {
            reader: &mut *reader,
            id: id.as_ref().ok(),
            authority,
            places,
        };
        let credential = variables.credential(kind);
        let default = reader.optional("DEFAULT_IDENTITY_CLIENT_ID", GUID, guid);
        let id = id?.or_default_of(kind, default?);
        let source = Source {
            kind,
            credential: credential?,
            evidence,
        };
        if !kind.knows(&id) {
            reader.fault(format!(
                "{} is set, but tokens come from {} (told by {}), which chooses no identity by it: \
                 {}",
                id.variable(),
                source.label(),
                source.evidence().join(", "),
                kind.choice()
            ));
        }
        Ok(Self { source, id })
    }
}

/// What the operator chose, or else what the environment tells of.
///
/// An endpoint without what belongs to it is a fault, not a reason to ask anybody
/// else: there may be another identity there.
fn found(reader: &mut Reader) -> Result<Found, Faulty> {
    const NAME: &str = "MIG_IDENTITY_SOURCE";
    let chosen = reader.required(NAME, EXPECTED, |text| match text {
        "auto" => Some(None),
        text => text.parse().ok().map(Some),
    })?;
    if let Some(kind) = chosen {
        return Ok((kind, &[NAME]));
    }
    let found = kind::detected(reader, Path::new(kind::AGENT));
    let is_its = matches!(
        found.0,
        SourceKind::AppService | SourceKind::ServiceFabric | SourceKind::Arc | SourceKind::Workload
    );
    if reader.has("IDENTITY_ENDPOINT") && !is_its {
        return Err(reader.fault(
            "IDENTITY_HEADER is required where IDENTITY_ENDPOINT is set, or IMDS_ENDPOINT on a \
             server of Azure Arc",
        ));
    }
    Ok(found)
}

/// The identity that is meant; at most one variable may say so.
fn id(reader: &mut Reader) -> Result<IdentityId, Faulty> {
    let ids = [
        "AZURE_CLIENT_ID",
        "MIG_IDENTITY_OBJECT_ID",
        "MIG_IDENTITY_RESOURCE_ID",
    ];
    if ids.iter().filter(|id| reader.has(id)).count() > 1 {
        return Err(reader.fault(
            "AZURE_CLIENT_ID, MIG_IDENTITY_OBJECT_ID and MIG_IDENTITY_RESOURCE_ID name one \
             identity in three ways: set one of them",
        ));
    }
    let [client, object, resource] = ids;
    let client = reader.optional(client, GUID, guid);
    let object = reader.optional(object, GUID, guid);
    let resource = reader.optional(resource, USER_ASSIGNED, user_assigned);
    Ok(match (client?, object?, resource?) {
        (Some(id), ..) => IdentityId::ClientId(id),
        (_, Some(id), _) => IdentityId::ObjectId(id),
        (.., Some(id)) => IdentityId::ResourceId(id),
        (None, None, None) => IdentityId::System,
    })
}

impl IdentityId {
    /// Machine Learning tells the identity of a job by a variable of its own.
    ///
    /// Source: AzureAD/microsoft-authentication-library-for-go
    /// `apps/managedidentity/azure_ml.go`.
    fn or_default_of(self, kind: SourceKind, default: Option<String>) -> Self {
        match (self, kind, default) {
            (Self::System, SourceKind::MachineLearning, Some(id)) => Self::ClientId(id),
            (id, ..) => id,
        }
    }

    /// The variable that it comes from.
    fn variable(&self) -> &'static str {
        match self {
            Self::System => "no variable",
            Self::ClientId(_) => "AZURE_CLIENT_ID",
            Self::ObjectId(_) => "MIG_IDENTITY_OBJECT_ID",
            Self::ResourceId(_) => "MIG_IDENTITY_RESOURCE_ID",
        }
    }
}

const USER_ASSIGNED: &str = "/subscriptions/{id}/resourceGroups/{name}/providers/\
     Microsoft.ManagedIdentity/userAssignedIdentities/{name}";

fn user_assigned(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<_> = lower.split('/').collect();
    let is_id = matches!(
        parts[..],
        [
            "",
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            "microsoft.managedidentity",
            "userassignedidentities",
            _
        ]
    );
    (is_id && !parts[1..].contains(&"")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;

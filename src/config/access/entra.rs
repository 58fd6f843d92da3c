//! Callers with tokens of Entra ID.

use url::Url;
use uuid::Uuid;

use super::{AUDIENCE, audiences};
use crate::config::{
    Cloud, GUID,
    cloud::{ENDPOINT, endpoint},
    form::words,
    guid,
    reader::{Faulty, Reader},
};

/// Whose tokens of Entra ID are taken, and what they have to be for.
#[derive(Clone, Debug)]
pub(crate) struct EntraCallers {
    /// Where its keys are read: the cloud's, or what stands in for it.
    pub(crate) endpoint: Url,
    pub(crate) cloud: Cloud,
    pub(crate) tenant: Uuid,
    /// One of these is the `aud` of a token, letter for letter.
    pub(crate) audiences: Vec<String>,
    pub(crate) versions: Vec<EntraVersion>,
}

/// The version of a token; the manifest of the gateway's application decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntraVersion {
    V1,
    V2,
}

impl EntraVersion {
    /// The claim `ver`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

impl EntraCallers {
    /// Where its keys are read, if it is said.
    pub(super) fn endpoint(reader: &mut Reader) -> Result<Option<Url>, Faulty> {
        reader.optional("MIG_ENTRA_ENDPOINT", ENDPOINT, endpoint)
    }

    pub(super) fn read(
        reader: &mut Reader,
        (cloud, authority): (Cloud, &Url),
        endpoint: Result<Option<Url>, Faulty>,
    ) -> Result<Self, Faulty> {
        let tenant = tenant(reader);
        let audiences = reader.required("MIG_AUTH_AUDIENCE", AUDIENCE, audiences);
        let versions = reader.required(
            "MIG_AUTH_VERSIONS",
            "1.0, 2.0 or both, separated by a comma",
            versions,
        );
        if let (Ok(audiences), Ok(versions)) = (&audiences, &versions) {
            refuse_names(reader, audiences, versions);
        }
        Ok(Self {
            endpoint: endpoint?.unwrap_or_else(|| authority.clone()),
            cloud,
            tenant: tenant?,
            audiences: audiences?,
            versions: versions?,
        })
    }
}

/// The one of workload identity, unless callers have their own; there, a domain name would
/// do as well.
fn tenant(reader: &mut Reader) -> Result<Uuid, Faulty> {
    const NAME: &str = "MIG_AUTH_TENANT";
    const SHARED: &str = "AZURE_TENANT_ID";
    let read = |text: &str| guid(text)?.parse().ok();
    if reader.has(NAME) || !reader.has(SHARED) {
        return reader.required(NAME, GUID, read);
    }
    let expected = format!("{GUID}, to know callers by: set {NAME} to one");
    reader.required(SHARED, &expected, read)
}

/// A token of version 2.0 is for a client id, whatever it was asked for by: where no other
/// version is taken, nobody would be let in by a name.
///
/// Source: "Access token claims reference", `aud`.
fn refuse_names(reader: &mut Reader, audiences: &[String], versions: &[EntraVersion]) {
    if versions.contains(&EntraVersion::V1) {
        return;
    }
    for name in audiences.iter().filter(|it| guid(it).is_none()) {
        reader.fault(format!(
            "MIG_AUTH_AUDIENCE has {name:?}, and tokens of version 2.0 are for the client id \
             alone: set that, or see MIG_AUTH_VERSIONS"
        ));
    }
}

fn versions(text: &str) -> Option<Vec<EntraVersion>> {
    let read = words(text).map(|word| match word {
        "1.0" => Some(EntraVersion::V1),
        "2.0" => Some(EntraVersion::V2),
        _ => None,
    });
    let read: Option<Vec<_>> = read.collect();
    read.filter(|versions| !versions.is_empty())
}

//! The places that give out tokens, and how one of them is recognised.

use std::{path::Path, str::FromStr};

use super::IdentityId;
use crate::config::reader::Reader;

/// A place that gives out tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// Instance metadata of a virtual machine.
    Imds,
    /// App Service, Functions and Container Apps.
    AppService,
    /// App Service and Functions, version 2017-09-01.
    AppService2017,
    /// Azure Machine Learning.
    MachineLearning,
    /// Azure Cloud Shell.
    CloudShell,
    /// The agent of a server that Azure Arc manages.
    Arc,
    /// A Service Fabric node.
    ServiceFabric,
    /// The old extension of virtual machines.
    VmExtension,
    /// Entra ID, for what a Kubernetes cluster asserts.
    Workload,
    /// The Azure CLI of a developer.
    AzureCli,
}

/// What `MIG_IDENTITY_SOURCE` has to be.
pub(super) const EXPECTED: &str = "auto, imds, app_service, app_service_2017, ml, cloud_shell, \
     arc, service_fabric, vm_extension, workload or azure_cli";

impl SourceKind {
    const ALL: [Self; 10] = [
        Self::Imds,
        Self::AppService,
        Self::AppService2017,
        Self::MachineLearning,
        Self::CloudShell,
        Self::Arc,
        Self::ServiceFabric,
        Self::VmExtension,
        Self::Workload,
        Self::AzureCli,
    ];

    /// Its name in variables, metrics and reports.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Imds => "imds",
            Self::AppService => "app_service",
            Self::AppService2017 => "app_service_2017",
            Self::MachineLearning => "ml",
            Self::CloudShell => "cloud_shell",
            Self::Arc => "arc",
            Self::ServiceFabric => "service_fabric",
            Self::VmExtension => "vm_extension",
            Self::Workload => "workload",
            Self::AzureCli => "azure_cli",
        }
    }

    /// Whether it can be asked for a token of `id`.
    ///
    /// Sources: the REST references of each; for Azure Arc,
    /// AzureAD/microsoft-authentication-library-for-go
    /// `apps/managedidentity/managedidentity.go`.
    pub(super) fn knows(self, id: &IdentityId) -> bool {
        match (self, id) {
            (_, IdentityId::System)
            | (Self::Imds | Self::AppService | Self::VmExtension | Self::Arc, _)
            | (
                Self::AppService2017 | Self::MachineLearning | Self::Workload,
                IdentityId::ClientId(_),
            ) => true,
            (
                Self::AppService2017 | Self::MachineLearning | Self::Workload,
                IdentityId::ObjectId(_) | IdentityId::ResourceId(_),
            )
            | (Self::CloudShell | Self::ServiceFabric | Self::AzureCli, _) => false,
        }
    }

    /// What may choose its identity, in words.
    pub(super) fn choice(self) -> &'static str {
        match self {
            Self::AppService2017 | Self::MachineLearning | Self::Workload => {
                "it takes a client id alone: set AZURE_CLIENT_ID instead"
            }
            Self::CloudShell => "its tokens are those of the user of the shell",
            Self::ServiceFabric => "its identity is that of the application's manifest",
            Self::AzureCli => "its tokens are those of whoever is signed in",
            Self::Imds | Self::AppService | Self::VmExtension | Self::Arc => "it takes any id",
        }
    }
}

impl FromStr for SourceKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|kind| kind.label() == text);
        named.ok_or(())
    }
}

/// What was found, and by what.
pub(super) type Found = (SourceKind, &'static [&'static str]);

/// What tells the places apart, in the order in which it is looked for.
///
/// The order is that of AzureAD/microsoft-authentication-library-for-go
/// `apps/managedidentity/managedidentity.go`, with two rows of ours. Workload identity comes first, as in `DefaultAzureCredential`: a
/// cluster sets its variables for no other purpose. The old extension is there
/// by word of the operator alone. Container Apps sets `MSI_ENDPOINT` beside
/// `IDENTITY_ENDPOINT`, so that the latter has to come before.
const MARKS: [Found; 8] = [
    (SourceKind::Workload, &["AZURE_FEDERATED_TOKEN_FILE"]),
    (
        SourceKind::ServiceFabric,
        &[
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "IDENTITY_SERVER_THUMBPRINT",
        ],
    ),
    (
        SourceKind::AppService,
        &["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
    ),
    // Nothing else tells it from the next before there is an answer.
    (
        SourceKind::MachineLearning,
        &["MSI_ENDPOINT", "MSI_SECRET", "DEFAULT_IDENTITY_CLIENT_ID"],
    ),
    (SourceKind::AppService2017, &["MSI_ENDPOINT", "MSI_SECRET"]),
    (SourceKind::CloudShell, &["MSI_ENDPOINT"]),
    (SourceKind::Arc, &["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"]),
    (SourceKind::VmExtension, &["MIG_VM_EXTENSION_ENDPOINT"]),
];

/// Where the agent of Azure Arc is, on a server that has it.
///
/// Source: AzureAD/microsoft-authentication-library-for-go `managedidentity.go`.
pub(super) const AGENT: &str = "/opt/azcmagent/bin/himds";

/// The place that this environment tells of; without a word it is instance
/// metadata.
pub(super) fn detected(reader: &Reader, agent: &Path) -> Found {
    let is_marked = |(_, names): &&Found| names.iter().all(|name| reader.has(name));
    if let Some(found) = MARKS.iter().find(is_marked) {
        return *found;
    }
    if agent.exists() {
        return (SourceKind::Arc, &[AGENT]);
    }
    (SourceKind::Imds, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_an_agent_of_arc_is_recognised_by_its_file() {
        let reader = Reader::default();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert_eq!(detected(&reader, &here), (SourceKind::Arc, &[AGENT][..]));
        let nowhere = here.join("himds");
        assert_eq!(detected(&reader, &nowhere), (SourceKind::Imds, &[][..]));
    }

    #[test]
    fn every_source_can_be_named() {
        for kind in SourceKind::ALL {
            assert_eq!(kind.label().parse(), Ok(kind));
            assert!(EXPECTED.contains(kind.label()), "{kind:?}");
        }
        assert_eq!("IMDS".parse::<SourceKind>(), Err(()));
    }
}

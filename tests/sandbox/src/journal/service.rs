//! The parts of Azure.

use axum::http::Method;

use crate::{
    cloud::Site,
    entra::{self, discovery::Document},
    kubernetes,
    server::Entrance,
    sources::Source,
};

/// A part of Azure, as faults and counts tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Every token endpoint.
    Token,
    /// Under which names a cloud goes, as Entra ID tells it.
    Discovery,
    /// Where an issuer of tokens is, and the keys that it signs with: the
    /// configuration of a tenant, or of a cluster, and its key set.
    Keys,
    /// The review of tokens by the API server of Kubernetes.
    TokenReview,
    /// Instance metadata.
    Instance,
    /// Reading virtual machines by way of Resource Manager.
    VirtualMachines,
    /// Changing them: actions and updates.
    Actions,
    /// The status of Resource Manager's operations.
    Operations,
    /// Azure Resource Graph.
    ResourceGraph,
    /// Microsoft Graph.
    Graph,
}

impl Service {
    /// Every service, with its name on the control path.
    pub(crate) const ALL: [(Self, &'static str); 10] = [
        (Self::Token, "token"),
        (Self::Discovery, "discovery"),
        (Self::Keys, "keys"),
        (Self::TokenReview, "tokenReview"),
        (Self::Instance, "instance"),
        (Self::VirtualMachines, "virtualMachines"),
        (Self::Actions, "actions"),
        (Self::Operations, "operations"),
        (Self::ResourceGraph, "resourceGraph"),
        (Self::Graph, "graph"),
    ];

    /// The service that `method` on `path` is for; ARM's paths are
    /// case-insensitive.
    pub(crate) fn of(entrance: Entrance, method: &Method, path: &str) -> Option<Self> {
        if Source::at(entrance, path).is_some() {
            return Some(Self::Token);
        }
        match entrance {
            Entrance::Azure | Entrance::Secure => Self::of_azure(method, path),
            Entrance::VmExtension | Entrance::Arc | Entrance::ServiceFabric => None,
        }
    }

    /// Whether `path` of this service is at the hosts of `site`.
    pub(crate) fn is_at(self, site: Site, path: &str) -> bool {
        match self {
            Self::Discovery => site == Site::Entra,
            Self::Keys => site == Site::Entra && !kubernetes::is_asked(path),
            Self::Token => site == Site::Entra && entra::tenant(path).is_some(),
            Self::Instance | Self::TokenReview => false,
            Self::VirtualMachines | Self::Actions | Self::Operations | Self::ResourceGraph => {
                site == Site::ResourceManager
            }
            Self::Graph => site == Site::Graph,
        }
    }

    fn of_azure(method: &Method, path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        if path.starts_with("/metadata/") {
            Some(Self::Instance)
        } else if kubernetes::is_asked(&path) {
            kubernetes::Resource::at(&path).map(|resource| match resource {
                kubernetes::Resource::Configuration | kubernetes::Resource::Keys => Self::Keys,
                kubernetes::Resource::TokenReviews => Self::TokenReview,
            })
        } else if let Some(document) = Document::at(&path) {
            Some(match document {
                Document::Instance => Self::Discovery,
                Document::Configuration(..) | Document::Keys(..) => Self::Keys,
            })
        } else if path.starts_with("/subscriptions/") && path.contains("/operations/") {
            Some(Self::Operations)
        } else if path == "/subscriptions" || path.starts_with("/subscriptions/") {
            Some(if method == Method::GET {
                Self::VirtualMachines
            } else {
                Self::Actions
            })
        } else if path.starts_with("/providers/microsoft.resourcegraph/") {
            Some(Self::ResourceGraph)
        } else {
            let is_versioned = path.starts_with("/v1.0/") || path.starts_with("/beta/");
            is_versioned.then_some(Self::Graph)
        }
    }
}

//! The clouds of Azure, and what their services are called.
//!
//! Sources: "National cloud deployments" of Microsoft Graph; Azure/azure-cli
//! `azure/cli/core/cloud.py`; Azure/azure-sdk-for-go `sdk/azcore/arm/runtime`
//! (audiences); "Azure Instance Metadata Service", `azEnvironment`.

/// A cloud of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The one that is meant where nothing is said.
    Public,
    /// Azure Government of the United States.
    UsGov,
    /// Azure in China, operated by 21Vianet.
    China,
}

/// Who a token can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Arm,
    Graph,
}

/// The application id of Microsoft Graph, the same in every cloud.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

impl Cloud {
    /// Its name in instance metadata.
    pub(crate) fn environment(self) -> &'static str {
        match self {
            Self::Public => "AzurePublicCloud",
            Self::UsGov => "AzureUSGovernmentCloud",
            Self::China => "AzureChinaCloud",
        }
    }

    /// The audience that `resource` names here.
    pub(crate) fn audience(self, resource: &str) -> Option<Audience> {
        let resource = resource.trim_end_matches('/');
        if self.resource_manager().contains(&resource) {
            return Some(Audience::Arm);
        }
        let is_graph = resource == GRAPH || self.graph().contains(&resource);
        is_graph.then_some(Audience::Graph)
    }

    fn resource_manager(self) -> [&'static str; 2] {
        match self {
            Self::Public => [
                "https://management.azure.com",
                "https://management.core.windows.net",
            ],
            Self::UsGov => [
                "https://management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net",
            ],
            Self::China => [
                "https://management.chinacloudapi.cn",
                "https://management.core.chinacloudapi.cn",
            ],
        }
    }

    fn graph(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["https://graph.microsoft.com"],
            Self::UsGov => &[
                "https://graph.microsoft.us",
                "https://dod-graph.microsoft.us",
            ],
            Self::China => &["https://microsoftgraph.chinacloudapi.cn"],
        }
    }
}

//! The clouds of Azure, and what their services are called.
//!
//! Sources: "National cloud deployments" of Microsoft Graph; Azure/azure-cli
//! `azure/cli/core/cloud.py`; Azure/azure-sdk-for-go `sdk/azcore/arm/runtime`
//! (audiences); "Azure Instance Metadata Service", `azEnvironment`.

use crate::callers::TokenVersion;

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

/// A service that has hosts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Entra,
    ResourceManager,
    Graph,
}

impl Cloud {
    /// The names of its hosts.
    pub(crate) fn hosts(self) -> impl Iterator<Item = &'static str> {
        let sites = self.sites().into_iter();
        sites.flat_map(|(_, hosts)| hosts.iter().copied())
    }

    /// Whose host `name` is here.
    pub(crate) fn site(self, name: &str) -> Option<Site> {
        let mut sites = self.sites().into_iter();
        let is_its = |hosts: &[&str]| hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
        sites.find_map(|(site, hosts)| is_its(hosts).then_some(site))
    }

    /// The names of the hosts of `site`; the first one is preferred.
    pub(crate) fn hosts_of(self, site: Site) -> impl Iterator<Item = &'static str> {
        let sites = self.sites().into_iter().filter(move |(it, _)| *it == site);
        sites.flat_map(|(_, hosts)| hosts.iter().copied())
    }

    fn sites(self) -> [(Site, &'static [&'static str]); 3] {
        let [entra, arm, graph]: [&[&str]; 3] = match self {
            Self::Public => [
                &["login.microsoftonline.com", "login.microsoft.com"],
                &["management.azure.com"],
                &["graph.microsoft.com"],
            ],
            Self::UsGov => [
                &["login.microsoftonline.us"],
                &["management.usgovcloudapi.net"],
                &["graph.microsoft.us", "dod-graph.microsoft.us"],
            ],
            Self::China => [
                &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
                &["management.chinacloudapi.cn"],
                &["microsoftgraph.chinacloudapi.cn"],
            ],
        };
        [
            (Site::Entra, entra),
            (Site::ResourceManager, arm),
            (Site::Graph, graph),
        ]
    }

    /// Who issues the tokens of `tenant`.
    ///
    /// Sources: "Access tokens in the Microsoft identity platform"; "National clouds"
    /// of the Microsoft identity platform.
    pub(crate) fn issuer(self, version: TokenVersion, tenant: &str) -> String {
        let entra = self.hosts_of(Site::Entra).next().unwrap_or_default();
        match (version, self) {
            (TokenVersion::V2, _) => format!("https://{entra}/{tenant}/v2.0"),
            (TokenVersion::V1, Self::Public | Self::UsGov) => {
                format!("https://sts.windows.net/{tenant}/")
            }
            (TokenVersion::V1, Self::China) => format!("https://sts.chinacloudapi.cn/{tenant}/"),
        }
    }

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

//! The clouds, and where each has what is asked of it.

mod mixed;

use std::{net::IpAddr, str::FromStr};

use url::{Host, Url};
use uuid::Uuid;

use super::{
    EntraVersion,
    reader::{Faulty, Reader},
};

/// One of Azure's clouds: endpoints and audiences follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// Azure as most know it.
    Public,
    /// Azure Government, L4 and GCC High.
    UsGov,
    /// Azure Government, L5.
    UsDod,
    /// Azure operated by 21Vianet.
    China,
}

/// One of the two APIs behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// Scheme, host and port.
    pub(crate) endpoint: Url,
    /// What a token for it is asked for with; an endpoint that stands in for
    /// the real one keeps the real one's.
    pub(crate) audience: &'static str,
}

/// What an endpoint has to be.
pub(super) const ENDPOINT: &str =
    "an https URL of scheme, host and port alone (http is allowed to a loopback address)";

impl FromStr for Cloud {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|cloud| cloud.as_str() == text).ok_or(())
    }
}

impl Cloud {
    pub(crate) const ALL: [Self; 4] = [Self::Public, Self::UsGov, Self::UsDod, Self::China];

    const EXPECTED: &str = "public, usgov, usdod or china";

    /// The value of `MIG_CLOUD`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGov => "usgov",
            Self::UsDod => "usdod",
            Self::China => "china",
        }
    }

    /// Its name in instance metadata, where both of the government's share one.
    ///
    /// Source: "Azure Instance Metadata Service", `azEnvironment`.
    pub(crate) const fn environment(self) -> &'static str {
        match self {
            Self::Public => "AzurePublicCloud",
            Self::UsGov | Self::UsDod => "AzureUSGovernmentCloud",
            Self::China => "AzureChinaCloud",
        }
    }

    /// Source: "National clouds" of Microsoft Graph, and Azure/azure-cli
    /// `azure/cli/core/cloud.py`.
    fn roots(self) -> Roots {
        match self {
            Self::Public => Roots {
                arm: [
                    "https://management.azure.com",
                    "https://management.core.windows.net",
                ],
                arm_audience: "https://management.azure.com/",
                graph: "https://graph.microsoft.com",
                authority: "https://login.microsoftonline.com",
            },
            Self::UsGov => Roots {
                graph: "https://graph.microsoft.us",
                ..US_GOV
            },
            Self::UsDod => US_GOV,
            Self::China => Roots {
                arm: [
                    "https://management.chinacloudapi.cn",
                    "https://management.core.chinacloudapi.cn",
                ],
                arm_audience: "https://management.core.chinacloudapi.cn/",
                graph: "https://microsoftgraph.chinacloudapi.cn",
                authority: "https://login.chinacloudapi.cn",
            },
        }
    }

    /// The names of Resource Manager as an audience, without a slash at their end.
    pub(crate) fn arm_names(self) -> [&'static str; 2] {
        self.roots().arm
    }

    /// Whether tokens for `audience`, in lower case and without a slash at its end, are
    /// for Resource Manager or Graph of any cloud.
    pub(super) fn has_audience(audience: &str) -> bool {
        let is_of = |cloud: Self| {
            let Roots { arm, graph, .. } = cloud.roots();
            graph == audience || arm.contains(&audience)
        };
        [ARM_ID, GRAPH_ID].contains(&audience) || Self::ALL.into_iter().any(is_of)
    }

    /// Who has issued a token of `tenant` of that version.
    ///
    /// Sources: "Microsoft identity platform access tokens" and "Microsoft Entra
    /// authentication and national clouds"; the metadata that each cloud publishes.
    pub(crate) fn issuer(self, version: EntraVersion, tenant: Uuid) -> String {
        let (v1, v2) = match self {
            Self::Public => ("sts.windows.net", "login.microsoftonline.com"),
            Self::UsGov | Self::UsDod => ("sts.windows.net", "login.microsoftonline.us"),
            Self::China => ("sts.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        };
        match version {
            EntraVersion::V1 => format!("https://{v1}/{tenant}/"),
            EntraVersion::V2 => format!("https://{v2}/{tenant}/v2.0"),
        }
    }

    /// Whether `host` issues tokens of Entra ID, in any cloud.
    pub(crate) fn is_of_entra(host: &str) -> bool {
        let tenant = Uuid::nil();
        let versions = [EntraVersion::V1, EntraVersion::V2];
        let mut issuers = Self::ALL
            .into_iter()
            .flat_map(|cloud| versions.map(|version| cloud.issuer(version, tenant)));
        issuers.any(|issuer| issuer.split('/').nth(2) == Some(host))
    }

    /// The cloud that is meant.
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        reader.parsed("MIG_CLOUD", Self::EXPECTED)
    }

    /// Its Entra ID.
    pub(super) fn authority(self) -> Result<Url, Faulty> {
        Url::parse(self.roots().authority).map_err(|_| Faulty)
    }

    /// Resource Manager, at `endpoint` if it is given.
    fn arm(self, endpoint: Option<Url>) -> Option<Upstream> {
        let roots = self.roots();
        upstream(endpoint, roots.arm[0], roots.arm_audience)
    }

    /// Microsoft Graph, at `endpoint` if it is given.
    fn graph(self, endpoint: Option<Url>) -> Option<Upstream> {
        let root = self.roots().graph;
        upstream(endpoint, root, root)
    }
}

/// One cloud, as it is or as parts of it are overridden.
pub(super) struct Azure {
    pub(super) cloud: Cloud,
    pub(super) arm: Upstream,
    pub(super) graph: Upstream,
    /// Entra ID of the cloud.
    pub(super) authority: Url,
}

impl Azure {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let cloud = Cloud::read(reader);
        let arm = reader.optional("MIG_ARM_ENDPOINT", ENDPOINT, endpoint);
        let graph = reader.optional("MIG_GRAPH_ENDPOINT", ENDPOINT, endpoint);
        let cloud = cloud?;
        mixed::refuse(reader, cloud);
        Ok(Self {
            cloud,
            // Told if at fault: what else depends on the cloud is looked at all the same.
            arm: cloud.arm(arm.unwrap_or_default()).ok_or(Faulty)?,
            graph: cloud.graph(graph.unwrap_or_default()).ok_or(Faulty)?,
            authority: cloud.authority()?,
        })
    }
}

struct Roots {
    /// Names of Resource Manager, the endpoint first.
    arm: [&'static str; 2],
    /// The one that tokens for it are asked for with.
    arm_audience: &'static str,
    /// Both endpoint and audience.
    graph: &'static str,
    /// Entra ID.
    authority: &'static str,
}

/// Both clouds of the government but for Graph, which is that of the second.
const US_GOV: Roots = Roots {
    arm: [
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
    ],
    arm_audience: "https://management.core.usgovcloudapi.net/",
    graph: "https://dod-graph.microsoft.us",
    authority: "https://login.microsoftonline.us",
};

/// The applications that Resource Manager and Graph themselves are, in every cloud.
///
/// Source: "Verify first-party Microsoft applications in sign-in reports".
pub(crate) const ARM_ID: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
pub(crate) const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

fn upstream(endpoint: Option<Url>, root: &str, audience: &'static str) -> Option<Upstream> {
    let endpoint = endpoint.or_else(|| Url::parse(root).ok())?;
    Some(Upstream { endpoint, audience })
}

/// Reads an endpoint to which tokens may be sent.
pub(super) fn endpoint(text: &str) -> Option<Url> {
    let url = super::origin(text)?;
    let is_safe = url.scheme() == "https" || address(&url).is_some_and(|it| it.is_loopback());
    is_safe.then_some(url)
}

/// The address that `url` names by itself, without asking anybody.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain("localhost") => Some(IpAddr::from([127, 0, 0, 1])),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_in_clear_to_loopback_alone() {
        for text in [
            "https://arm.example",
            "http://127.0.0.1:4580",
            "http://[::1]:1/",
        ] {
            assert!(endpoint(text).is_some(), "{text}");
        }
        for text in [
            "http://management.azure.com",
            "https://user@arm.example",
            "https://arm.example/path",
            "https://arm.example/?q",
            "ftp://127.0.0.1",
            "arm.example",
        ] {
            assert!(endpoint(text).is_none(), "{text}");
        }
    }

    #[test]
    fn another_endpoint_keeps_the_audience_of_its_cloud() {
        let stand_in = Url::parse("http://127.0.0.1:1").unwrap();
        let arm = Cloud::China.arm(Some(stand_in.clone())).unwrap();
        assert_eq!(arm.endpoint, stand_in);
        assert_eq!(arm.audience, "https://management.core.chinacloudapi.cn/");
    }
}

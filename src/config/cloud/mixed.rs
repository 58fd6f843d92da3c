//! Settings that belong to two clouds at once.

use url::Url;

use super::{Cloud, Reader, endpoint};

const ENDPOINTS: [&str; 4] = [
    "MIG_ARM_ENDPOINT",
    "MIG_GRAPH_ENDPOINT",
    "MIG_ENTRA_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
];

/// Refuses endpoints of another cloud than `cloud`: a token of the one is worth
/// nothing in the other, and must not be shown there. An endpoint of no known
/// cloud stands in for the real one, and may.
pub(super) fn refuse(reader: &mut Reader, cloud: Cloud) {
    for name in ENDPOINTS {
        let url = reader.given(name).and_then(|text| endpoint(text.trim()));
        let Some(host) = url.as_ref().and_then(Url::host_str) else {
            continue;
        };
        let mut owners = Cloud::ALL.into_iter().filter(|it| it.has(host)).peekable();
        let Some(owner) = owners.peek().copied() else {
            continue;
        };
        if !owners.any(|owner| owner == cloud) {
            reader.fault(format!(
                "{name} is of the cloud {}, and MIG_CLOUD is {}: settings of two clouds cannot be \
                 mixed",
                owner.as_str(),
                cloud.as_str()
            ));
        }
    }
}

/// Another name for Entra ID of China, beside the one that tokens come from.
const CHINA_PARTNER: &str = "login.partner.microsoftonline.cn";

impl Cloud {
    /// Whether `host` is one of this cloud's.
    fn has(self, host: &str) -> bool {
        let roots = self.roots();
        let [arm, other] = roots.arm;
        let is_root = [arm, other, roots.graph, roots.authority]
            .iter()
            .any(|root| root.strip_prefix("https://") == Some(host));
        is_root || (self == Self::China && host == CHINA_PARTNER)
    }
}

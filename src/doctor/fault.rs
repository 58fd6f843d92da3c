//! What is behind a failure of the identity endpoint, and what mends it.

use super::Check;
use crate::{
    config::{Access, Config, IdentityId, Source},
    http,
    identity::TokenError,
    telemetry::chain,
};

/// The check `name` of a token failed because of `error`.
pub(super) fn of_token(name: &'static str, error: &TokenError, config: &Config) -> Check {
    let identity = &config.identity;
    let words = error.refusal().and_then(|it| it.message.as_deref());
    let detail = match words {
        Some(words) => format!("{}: {words}", chain(error)),
        None => chain(error),
    };
    let check = Check::failed(name, error.code(), detail);
    let mut steps: Vec<String> = error.mend().map(str::to_owned).into_iter().collect();
    steps.extend(match error.code() {
        "identity_not_assigned" => Some(assignment(&identity.id, &identity.source)),
        "identity_ambiguous" => Some(IDENTITIES.to_owned()),
        "audience_unknown" => Some(format!("now it is MIG_CLOUD={}", config.cloud.as_str())),
        "not_imds" => Some(format!("what answers is at {}", endpoint(&identity.source))),
        "unreachable" => Some(trial(&identity.source)),
        "failing" | "throttled" => Some("try again in two minutes".to_owned()),
        _ => None,
    });
    if steps.is_empty() {
        return check;
    }
    check.mend(steps.join("; "))
}

/// The check `name` of instance metadata failed because of `error`.
pub(super) fn of_metadata(name: &'static str, error: &http::Error, source: &Source) -> Check {
    let endpoint = endpoint(source);
    let detail = format!(
        "instance metadata does not answer at {endpoint}: {}",
        chain(error)
    );
    let (code, mend) = match error {
        http::Error::Refused(refusal) if is_failing(refusal.status.as_u16()) => {
            ("failing", "try again in two minutes".to_owned())
        }
        http::Error::Refused(_)
        | http::Error::Malformed(_)
        | http::Error::TooLong(_)
        | http::Error::Untrusted(_) => (
            "not_imds",
            format!("see what answers at {endpoint}: a proxy or sidecar is in the way"),
        ),
        http::Error::Timeout(_)
        | http::Error::ConnectionRefused
        | http::Error::Unreachable(_)
        | http::Error::Interrupted(_) => ("unreachable", trial(source)),
    };
    Check::failed(name, code, detail).mend(mend)
}

/// Source: "Azure Instance Metadata Service", errors.
fn is_failing(status: u16) -> bool {
    matches!(status, 404 | 410 | 429 | 500 | 503)
}

const IDENTITIES: &str =
    "az identity list --query '[].{name:name,clientId:clientId}' --output table";

/// Where the way to the endpoint may be blocked, and a command that tries it.
fn trial(source: &Source) -> String {
    let endpoint = endpoint(source);
    match &source.access {
        Access::Imds(_) => format!(
            "let the gateway reach {endpoint}, past no proxy: see network policies, iptables and, \
             on AKS, podLinkLocalAccess of the node pool; a host outside of Azure has none. To \
             try it: curl --verbose --noproxy '*' --header 'Metadata: true' '{endpoint}/metadata/\
             instance?api-version=2021-02-01'"
        ),
        Access::AppService { .. } => format!(
            "see whether an identity is assigned to the app, and reaches this container: an init \
             container has none in a consumption-only environment. To try it: curl --verbose \
             --noproxy '*' {endpoint}"
        ),
        Access::Workload { .. } => format!(
            "let the gateway reach {endpoint}: see network policies and the firewall of the \
             cluster. To try it: curl --verbose {endpoint}"
        ),
        Access::AzureCli { .. } => "az account get-access-token --output none".to_owned(),
        Access::Msi { .. }
        | Access::CloudShell(_)
        | Access::VmExtension { .. }
        | Access::Arc { .. }
        | Access::ServiceFabric { .. } => format!(
            "see whether the identity service of this host runs, at {endpoint}. To try it: curl \
             --verbose --insecure --noproxy '*' {endpoint}"
        ),
    }
}

fn endpoint(source: &Source) -> String {
    match &source.access {
        Access::Imds(endpoint)
        | Access::CloudShell(endpoint)
        | Access::AppService { endpoint, .. }
        | Access::Msi { endpoint, .. }
        | Access::VmExtension { endpoint, .. }
        | Access::Arc { endpoint, .. }
        | Access::ServiceFabric { endpoint, .. }
        | Access::Workload {
            authority: endpoint,
            ..
        } => endpoint.origin().ascii_serialization(),
        Access::AzureCli { .. } => "az".to_owned(),
    }
}

/// How the identity gets to the host.
fn assignment(id: &IdentityId, source: &Source) -> String {
    let (command, option) = match &source.access {
        Access::AppService { .. } | Access::Msi { .. } if *id == IdentityId::System => {
            return "az containerapp identity assign --resource-group GROUP --name APP \
                    --system-assigned, or name a user-assigned one that the app has by \
                    AZURE_CLIENT_ID"
                .to_owned();
        }
        Access::AppService { .. } | Access::Msi { .. } => (
            "az containerapp identity assign --resource-group GROUP --name APP",
            "--user-assigned",
        ),
        Access::Imds(_) | Access::VmExtension { .. } if *id == IdentityId::System => {
            return "az vm identity assign --resource-group GROUP --name VM".to_owned();
        }
        Access::Imds(_) | Access::VmExtension { .. } => (
            "az vm identity assign --resource-group GROUP --name VM",
            "--identities",
        ),
        Access::Workload { .. } => {
            return "az ad sp show --id $AZURE_CLIENT_ID, to see whether it is in the tenant of \
                    AZURE_TENANT_ID"
                .to_owned();
        }
        Access::CloudShell(_)
        | Access::Arc { .. }
        | Access::ServiceFabric { .. }
        | Access::AzureCli { .. } => {
            return "the identity of such a host is chosen where the host is set up".to_owned();
        }
    };
    match id {
        IdentityId::ResourceId(id) => format!("{command} {option} '{id}'"),
        IdentityId::System | IdentityId::ClientId(_) | IdentityId::ObjectId(_) => format!(
            "{command} {option} ID, where ID is the resource id of the identity that the \
             configuration names; or name another that the host has"
        ),
    }
}

//! What is behind a failure of the identity endpoint, and what mends it.

use super::Check;
use crate::{
    config::{Config, Credential, IdentityId, Source, SourceKind},
    http,
    identity::{Diagnosis, TokenError},
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
    steps.extend(match error.diagnosis() {
        Diagnosis::NotAssigned | Diagnosis::NotInTenant => {
            Some(assignment(&identity.id, &identity.source))
        }
        Diagnosis::Ambiguous => Some(IDENTITIES.to_owned()),
        Diagnosis::AudienceUnknown => {
            Some(format!("now it is MIG_CLOUD={}", config.cloud.as_str()))
        }
        Diagnosis::NotImds => Some(format!("what answers is at {}", endpoint(&identity.source))),
        Diagnosis::Unreachable => Some(trial(&identity.source)),
        Diagnosis::Failing | Diagnosis::Throttled => Some("try again in two minutes".to_owned()),
        Diagnosis::MetadataHeaderMissing
        | Diagnosis::HeaderRefused
        | Diagnosis::AssertionExpired
        | Diagnosis::NotFederated
        | Diagnosis::KeyUnusable
        | Diagnosis::AssertionUnreadable
        | Diagnosis::CliUnusable
        | Diagnosis::WrongIdentity
        | Diagnosis::WrongAudience
        | Diagnosis::Expired
        | Diagnosis::NotUnderstood
        | Diagnosis::Refused
        | Diagnosis::Rejected
        | Diagnosis::Waiting
        | Diagnosis::Stopping => None,
    });
    if steps.is_empty() {
        return check;
    }
    check.mend(steps.join("; "))
}

/// The check `name` of instance metadata failed because of `error`.
pub(super) fn of_metadata(name: &'static str, error: &http::Error, source: &Source) -> Check {
    let endpoint = source
        .instance_metadata()
        .map_or_else(|| endpoint(source), |it| it.origin().ascii_serialization());
    let detail = format!(
        "instance metadata does not answer at {endpoint}: {}",
        chain(error)
    );
    let (code, mend) = match error {
        http::Error::Refused(refusal) if is_failing(refusal) => {
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
        | http::Error::Interrupted(_)
        | http::Error::Truncated(_)
        | http::Error::Open(_)
        | http::Error::Busy(_) => ("unreachable", metadata_trial(&endpoint)),
    };
    Check::failed(name, code, detail).mend(mend)
}

/// Source: "Azure Instance Metadata Service", errors.
fn is_failing(refusal: &http::Refusal) -> bool {
    let server = refusal.server.as_deref().unwrap_or_default();
    match refusal.status.as_u16() {
        410 | 429 | 500 | 503 => true,
        // Any other server says so of a path that it does not know.
        404 => server.starts_with("IMDS/"),
        _ => false,
    }
}

fn metadata_trial(endpoint: &str) -> String {
    format!(
        "let the gateway reach {endpoint}, past no proxy: see network policies, iptables and, on \
         AKS, podLinkLocalAccess of the node pool; a host outside of Azure has none. To try it: \
         curl --verbose --noproxy '*' --header 'Metadata: true' '{endpoint}/metadata/instance\
         ?api-version=2021-02-01'"
    )
}

const IDENTITIES: &str =
    "az identity list --query '[].{name:name,clientId:clientId}' --output table";

/// Where the way to the endpoint may be blocked, and a command that tries it.
fn trial(source: &Source) -> String {
    let endpoint = endpoint(source);
    match &source.credential {
        Credential::Imds(_) => metadata_trial(&endpoint),
        Credential::AppService { .. } => format!(
            "see whether an identity is assigned to the app, and reaches this container: an init \
             container has none in a consumption-only environment. To try it: curl --verbose \
             --noproxy '*' {endpoint}"
        ),
        Credential::Workload { .. } => format!(
            "let the gateway reach {endpoint}: see network policies and the firewall of the \
             cluster. To try it: curl --verbose {endpoint}"
        ),
        Credential::AzureCli { .. } => "az account get-access-token --output none".to_owned(),
        Credential::Msi { .. }
        | Credential::CloudShell(_)
        | Credential::VmExtension { .. }
        | Credential::Arc { .. }
        | Credential::ServiceFabric { .. } => format!(
            "see whether the identity service of this host runs, at {endpoint}. To try it: curl \
             --verbose --insecure --noproxy '*' {endpoint}"
        ),
    }
}

fn endpoint(source: &Source) -> String {
    match &source.credential {
        Credential::Imds(endpoint)
        | Credential::CloudShell(endpoint)
        | Credential::AppService { endpoint, .. }
        | Credential::Msi { endpoint, .. }
        | Credential::VmExtension { endpoint, .. }
        | Credential::Arc { endpoint, .. }
        | Credential::ServiceFabric { endpoint, .. }
        | Credential::Workload {
            authority: endpoint,
            ..
        } => endpoint.origin().ascii_serialization(),
        Credential::AzureCli { .. } => "az".to_owned(),
    }
}

/// How the identity gets to the host.
///
/// Sources: the references of the Azure CLI, `az vm identity`, `az containerapp
/// identity`, `az webapp identity` and `az functionapp identity`.
fn assignment(id: &IdentityId, source: &Source) -> String {
    match &source.credential {
        Credential::Imds(_) | Credential::VmExtension { .. } => assigned(
            "az vm identity assign --resource-group GROUP --name VM",
            id,
            "",
            "--identities",
        ),
        Credential::AppService { .. } => {
            let container = assigned(
                "az containerapp identity assign --resource-group GROUP --name APP",
                id,
                " --system-assigned",
                "--user-assigned",
            );
            format!(
                "in Container Apps: {container}; in App Service: {}",
                of_app(id)
            )
        }
        Credential::Msi { .. } if source.kind == SourceKind::MachineLearning => {
            "the identity is that of the compute in Azure Machine Learning, and is assigned there: \
             az ml compute show --resource-group GROUP --workspace-name WORKSPACE --name COMPUTE \
             --query identity"
                .to_owned()
        }
        Credential::Msi { .. } => of_app(id),
        Credential::Workload { .. } => {
            "az ad sp show --id $AZURE_CLIENT_ID, to see whether it is in the tenant of \
             AZURE_TENANT_ID"
                .to_owned()
        }
        Credential::CloudShell(_)
        | Credential::Arc { .. }
        | Credential::ServiceFabric { .. }
        | Credential::AzureCli { .. } => {
            "the identity of such a host is chosen where the host is set up".to_owned()
        }
    }
}

/// The command for App Service; that for Functions takes the same.
fn of_app(id: &IdentityId) -> String {
    let command = assigned(
        "az webapp identity assign --resource-group GROUP --name APP",
        id,
        "",
        "--identities",
    );
    format!("{command} (in Functions: az functionapp identity assign, with the same options)")
}

/// `command` for `id`: with `own` for the identity that comes with the host, and
/// with `named` before another's resource id.
fn assigned(command: &str, id: &IdentityId, own: &str, named: &str) -> String {
    match id {
        IdentityId::System => {
            format!("{command}{own}, or name by AZURE_CLIENT_ID a user-assigned one that it has")
        }
        IdentityId::ResourceId(id) => format!("{command} {named} '{id}'"),
        IdentityId::ClientId(_) | IdentityId::ObjectId(_) => format!(
            "{command} {named} ID, where ID is the resource id of the identity that the \
             configuration names; or name another that the host has"
        ),
    }
}

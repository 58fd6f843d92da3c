//! The environment, sifted: what of it is ours, as text.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
};

use serde::Deserialize;

use super::{VARIABLES, identity::BINDINGS, reader::Reader};

/// How the names begin that nobody else uses.
pub(super) const PREFIX: &str = "MIG_";

/// How the names of OpenTelemetry's begin.
pub(super) const OTEL: &str = "OTEL_";

/// Variables that are read for nothing but what they say of the host.
const MARKERS: [&str; 3] = [
    "HOSTNAME",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
];

/// The gateway's own variables as text, without their prefix.
///
/// `envy` alone would stop at the first bad value and, for types that parse
/// from text, not say which variable held it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw {
    pub(super) listen: Option<String>,
    pub(super) admin_listen: Option<String>,
    pub(super) tls_certificate_file: Option<String>,
    pub(super) tls_key_file: Option<String>,
    pub(super) tls_client_ca_file: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) docs: Option<String>,
    pub(super) trusted_proxies: Option<String>,
    pub(super) forwarded_headers: Option<String>,
    pub(super) workers: Option<String>,
    pub(super) cloud: Option<String>,
    pub(super) arm_endpoint: Option<String>,
    pub(super) graph_endpoint: Option<String>,
    pub(super) entra_endpoint: Option<String>,
    pub(super) auth: Option<String>,
    pub(super) auth_tenant: Option<String>,
    pub(super) auth_audience: Option<String>,
    pub(super) auth_versions: Option<String>,
    pub(super) auth_issuers: Option<String>,
    pub(super) auth_kubernetes_audience: Option<String>,
    pub(super) kubernetes_endpoint: Option<String>,
    pub(super) kubernetes_token_file: Option<String>,
    pub(super) kubernetes_ca_file: Option<String>,
    pub(super) imds_endpoint: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) allow_managed: Option<String>,
    pub(super) allow_self: Option<String>,
    pub(super) policy_file: Option<String>,
    pub(super) vm_update: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) directory_max_age: Option<String>,
    pub(super) directory_stale_if_error: Option<String>,
    pub(super) directory_cache: Option<String>,
    pub(super) directory_poll: Option<String>,
    pub(super) directory_most_users: Option<String>,
    pub(super) vm_extension_endpoint: Option<String>,
    pub(super) arc_key_folder: Option<String>,
    pub(super) identity_source: Option<String>,
    pub(super) identity_object_id: Option<String>,
    pub(super) identity_resource_id: Option<String>,
    pub(super) identity_spread: Option<String>,
    pub(super) upstream_timeout: Option<String>,
    pub(super) token_wait: Option<String>,
    pub(super) upstream_concurrency: Option<String>,
    pub(super) operation_limit: Option<String>,
    pub(super) connection_limit: Option<String>,
    pub(super) body_limit: Option<String>,
    pub(super) header_limit: Option<String>,
    pub(super) shutdown_delay: Option<String>,
    pub(super) shutdown_grace: Option<String>,
    pub(super) audit_file: Option<String>,
    pub(super) caller_changes: Option<String>,
    pub(super) group_changes: Option<String>,
    pub(super) log: Option<String>,
    pub(super) log_format: Option<String>,
}

/// Variables that Azure's hosts and Kubernetes set; their names are theirs.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are Azure's")]
pub(super) struct Host {
    pub(super) azure_authority_host: Option<String>,
    pub(super) azure_client_id: Option<String>,
    pub(super) azure_federated_token_file: Option<String>,
    pub(super) azure_tenant_id: Option<String>,
    pub(super) default_identity_client_id: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) identity_endpoint: Option<String>,
    pub(super) identity_header: Option<String>,
    pub(super) identity_server_thumbprint: Option<String>,
    #[serde(rename = "kubernetes_service_host")]
    pub(super) kubernetes: Option<String>,
    pub(super) kubernetes_service_port: Option<String>,
    pub(super) msi_endpoint: Option<String>,
    pub(super) msi_secret: Option<String>,
    /// The names of all that is set, ours among them.
    #[serde(skip)]
    pub(super) names: BTreeSet<String>,
}

/// OpenTelemetry's own variables, without their prefix.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Otel {
    pub(super) exporter_otlp_endpoint: Option<String>,
    pub(super) exporter_otlp_traces_endpoint: Option<String>,
    pub(super) exporter_otlp_metrics_endpoint: Option<String>,
    pub(super) exporter_otlp_headers: Option<String>,
    pub(super) exporter_otlp_protocol: Option<String>,
    pub(super) exporter_otlp_timeout: Option<String>,
    pub(super) service_name: Option<String>,
    pub(super) resource_attributes: Option<String>,
    pub(super) traces_sampler: Option<String>,
    pub(super) traces_sampler_arg: Option<String>,
    pub(super) metric_export_interval: Option<String>,
    pub(super) traces_exporter: Option<String>,
    pub(super) metrics_exporter: Option<String>,
    pub(super) sdk_disabled: Option<String>,
}

impl Host {
    /// Whether the variable is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Those of `vars` that have one of our names, letter for letter: `envy` would
/// take `mig_workers` for `MIG_WORKERS`. An empty value counts as none, as Helm
/// renders a blank.
///
/// A value that is not text is a fault and counts as set all the same: else a
/// second fault would say that it is missing.
pub(super) fn ours(
    reader: &mut Reader,
    vars: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<String, String> {
    let mut ours = BTreeMap::new();
    for (name, value) in vars {
        let name = name.to_string_lossy().into_owned();
        if value.is_empty() {
            continue;
        }
        if !is_ours(&name) {
            reader.refuse_misspelt(&name);
            continue;
        }
        if value.to_str().is_none() {
            reader.fault(format!("{name} is not valid UTF-8"));
        }
        if ours.contains_key(&name) {
            reader.fault(format!("{name} is set twice"));
        }
        ours.insert(name, value.to_string_lossy().into_owned());
    }
    ours
}

fn is_ours(name: &str) -> bool {
    VARIABLES.iter().any(|variable| variable.name == name)
        || BINDINGS.contains(&name)
        || MARKERS.contains(&name)
}

//! Callers with service-account tokens that the cluster itself reviews.

use std::path::PathBuf;

use url::Url;

use super::audience;
use crate::config::{
    cloud::address,
    environment::{Host, Raw},
    identity::{ABSOLUTE, absolute},
    reader::Reader,
};

/// Who reviews tokens, and what they have to be for.
#[derive(Clone, Debug)]
pub(crate) struct Reviews {
    /// The API server.
    pub(crate) endpoint: Url,
    pub(crate) audience: String,
    /// The gateway's own token there; the cluster replaces it now and then.
    pub(crate) token: PathBuf,
    /// Who has signed the certificate of the API server.
    pub(crate) authority: PathBuf,
}

const ENDPOINT: &str = "an https URL without a query (http is allowed to a loopback address)";

/// It may have a path: proxies before several clusters tell them apart by it.
fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => address(&url).is_some_and(|it| it.is_loopback()),
        _ => false,
    };
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_safe && is_bare).then_some(url)
}

const AUDIENCE: &str = "an audience of the gateway's own, for which pods have a token projected";

impl Reviews {
    pub(super) fn read(reader: &mut Reader, raw: &Raw, host: &Host) -> Option<Self> {
        let endpoint = reader.required(
            "MIG_KUBERNETES_ENDPOINT",
            raw.kubernetes_endpoint
                .as_deref()
                .or(in_cluster(host).as_deref()),
            ENDPOINT,
            endpoint,
        );
        let audience = reader.required(
            "MIG_AUTH_KUBERNETES_AUDIENCE",
            raw.auth_kubernetes_audience.as_deref(),
            AUDIENCE,
            audience,
        );
        let mut file = |name, given: &Option<String>| {
            reader.required(name, given.as_deref(), ABSOLUTE, absolute)
        };
        let token = file("MIG_KUBERNETES_TOKEN_FILE", &raw.kubernetes_token_file);
        let authority = file("MIG_KUBERNETES_CA_FILE", &raw.kubernetes_ca_file);
        Some(Self {
            endpoint: endpoint?,
            audience: audience?,
            token: token?,
            authority: authority?,
        })
    }
}

/// Where a pod finds the API server.
///
/// Source: "Accessing the Kubernetes API from a Pod".
fn in_cluster(host: &Host) -> Option<String> {
    let name = host.kubernetes.as_deref()?;
    let port = host.kubernetes_service_port.as_deref().unwrap_or("443");
    Some(if name.contains(':') {
        format!("https://[{name}]:{port}")
    } else {
        format!("https://{name}:{port}")
    })
}

//! Callers with service-account tokens that the cluster itself reviews.

use std::path::PathBuf;

use url::Url;

use super::audience;
use crate::config::{
    form::base,
    identity::{ABSOLUTE, absolute},
    reader::{Faulty, Reader},
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

const NAME: &str = "MIG_KUBERNETES_ENDPOINT";

/// It may have a path: proxies before several clusters tell them apart by it.
const ENDPOINT: &str = "an https URL without a query (http is allowed to a loopback address)";

const AUDIENCE: &str = "an audience of the gateway's own, for which pods have a token projected";

impl Reviews {
    /// The API server, if it is said.
    pub(super) fn endpoint(reader: &mut Reader) -> Result<Option<Url>, Faulty> {
        reader.optional(NAME, ENDPOINT, base)
    }

    pub(super) fn read(
        reader: &mut Reader,
        endpoint: Result<Option<Url>, Faulty>,
    ) -> Result<Self, Faulty> {
        let endpoint = match endpoint {
            Ok(None) => api_server(reader),
            Ok(Some(url)) => Ok(url),
            Err(faulty) => Err(faulty),
        };
        let audience = reader.required("MIG_AUTH_KUBERNETES_AUDIENCE", AUDIENCE, audience);
        let token = reader.required("MIG_KUBERNETES_TOKEN_FILE", ABSOLUTE, absolute);
        let authority = reader.required("MIG_KUBERNETES_CA_FILE", ABSOLUTE, absolute);
        Ok(Self {
            endpoint: endpoint?,
            audience: audience?,
            token: token?,
            authority: authority?,
        })
    }
}

/// As the cluster says.
fn api_server(reader: &mut Reader) -> Result<Url, Faulty> {
    let Some(text) = in_cluster(reader) else {
        return reader.required(NAME, ENDPOINT, base);
    };
    base(&text).ok_or_else(|| {
        reader.fault(format!(
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make {text:?}, expected \
             {ENDPOINT}: set {NAME} to one"
        ))
    })
}

/// Where a pod finds the API server.
///
/// Source: "Accessing the Kubernetes API from a Pod".
fn in_cluster(reader: &Reader) -> Option<String> {
    let name = reader.given("KUBERNETES_SERVICE_HOST")?;
    let port = reader.given("KUBERNETES_SERVICE_PORT").unwrap_or("443");
    Some(if name.contains(':') {
        format!("https://[{name}]:{port}")
    } else {
        format!("https://{name}:{port}")
    })
}

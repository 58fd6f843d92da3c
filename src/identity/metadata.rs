//! Which virtual machine the gateway runs on, from instance metadata.

use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

use crate::http::{Cause, Client, Deadline, Error, Request, Response, RetryPolicy};

/// The version with which the fields are read; a service that does not know it
/// names one that it knows.
const VERSION: &str = "2021-02-01";

/// The part `compute` of instance metadata, as far as it is used. IMDS writes
/// an empty text where it has no value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceMetadata {
    pub(crate) subscription_id: String,
    pub(crate) resource_group_name: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) resource_id: String,
    /// The cloud that the host is in, such as `AzurePublicCloud`.
    #[serde(default)]
    pub(crate) az_environment: String,
}

/// Asks the instance metadata service at `endpoint` about its machine.
pub(crate) async fn instance(
    client: &Client,
    endpoint: &Url,
    deadline: Deadline,
) -> Result<InstanceMetadata, Error> {
    let answer = match ask(client, endpoint, VERSION, deadline).await {
        Err(Error::Refused(refusal)) => match &refusal.newest_version {
            Some(known) => ask(client, endpoint, known, deadline).await,
            None => Err(Error::Refused(refusal)),
        },
        answer => answer,
    };
    InstanceMetadata::read(&answer?.body)
}

impl InstanceMetadata {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Malformed(Cause::new(&error)))
    }
}

async fn ask(
    client: &Client,
    endpoint: &Url,
    version: &str,
    deadline: Deadline,
) -> Result<Response, Error> {
    let url = url(endpoint, version);
    let request = Request::get(url.as_str(), "instance").header(
        HeaderName::from_static("metadata"),
        HeaderValue::from_static("true"),
    );
    client.send(&request, deadline, RetryPolicy::INLINE).await
}

/// Where `version` of it is asked for.
pub(super) fn url(endpoint: &Url, version: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path("/metadata/instance/compute");
    url.query_pairs_mut().append_pair("api-version", version);
    url
}

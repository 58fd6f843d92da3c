//! The endpoints that hand out tokens, and how each wants to be asked.

use std::{sync::Arc, time::Duration};

use actix_web::http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use url::Url;

use super::{Gate, Resource, TokenError, response, response::Grant};
use crate::{
    config::{Config, IdentityId, Source},
    http::{self, Client, Deadline, Request},
    metrics::Metrics,
};

/// One try; an endpoint of this host that takes longer is asked again.
const ATTEMPT: Duration = Duration::from_secs(5);

/// A token answer is some 4 KiB.
const BODY_LIMIT: usize = 64 * 1024;

/// Source: how-to-use-vm-token; every later version answers the same.
const IMDS_VERSION: &str = "2018-02-01";

/// Source: "REST endpoint reference" of App Service and Container Apps.
const APP_SERVICE_VERSION: &str = "2019-08-01";

/// Whether the host may answer from a cache of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostCache {
    /// The usual case.
    Use,
    /// Ask for a token that is newly issued, where the endpoint can be asked.
    PassBy,
}

/// The client for endpoints of this host: no TLS, no proxy, small answers.
pub(crate) fn client(metrics: Metrics) -> Client {
    let profile = http::Profile {
        service: "identity",
        connect: Duration::from_secs(1),
        body_limit: BODY_LIMIT,
        tls: None,
    };
    Client::new(profile, metrics)
}

/// The configured endpoint, as one worker reaches it.
#[derive(Clone)]
pub(crate) struct TokenSource {
    client: Client,
    plan: Arc<Plan>,
}

impl TokenSource {
    /// The source that `plan` describes.
    pub(crate) fn new(client: Client, plan: Arc<Plan>) -> Self {
        Self { client, plan }
    }

    /// The source's name in metrics.
    pub(crate) fn label(&self) -> &'static str {
        self.plan.label
    }

    /// Which identity it is asked for.
    pub(super) fn id(&self) -> &IdentityId {
        &self.plan.id
    }

    /// What a token for `resource` is asked for with.
    pub(super) fn audience(&self, resource: Resource) -> &'static str {
        self.plan.audiences[place(resource)]
    }

    /// Whether it can be asked to pass by its host's cache.
    pub(crate) fn has_bypass(&self) -> bool {
        let urls = &self.plan.urls[0];
        urls.usual != urls.newly_issued
    }

    /// Asks once for a token for `resource`.
    pub(crate) async fn fetch(
        &self,
        resource: Resource,
        host_cache: HostCache,
    ) -> Result<Grant, TokenError> {
        let url = self.plan.url(resource, host_cache);
        let (name, value) = self.plan.header.clone();
        let request = Request::get(url, "token").header(name, value);
        let _turn = match &self.plan.gate {
            Some(gate) => gate.pass().await,
            None => None,
        };
        let answer = self
            .client
            .exchange(&request, Deadline::after(ATTEMPT))
            .await;
        let answer = answer.map_err(TokenError::from_exchange)?;
        response::read(&answer.body, Timestamp::now()).map_err(TokenError::Unusable)
    }
}

/// How the endpoint is asked; the same for all workers.
pub(crate) struct Plan {
    label: &'static str,
    id: IdentityId,
    audiences: [&'static str; Resource::ALL.len()],
    urls: [Urls; Resource::ALL.len()],
    header: (HeaderName, HeaderValue),
    gate: Option<Gate>,
}

struct Urls {
    usual: String,
    newly_issued: String,
}

impl Plan {
    /// The plan for `config`. The identity header of App Service goes into
    /// requests to the endpoint that it came with, and nowhere else.
    pub(crate) fn new(config: &Config) -> Self {
        let audiences = [config.arm.audience, config.graph.audience];
        let id = &config.identity.id;
        match &config.identity.source {
            Source::Imds { endpoint } => Self {
                label: "imds",
                id: id.clone(),
                audiences,
                urls: audiences.map(|audience| imds_urls(endpoint, audience, id)),
                header: (
                    HeaderName::from_static("metadata"),
                    HeaderValue::from_static("true"),
                ),
                gate: Some(Gate::new()),
            },
            Source::AppService { endpoint, header } => Self {
                label: "app_service",
                id: id.clone(),
                audiences,
                urls: audiences.map(|audience| app_service_urls(endpoint, audience, id)),
                header: (HeaderName::from_static("x-identity-header"), header.clone()),
                gate: None,
            },
        }
    }

    fn url(&self, resource: Resource, host_cache: HostCache) -> &str {
        let urls = &self.urls[place(resource)];
        match host_cache {
            HostCache::Use => &urls.usual,
            HostCache::PassBy => &urls.newly_issued,
        }
    }
}

/// `msi_res_id` and not `mi_res_id`: Container Instances know only the former.
/// Where `resource` stands in what is kept for each.
fn place(resource: Resource) -> usize {
    match resource {
        Resource::Arm => 0,
        Resource::Graph => 1,
    }
}

fn imds_urls(endpoint: &Url, audience: &str, id: &IdentityId) -> Urls {
    let mut url = endpoint.clone();
    url.set_path("/metadata/identity/oauth2/token");
    url.query_pairs_mut()
        .append_pair("api-version", IMDS_VERSION)
        .append_pair("resource", audience)
        .extend_pairs(id_parameter(id, ["client_id", "object_id", "msi_res_id"]));
    let usual = url.to_string();
    // In the API specification of IMDS: "must be retrieved from Azure AD".
    url.query_pairs_mut().append_pair("bypass_cache", "true");
    Urls {
        usual,
        newly_issued: url.into(),
    }
}

fn app_service_urls(endpoint: &Url, audience: &str, id: &IdentityId) -> Urls {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("api-version", APP_SERVICE_VERSION)
        .append_pair("resource", audience)
        .extend_pairs(id_parameter(id, ["client_id", "principal_id", "mi_res_id"]));
    let usual = String::from(url);
    Urls {
        newly_issued: usual.clone(),
        usual,
    }
}

/// The identity's parameter; `names` are those of client, object and resource
/// id at this source.
fn id_parameter<'a>(id: &'a IdentityId, names: [&'a str; 3]) -> Option<(&'a str, &'a str)> {
    let [client, object, resource] = names;
    match id {
        IdentityId::System => None,
        IdentityId::ClientId(id) => Some((client, id)),
        IdentityId::ObjectId(id) => Some((object, id)),
        IdentityId::ResourceId(id) => Some((resource, id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_gets_the_identity_in_its_own_spelling() {
        let endpoint = Url::parse("http://127.0.0.1:1/msi/token").unwrap();
        let id = "/subscriptions/s/resourcegroups/g/providers/x/y/id".to_owned();
        let id = IdentityId::ResourceId(id);
        let encoded = "=%2Fsubscriptions%2Fs%2Fresourcegroups%2Fg%2Fproviders%2Fx%2Fy%2Fid";
        let imds = imds_urls(&endpoint, "https://graph.microsoft.com", &id);
        assert!(imds.usual.ends_with(&format!("&msi_res_id{encoded}")));
        assert!(imds.newly_issued.ends_with("&bypass_cache=true"));
        let app_service = app_service_urls(&endpoint, "https://graph.microsoft.com", &id);
        assert!(app_service.usual.ends_with(&format!("&mi_res_id{encoded}")));
    }
}

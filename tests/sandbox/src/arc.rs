//! The agent of a server that Azure Arc manages.
//!
//! It lets a program prove that it may read the agent's files before it hands
//! out a token.
//!
//! Sources: "Authenticate against Azure resources with Azure Arc-enabled
//! servers" (endpoint, challenge, versions);
//! AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/managedidentity.go` (the realm, ids and their echo). Only
//! the challenge is documented word for word; other refusals are worded as those
//! of instance metadata.

mod challenge;

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

pub use challenge::ArcFault;
pub(crate) use challenge::{Keys, spoilt};

use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
    imds::{self, Refusal},
    query::Query,
    settings::Identity,
    tokens::{Freshness, Issued},
};

/// Where it is, on a port of its own: 40342 on a real server.
pub(crate) const PATH: &str = "/metadata/identity/oauth2/token";

const VERSIONS: [&str; 3] = ["2019-11-01", "2020-06-01", "2021-02-01"];

/// `GET $IDENTITY_ENDPOINT`, the first time and the second
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    granted(azure, asked).unwrap_or_else(|refusal| *refusal)
}

fn granted(azure: &Azure, asked: &Asked) -> Result<Response<Body>, Refusal> {
    let (recorded, query) = (&asked.recorded, &asked.query);
    if recorded.method != "GET" {
        let why = "The request method is not allowed.";
        return Err(Box::new(imds::fault(405, "method_not_allowed", why)));
    }
    if recorded.header("metadata") != Some("true") {
        return imds::refused("Required metadata header not specified");
    }
    let version = query.get("api-version");
    if !version.is_some_and(|version| VERSIONS.contains(&version)) {
        return imds::refused("The api-version is invalid or was not specified.");
    }
    if !azure.arc.admits(recorded.header("authorization")) {
        return Err(Box::new(challenge::challenged(azure)));
    }
    let Some(resource) = query.get("resource") else {
        return imds::refused("Required audience parameter not specified");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        let why = format!("AADSTS500011: The resource {resource} was not found.");
        return Err(Box::new(imds::fault(400, "invalid_resource", &why)));
    }
    let Some((identity, echo)) = identity(azure, query) else {
        return imds::refused("Identity not found");
    };
    let issued = azure.tokens.issue(resource, &identity, Freshness::Cached);
    Ok(answer(200, &body(azure, resource, &issued, echo)))
}

/// Whether an answer names the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Echo {
    Silent,
    Ids,
}

/// The identity that is meant: that of the server, whatever is asked for, unless
/// the agent knows of others.
fn identity(azure: &Azure, query: &Query) -> Option<(Identity, Echo)> {
    let ids = ["client_id", "object_id", "msi_res_id"].map(|name| query.get(name));
    if !azure.settings.arc_user_assigned || ids == [None; 3] {
        return Some((
            azure.system_assigned("Microsoft.HybridCompute/machines")?,
            Echo::Silent,
        ));
    }
    let [client, object, resource] = ids;
    let is = |given: Option<&str>, own: &str| given.is_none_or(|id| id.eq_ignore_ascii_case(own));
    let found = azure.assigned(|it| {
        is(client, &it.client_id) && is(object, &it.object_id) && is(resource, &it.resource_id)
    });
    Some((found?, Echo::Ids))
}

fn body(azure: &Azure, resource: &str, issued: &Issued, echo: Echo) -> Value {
    let left = issued.expires_on.saturating_sub(azure.clock.now());
    let mut body = json!({
        "access_token": issued.token,
        "expires_in": left.to_string(),
        "expires_on": issued.expires_on.to_string(),
        "not_before": issued.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    if echo == Echo::Ids {
        body["client_id"] = json!(issued.identity.client_id);
        body["object_id"] = json!(issued.identity.object_id);
        body["msi_res_id"] = json!(issued.identity.resource_id);
    }
    body
}

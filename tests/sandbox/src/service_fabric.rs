//! The token service of a Service Fabric node.
//!
//! Sources: "How to leverage a Service Fabric application's managed identity to
//! access Azure services" (variables, request, answer, errors);
//! Azure/azure-sdk-for-net#45547 (`Server`).

mod certificates;

use axum::{body::Body, http::Response};
use serde_json::json;
use uuid::Uuid;

pub(crate) use certificates::Certificates;

use crate::{
    app_service::kestrel,
    azure::Azure,
    gate::{Asked, json as answer},
    settings::Identity,
    tokens::Freshness,
};

/// Where it is, on a port of its own: 2377 on a real node.
pub(crate) const PATH: &str = "/metadata/identity/oauth2/token";

const VERSION: &str = "2019-07-01-preview";

/// `GET $IDENTITY_ENDPOINT`
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    kestrel(undecorated(azure, asked))
}

fn undecorated(azure: &Azure, asked: &Asked) -> Response<Body> {
    let (recorded, query) = (&asked.recorded, &asked.query);
    if recorded.method != "GET" {
        return fault(405, "MethodNotAllowed", "The method is not allowed.");
    }
    let Some(secret) = recorded.header("secret") else {
        let why = "Secret is not found in the request headers.";
        return fault(400, "SecretHeaderNotFound", why);
    };
    let identity = identity(azure).filter(|_| secret == azure.identity_header);
    // Here 404 is for ever, unlike that of instance metadata.
    let Some(identity) = identity else {
        let why = "Managed identity not found for the specified application host.";
        return fault(404, "ManagedIdentityNotFound", why);
    };
    let version = query.get("api-version").unwrap_or_default();
    if version != VERSION {
        let why = format!(
            "The api-version '{version}' is not supported. Supported version is '{VERSION}'."
        );
        return fault(400, "InvalidApiVersion", &why);
    }
    let Some(resource) = query.get("resource") else {
        let why = "The parameter 'resource' should not be null or empty string.";
        return fault(400, "ArgumentNullOrEmpty", why);
    };
    if azure.settings.cloud.audience(resource).is_none() {
        return fault(500, "InternalServerError", "An error occurred.");
    }
    let issued = azure.tokens.issue(resource, &identity, Freshness::Cached);
    let body = json!({
        "token_type": "Bearer",
        "access_token": issued.token,
        "expires_on": issued.expires_on,
        "resource": resource,
    });
    answer(200, &body)
}

/// The identity that the application was deployed with; no request chooses.
fn identity(azure: &Azure) -> Option<Identity> {
    let first = azure.settings.user_assigned.first();
    let own = azure.system_assigned("Microsoft.ServiceFabric/clusters/mi-gateway/applications");
    own.or_else(|| first.cloned())
}

pub(crate) fn fault(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = json!({"error": {
        "correlationId": Uuid::new_v4().to_string(),
        "code": code,
        "message": message,
    }});
    answer(status, &body)
}

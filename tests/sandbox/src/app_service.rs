//! The token endpoint of App Service and Container Apps.
//!
//! Sources: "Managed identities in Azure Container Apps" and "How to use managed
//! identities for App Service", REST endpoint reference, version 2019-08-01;
//! the refusals as posted in Azure/azure-cli#20196 and
//! AzureAD/microsoft-authentication-library-for-dotnet#5077.

use axum::{body::Body, http::Response};
use serde_json::json;
use uuid::Uuid;

use crate::{
    azure::Azure,
    gate::{Asked, json as answer, with},
    settings::Identity,
    tokens::Freshness,
};

/// `GET $IDENTITY_ENDPOINT`
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return kestrel(empty(405));
    }
    if recorded.header("x-identity-header") != Some(azure.identity_header.as_str()) {
        return kestrel(empty(403));
    }
    let query = &asked.query;
    if query.get("api-version") != Some("2019-08-01") {
        return fault(400, "The api-version is invalid or was not specified.");
    }
    let Some(resource) = query.get("resource") else {
        return fault(400, "The parameter resource is required.");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        return fault(
            400,
            &format!("AADSTS500011: The resource {resource} was not found."),
        );
    }
    let Some(identity) = identity(azure, asked) else {
        return fault(400, "Unable to load requested managed identity.");
    };
    let issued = azure.tokens.issue(resource, &identity, Freshness::Cached);
    let body = json!({
        "access_token": issued.token,
        "client_id": issued.identity.client_id,
        "expires_on": issued.expires_on.to_string(),
        "not_before": issued.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    kestrel(answer(200, &body))
}

/// The identity that is meant. Without an id it is the system-assigned one and,
/// unlike at IMDS, no other.
fn identity(azure: &Azure, asked: &Asked) -> Option<Identity> {
    let query = &asked.query;
    let object = query.get("principal_id").or_else(|| query.get("object_id"));
    match (query.get("client_id"), object, query.get("mi_res_id")) {
        (None, None, None) => azure.system_assigned("Microsoft.App/containerApps"),
        (Some(id), None, None) => azure.assigned(|it| it.client_id.eq_ignore_ascii_case(id)),
        (None, Some(id), None) => azure.assigned(|it| it.object_id.eq_ignore_ascii_case(id)),
        (None, None, Some(id)) => azure.assigned(|it| it.resource_id.eq_ignore_ascii_case(id)),
        _ => None,
    }
}

pub(crate) fn fault(status: u16, message: &str) -> Response<Body> {
    let body = json!({
        "statusCode": status,
        "message": message,
        "correlationId": Uuid::new_v4().to_string(),
    });
    kestrel(answer(status, &body))
}

pub(crate) fn empty(status: u16) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::empty())
        .unwrap_or_default()
}

pub(crate) fn kestrel(response: Response<Body>) -> Response<Body> {
    with(response, "server", "Kestrel")
}

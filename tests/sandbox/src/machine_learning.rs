//! The token endpoint of Azure Machine Learning.
//!
//! It has the variables of App Service 2017, and no client can tell the two
//! apart before the answer: only there do dates and numbers differ.
//!
//! Sources: AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/azure_ml.go` and
//! AzureAD/microsoft-authentication-library-for-dotnet
//! `MachineLearningManagedIdentitySource.cs` (variables, header, `clientid`, the
//! shape of errors). Nobody posted its refusals: statuses and words are guesses.

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
    query::Query,
    settings::{Identity, NumberForm},
    tokens::Freshness,
};

/// Where it is; Azure tells only by a variable.
pub(crate) const PATH: &str = "/ml/msi/token";

/// Ids that it does not take, by every name under which clients send them.
const OTHER_IDS: [&str; 5] = [
    "object_id",
    "principal_id",
    "mi_res_id",
    "msi_res_id",
    "client_id",
];

/// `GET $MSI_ENDPOINT`
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    let (recorded, query) = (&asked.recorded, &asked.query);
    if recorded.method != "GET" {
        return fault(405, "method_not_allowed", "The method is not allowed.");
    }
    if recorded.header("secret") != Some(azure.msi_secret.as_str()) {
        return fault(401, "unauthorized", "The secret is not valid.");
    }
    if query.get("api-version") != Some("2017-09-01") {
        return bad_request("The api-version is invalid or was not specified.");
    }
    if let Some(name) = OTHER_IDS.iter().find(|name| query.get(name).is_some()) {
        return bad_request(&format!("The parameter {name} is not supported."));
    }
    let Some(resource) = query.get("resource") else {
        return bad_request("The parameter resource is required.");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        let why = format!("AADSTS500011: The resource {resource} was not found.");
        return fault(400, "invalid_resource", &why);
    }
    let Some(identity) = identity(azure, query) else {
        return fault(400, "invalid_request", "Identity not found");
    };
    let issued = azure.tokens.issue(resource, &identity, Freshness::Cached);
    let body = json!({
        "access_token": issued.token,
        "expires_on": number(issued.expires_on, azure.settings.ml_expires_on),
        "resource": resource,
        "token_type": "Bearer",
    });
    answer(200, &body)
}

/// The type of what has a system-assigned identity there.
pub(crate) const COMPUTE: &str = "Microsoft.MachineLearningServices/workspaces/mi-gateway/computes";

/// Clients say `clientid` even where they want the default: they have it from
/// `DEFAULT_IDENTITY_CLIENT_ID`.
fn identity(azure: &Azure, query: &Query) -> Option<Identity> {
    let Some(id) = query.get("clientid") else {
        return azure.ml_default();
    };
    let is_meant = |it: &Identity| it.client_id.eq_ignore_ascii_case(id);
    azure
        .system_assigned(COMPUTE)
        .filter(is_meant)
        .or_else(|| azure.assigned(is_meant))
}

fn number(number: u64, form: NumberForm) -> Value {
    match form {
        NumberForm::Number => json!(number),
        NumberForm::Text => json!(number.to_string()),
    }
}

fn bad_request(message: &str) -> Response<Body> {
    fault(400, "bad_request", message)
}

pub(crate) fn fault(status: u16, error: &str, message: &str) -> Response<Body> {
    answer(status, &json!({"error": error, "message": message}))
}

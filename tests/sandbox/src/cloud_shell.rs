//! The token endpoint of Cloud Shell: its tokens are those of the user.
//!
//! Sources: AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/cloud_shell.go` (request, no ids);
//! AzureAD/microsoft-authentication-library-for-dotnet
//! `CloudShellManagedIdentitySource.cs` (nested errors); Azure/CloudShell#351 and
//! #477 (`AudienceNotSupported`). Its other refusals were not posted: codes and
//! words are guesses.

use axum::{body::Body, http::Response};
use serde_json::json;

use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
    query::Query,
    seed,
    tokens::Holder,
};

/// The application that users act through: the portal's.
const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";

/// `POST $MSI_ENDPOINT`, a form
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "POST" {
        return fault(405, "MethodNotAllowed", "The method is not allowed.");
    }
    if recorded.header("metadata") != Some("true") {
        return bad_request("Required metadata header not specified");
    }
    let Some(form) = asked.form() else {
        return bad_request("The body is to be a form.");
    };
    if let Some(id) = unsupported(&form) {
        return bad_request(&format!("The parameter {id} is not supported."));
    }
    let Some(resource) = form.get("resource") else {
        return bad_request("Required audience parameter not specified");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        let why = format!("Audience {resource} is not a supported MSI token audience.");
        return fault(400, "AudienceNotSupported", &why);
    }
    granted(azure, resource)
}

/// There is one user, and no identity to choose. Whether an id is refused or goes
/// unheard is not documented; a refusal shows the client that sends one.
fn unsupported(form: &Query) -> Option<&str> {
    form.unknown(&["resource"])
}

fn granted(azure: &Azure, resource: &str) -> Response<Body> {
    let user = Holder::User {
        app: PORTAL.to_owned(),
        object: seed::user_id(0),
    };
    let minting = azure.tokens.mint(resource, &user);
    let validity = minting.validity;
    let left = validity.expires_on.saturating_sub(validity.not_before);
    let body = json!({
        "access_token": minting.token,
        "refresh_token": "",
        "expires_in": left.to_string(),
        "expires_on": validity.expires_on.to_string(),
        "not_before": validity.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    answer(200, &body)
}

fn bad_request(message: &str) -> Response<Body> {
    fault(400, "BadRequest", message)
}

pub(crate) fn fault(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = json!({"error": {"code": code, "message": message}});
    answer(status, &body)
}

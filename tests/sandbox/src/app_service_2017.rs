//! The token endpoint of App Service and Functions, version 2017-09-01.
//!
//! Sources: "How to use managed identities for App Service", REST protocol of
//! 2017-09-01 (header, version, dates); the refusals as posted in
//! MicrosoftDocs/azure-docs#43543 and as Azure/msrestazure-for-python reads them
//! in `azure_active_directory.py` (200 with `ExceptionMessage`).

use axum::{body::Body, http::Response};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{
    app_service::{empty, kestrel},
    azure::Azure,
    gate::{Asked, json as answer},
    query::Query,
    settings::{DateForm, Identity},
    tokens::Freshness,
};

/// Where it is; Azure tells only by a variable.
pub(crate) const PATH: &str = "/appservice/msi/token";

/// `GET $MSI_ENDPOINT`
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    kestrel(undecorated(azure, asked))
}

fn undecorated(azure: &Azure, asked: &Asked) -> Response<Body> {
    let (recorded, query) = (&asked.recorded, &asked.query);
    if recorded.method != "GET" {
        return empty(405);
    }
    // Nobody posted what it says to a wrong secret: this is what its successor
    // does.
    if recorded.header("secret") != Some(azure.msi_secret.as_str()) {
        return empty(403);
    }
    if query.get("api-version") != Some("2017-09-01") {
        return fault(400, "The api-version is invalid or was not specified.");
    }
    let Some(resource) = query.get("resource") else {
        return fault(400, "The parameter resource is required.");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        return exception(resource);
    }
    let Some(identity) = identity(azure, query) else {
        return fault(400, "No MSI found for specified ClientId/ResourceId.");
    };
    let issued = azure.tokens.issue(resource, &identity, Freshness::Cached);
    let body = json!({
        "access_token": issued.token,
        "expires_on": date(issued.expires_on, azure.settings.app_service_dates),
        "resource": resource,
        "token_type": "Bearer",
    });
    answer(200, &body)
}

/// `clientid` alone is known; by any other name an id goes unheard, and the
/// system-assigned identity is meant.
fn identity(azure: &Azure, query: &Query) -> Option<Identity> {
    match query.get("clientid") {
        None => azure.system_assigned("Microsoft.Web/sites"),
        Some(id) => azure.assigned(|it| it.client_id.eq_ignore_ascii_case(id)),
    }
}

/// `seconds` since 1970 as a date.
fn date(seconds: u64, form: DateForm) -> String {
    let format = match form {
        DateForm::TwentyFourHours => "%m/%d/%Y %H:%M:%S +00:00",
        DateForm::TwelveHours => "%-m/%-d/%Y %-I:%M:%S %p +00:00",
        DateForm::Both => "%-m/%-d/%Y %-H:%M:%S %p +00:00",
    };
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    time.strftime(format).to_string()
}

pub(crate) fn fault(status: u16, message: &str) -> Response<Body> {
    let body = json!({
        "StatusCode": status,
        "Message": message,
        "CorrelationId": Uuid::new_v4().to_string(),
    });
    answer(status, &body)
}

/// What Entra ID refused, passed on with a status of success.
fn exception(resource: &str) -> Response<Body> {
    let body = json!({
        "ExceptionMessage": format!("AADSTS500011: The resource {resource} was not found."),
        "ErrorCode": "invalid_resource",
        "StatusCode": 400,
        "CorrelationId": Uuid::new_v4().to_string(),
    });
    answer(200, &body)
}

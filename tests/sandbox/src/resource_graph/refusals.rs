//! How Resource Graph says no.
//!
//! Sources: Azure/azure-powershell `ResourceGraph.Test`, `QueryError` (what it
//! does not understand); Azure/azure-cli-extensions#3325 (too many queries);
//! microsoft/ARI#306 (version).

use axum::{body::Body, http::Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::query::Fault;
use crate::{
    arm::refusals::{envelope, gateway},
    gate::json as answer,
};

fn refused(code: &str, details: &[Value]) -> Value {
    let now = Timestamp::now();
    let correlation = Uuid::new_v4();
    let support = format!(
        "Please provide below info when asking for support: timestamp = {}, correlationId = \
         {correlation}.",
        now.strftime("%Y-%m-%dT%H:%M:%S%.7fZ")
    );
    let mut refusal = envelope(code, &support);
    refusal["error"]["details"] = json!(details);
    refusal
}

/// The body of a 429.
pub(crate) fn throttled() -> Value {
    let detail = json!({
        "code": "RateLimiting",
        "message": "Client application has been throttled and should not attempt to repeat the \
                    request until an amount of time has elapsed. Please see \
                    https://aka.ms/resourcegraph-throttling for help.",
    });
    refused("RateLimiting", &[detail])
}

/// Azure says where it stopped and no more; what it expected reads as in its
/// own test.
pub(super) fn not_understood(query: &str, fault: Fault) -> Response<Body> {
    let before = &query[..fault.at];
    let line_begins = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &query[fault.at..];
    let token = rest.split_whitespace().next().unwrap_or("<EOF>");
    let stopped = json!({
        "code": "ParserFailure",
        "message": "ParserFailure",
        "line": before.matches('\n').count() + 1,
        "characterPositionInLine": before[line_begins..].chars().count(),
        "token": token,
        "expectedToken": "Ǐ",
    });
    answer(400, &refused("BadRequest", &[invalid_query(), stopped]))
}

fn invalid_query() -> Value {
    json!({
        "code": "InvalidQuery",
        "message": "Query is invalid. Please refer to the documentation for the Azure Resource \
                    Graph service and fix the error before retrying.",
    })
}

/// Where the caller may read nothing in any of the subscriptions.
///
/// Source: Azure/aztfexport#385 and #491.
pub(super) fn no_subscription(given: &[String]) -> Response<Body> {
    let message = format!(
        "There must be at least one subscription that is eligible to contain resources. Given: \
         '{}'.",
        given.join(",")
    );
    let detail = json!({"code": "NoValidSubscriptionsInQueryRequest", "message": message});
    answer(400, &refused("BadRequest", &[detail]))
}

/// The envelope is Azure's, the details are ours.
pub(super) fn not_a_request(why: &str) -> Response<Body> {
    let detail = json!({"code": "InvalidRequest", "message": why});
    answer(400, &refused("BadRequest", &[detail]))
}

pub(super) fn unknown_version(version: &str, known: &[&str]) -> Response<Body> {
    let known = known.join(",");
    let message = format!(
        "The resource type 'resources' could not be found in the namespace \
         'Microsoft.ResourceGraph' for api version '{version}'. The supported api-versions are \
         '{known}'."
    );
    gateway(404, "InvalidResourceType", &message)
}

//! The subscriptions that there are.
//!
//! Source: "Subscriptions - List" of the REST reference, and its versions in
//! Azure/azure-rest-api-specs `Microsoft.Resources` `subscriptions.json`.

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::refusals;
use crate::{
    azure::Azure,
    cloud::Audience,
    gate::{Asked, json as answer},
    seed,
};

const VERSIONS: [&str; 7] = [
    "2016-06-01",
    "2018-06-01",
    "2019-06-01",
    "2019-11-01",
    "2020-01-01",
    "2021-01-01",
    "2022-12-01",
];

/// Whether `path` is that of the list.
pub(super) fn is_asked(path: &[String]) -> bool {
    matches!(path, [only] if only.eq_ignore_ascii_case("subscriptions"))
}

/// Those in which the caller has a role, wherever in them.
pub(super) fn list(azure: &Azure, asked: &Asked) -> Response<Body> {
    let authorization = asked.recorded.header("authorization");
    if let Err(rejection) = azure.tokens.check(authorization, Audience::Arm) {
        return refusals::unauthenticated(rejection);
    }
    if asked.recorded.method != "GET" {
        return refusals::method_not_allowed(&asked.recorded.method);
    }
    match asked.query.get("api-version") {
        None => return refusals::missing_version(),
        Some(version) if !VERSIONS.contains(&version) => {
            return refusals::unregistered("subscriptions", version, &VERSIONS);
        }
        Some(_) => {}
    }
    let ids = azure.arm.state().machines.subscriptions();
    let is_seen = |id: &String| azure.roles.reach(&format!("/subscriptions/{id}"));
    let shown: Vec<_> = ids.iter().filter(|id| is_seen(id)).map(shown).collect();
    answer(200, &json!({"value": shown}))
}

fn shown(id: &String) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "subscriptionId": id,
        "tenantId": seed::TENANT,
        "displayName": format!("Sandbox {id}"),
        "state": "Enabled",
    })
}

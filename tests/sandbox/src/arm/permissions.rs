//! What the caller may do at a scope, as it can ask for itself.
//!
//! Source: Azure/azure-rest-api-specs `Microsoft.Authorization`,
//! `authorization-RoleDefinitionsCalls`: `Permissions_ListForResourceGroup`,
//! `Permissions_ListForResource` (whose template leaves two slashes where a
//! resource has no parent).

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::{admission, refusals, roles::Assignment, wanted::Mode};
use crate::{
    azure::Azure,
    cloud::Audience,
    gate::{Asked, json as answer},
};

const VERSIONS: [&str; 3] = ["2015-07-01", "2018-07-01", "2022-04-01"];

const ACTION: &str = "Microsoft.Authorization/permissions/read";

/// The scope of which `path` asks for the permissions.
pub(super) fn scope(path: &[String]) -> Option<String> {
    let path: Vec<_> = path.iter().filter(|it| !it.is_empty()).collect();
    let (scope, end) = path.split_at_checked(path.len().checked_sub(3)?)?;
    let expected = ["providers", "Microsoft.Authorization", "permissions"];
    let mut both = end.iter().zip(expected);
    let is_asked_for = both.all(|(part, word)| part.eq_ignore_ascii_case(word));
    let scope: Vec<_> = scope.iter().map(|it| it.as_str()).collect();
    is_asked_for.then(|| format!("/{}", scope.join("/")))
}

/// Every assignment that holds at `scope`; one is needed to be told.
pub(super) fn show(azure: &Azure, asked: &Asked, scope: &str) -> Response<Body> {
    let authorization = asked.recorded.header("authorization");
    let principal = match azure.tokens.check(authorization, Audience::Arm) {
        Ok(principal) => principal,
        Err(rejection) => return refusals::unauthenticated(rejection),
    };
    match asked.query.get("api-version") {
        None => return refusals::missing_version(),
        Some(version) if !VERSIONS.contains(&version) => {
            return refusals::unregistered("permissions", version, &VERSIONS);
        }
        Some(_) => {}
    }
    if asked.recorded.method != "GET" {
        return refusals::method_not_allowed(&asked.recorded.method);
    }
    let template = "GET/SUBSCRIPTIONS/PROVIDERS/MICROSOFT.AUTHORIZATION/PERMISSIONS";
    let here = azure.roles.at(scope);
    admission::requested(azure, asked, &principal, Mode::Read, template, || {
        if here.is_empty() {
            return refusals::unauthorized(&principal, ACTION, scope);
        }
        answer(200, &json!({"value": entries(&here), "nextLink": null}))
    })
}

fn entries(assignments: &[Assignment]) -> Value {
    let entry = |it: &Assignment| {
        json!({
            "actions": it.actions,
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        })
    };
    assignments.iter().map(entry).collect()
}

//! What a virtual machine can find out about itself.

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::{VERSIONS, fault, from_imds, unknown_version, version, well_formed};
use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
    seed,
};

/// `GET /metadata/instance` and what stands below it
pub(crate) fn instance(azure: &Azure, asked: &Asked) -> Response<Body> {
    from_imds(undecorated(azure, asked))
}

fn undecorated(azure: &Azure, asked: &Asked) -> Response<Body> {
    if let Err(refusal) = well_formed(asked) {
        return *refusal;
    }
    let path = path(asked);
    let names: Vec<_> = path.split('/').skip(1).collect();
    if names == VERSIONS_PATH {
        return answer(200, &json!({"apiVersions": VERSIONS}));
    }
    if version(asked).is_none() {
        return unknown_version();
    }
    let metadata = metadata(azure);
    match found(&metadata, &names) {
        Some(value @ (Value::Object(_) | Value::Array(_))) => answer(200, value),
        // Leaves are text, and only text.
        Some(Value::String(text)) if asked.query.get("format") == Some("text") => {
            Response::new(Body::from(text.clone()))
        }
        Some(_) => fault(
            400,
            "Bad request",
            "Requested format is not allowed for leaf values.",
        ),
        None => fault(404, "Not found", "Resource not found"),
    }
}

/// Whether there is something at the path that is asked for.
pub(crate) fn has(azure: &Azure, asked: &Asked) -> bool {
    let path = path(asked);
    let names: Vec<_> = path.split('/').skip(1).collect();
    names == VERSIONS_PATH || found(&metadata(azure), &names).is_some()
}

const VERSIONS_PATH: [&str; 2] = ["metadata", "versions"];

fn path(asked: &Asked) -> String {
    let path = asked.recorded.path.trim_end_matches('/');
    path.to_ascii_lowercase()
}

fn metadata(azure: &Azure) -> Value {
    let settings = &azure.settings;
    seed::instance_metadata(settings.cloud, settings.user_assigned.first())
}

fn found<'a>(metadata: &'a Value, names: &[&str]) -> Option<&'a Value> {
    match names {
        ["metadata", "instance", below @ ..] => below.iter().try_fold(metadata, child),
        _ => None,
    }
}

/// What `name` is in `value`, whatever its case; elements go by their index.
fn child<'a>(value: &'a Value, name: &&str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .find_map(|(known, field)| known.eq_ignore_ascii_case(name).then_some(field)),
        Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

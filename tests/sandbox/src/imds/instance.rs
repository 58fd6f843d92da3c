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
    let path = asked
        .recorded
        .path
        .trim_end_matches('/')
        .to_ascii_lowercase();
    let names: Vec<_> = path.split('/').skip(1).collect();
    if names == ["metadata", "versions"] {
        return answer(200, &json!({"apiVersions": VERSIONS}));
    }
    if version(asked).is_none() {
        return unknown_version();
    }
    let settings = &azure.settings;
    let metadata = seed::instance_metadata(settings.cloud, settings.user_assigned.first());
    let found = match &names[..] {
        ["metadata", "instance", below @ ..] => below.iter().try_fold(&metadata, child),
        _ => None,
    };
    match found {
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

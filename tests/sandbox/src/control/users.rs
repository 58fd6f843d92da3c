//! What becomes of users, over HTTP.

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::misunderstood;
use crate::{azure::Azure, gate::json as answer};

/// `POST /sandbox/users`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    department: Option<String>,
}

/// `POST /sandbox/users/churn`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Churn {
    changes: usize,
    seed: u64,
}

/// Answers what is asked at `rest`, which follows `/sandbox/users`; nothing
/// where there is no such verb.
pub(super) fn answer_to(
    azure: &Azure,
    method: &str,
    rest: &str,
    body: &Bytes,
) -> Option<Response<Body>> {
    let directory = &azure.graph.directory;
    let parts: Vec<_> = rest.split('/').skip(1).collect();
    let done = match (method, &parts[..]) {
        ("POST", []) => return Some(add(azure, body)),
        ("POST", ["churn"]) => return Some(churn(azure, body)),
        ("PATCH", [id]) => match serde_json::from_slice::<Map<String, Value>>(body) {
            Ok(properties) => directory.change(id, &properties),
            Err(error) => return Some(misunderstood(&error)),
        },
        ("POST", [id, "remove"]) => directory.remove(id),
        ("POST", [id, "purge"]) => directory.purge(id),
        ("POST", [id, "restore"]) => directory.restore(id),
        _ => return None,
    };
    Some(match done {
        Ok(()) => answer(200, &json!({})),
        Err(error) => misunderstood(&error),
    })
}

fn add(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Added>(body) {
        Ok(added) => {
            let id = azure.graph.directory.add(added.department.as_deref());
            answer(200, &json!({"id": id}))
        }
        Err(error) => misunderstood(&error),
    }
}

fn churn(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Churn>(body) {
        Ok(churn) => {
            azure.graph.directory.churn(churn.changes, churn.seed);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

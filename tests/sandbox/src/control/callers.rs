//! The keys of issuers and the tokens of callers, over HTTP.

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::misunderstood;
use crate::{
    azure::Azure, callers::CallerToken, gate::json as answer, kubernetes::ServiceAccountToken,
};

/// Answers what is asked there, if it is one of these.
pub(super) fn answer_to(
    azure: &Azure,
    method: &str,
    path: &str,
    body: &Bytes,
) -> Option<Response<Body>> {
    match (method, path) {
        ("POST", "/sandbox/callers/token") => {
            return Some(issued(body, |asked: CallerToken| {
                azure.caller_token(&asked)
            }));
        }
        ("POST", "/sandbox/callers/serviceaccount") => {
            return Some(issued(body, |asked: ServiceAccountToken| {
                azure.service_account_token(&asked)
            }));
        }
        ("POST", "/sandbox/pods/delete") => return Some(delete_pod(azure, body)),
        ("POST", "/sandbox/keys/rotate") => azure.signing.rotate(),
        ("POST", "/sandbox/keys/replace") => azure.signing.replace(),
        ("POST", "/sandbox/keys/publish") => azure.signing.publish_next(),
        _ => return None,
    }
    Some(answer(200, &json!({})))
}

/// `POST /sandbox/pods/delete`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPod {
    namespace: String,
    name: String,
}

fn delete_pod(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice(body) {
        Ok(OfPod { namespace, name }) => {
            azure.cluster.pods.delete(&namespace, &name);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

/// The token that `body` asks for; without one, that of defaults.
fn issued<T: DeserializeOwned>(
    body: &Bytes,
    issue: impl FnOnce(T) -> std::io::Result<String>,
) -> Response<Body> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    match serde_json::from_slice(body).map(issue) {
        Ok(Ok(token)) => answer(200, &json!({ "token": token })),
        Ok(Err(error)) => answer(500, &json!({"message": error.to_string()})),
        Err(error) => misunderstood(&error),
    }
}

//! How the API server refuses.
//!
//! Sources: Kubernetes API reference, `Status` v1; kubernetes/apimachinery
//! `pkg/api/errors/errors.go`; kubernetes/apiserver `pkg/endpoints/filters`,
//! `pkg/endpoints/handlers/responsewriters`.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::{Value, json};

use crate::gate::json as answer;

/// What a review is called in refusals.
const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "tokenreviews";

pub(super) fn unauthorized() -> Response<Body> {
    refused(401, "Unauthorized", "Unauthorized", &Value::Null)
}

pub(super) fn forbidden(user: &str) -> Response<Body> {
    let message = format!(
        "{KIND}.{GROUP} is forbidden: User \"{user}\" cannot create resource \"{KIND}\" in API \
         group \"{GROUP}\" at the cluster scope"
    );
    let details = json!({"group": GROUP, "kind": KIND});
    refused(403, "Forbidden", &message, &details)
}

pub(super) fn bad_request(message: &str) -> Response<Body> {
    refused(400, "BadRequest", message, &Value::Null)
}

pub(super) fn not_found() -> Response<Body> {
    let message = "the server could not find the requested resource";
    refused(404, "NotFound", message, &json!({}))
}

pub(super) fn method_not_allowed() -> Response<Body> {
    let message = "the server does not allow this method on the requested resource";
    refused(405, "MethodNotAllowed", message, &json!({}))
}

pub(super) fn internal(message: &str) -> Response<Body> {
    refused(500, "InternalError", message, &Value::Null)
}

/// Of priority and fairness, which is plain text.
pub(crate) fn too_many_requests() -> Response<Body> {
    let body = "Too many requests, please try again later.\n";
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let media = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, media);
    answer
}

fn refused(code: u16, reason: &str, message: &str, details: &Value) -> Response<Body> {
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    });
    if !details.is_null() {
        status["details"] = details.clone();
    }
    answer(code, &status)
}

//! What all lists of users have in common.

use axum::{body::Body, http::Response};
use serde_json::Value;

use super::fault::Fault;
use crate::gate::{Asked, json, with};

const MEDIA: &str = "application/json;odata.metadata=minimal;odata.streaming=true;\
     IEEE754Compatible=false;charset=utf-8";

/// Users are read here, and not changed.
pub(super) fn read_only(asked: &Asked) -> Result<(), Fault> {
    if asked.recorded.method == "GET" {
        return Ok(());
    }
    let message = "Specified HTTP method is not allowed.";
    Err(Fault::new(405, "Request_BadRequest", message))
}

/// An answer with users.
pub(super) fn collection(body: &Value) -> Response<Body> {
    let mut response = json(200, body);
    if let Ok(media) = MEDIA.parse() {
        response.headers_mut().insert("content-type", media);
    }
    with(response, "odata-version", "4.0")
}

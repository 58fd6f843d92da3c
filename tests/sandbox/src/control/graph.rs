//! What can be told of Graph over HTTP.

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::misunderstood;
use crate::{azure::Azure, gate::json as answer, graph::AppRoles};

/// `PUT /sandbox/graph/roles`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Granted {
    app_roles: AppRoles,
}

/// `PUT /sandbox/graph/emptyPages`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {
    pages: usize,
}

pub(super) fn grant(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice(body) {
        Ok(Granted { app_roles }) => {
            azure.tokens.grant(app_roles);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

pub(super) fn come_empty(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice(body) {
        Ok(Empty { pages }) => {
            azure.graph.come_empty(pages);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

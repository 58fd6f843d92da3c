//! What Graph answers when it does not do as it is asked.

use axum::{body::Body, http::Response};
use serde_json::json;
use uuid::Uuid;

use crate::gate::{Asked, json as answer_with, with};

/// An error, before it is known whose request it answers.
pub(super) struct Fault {
    status: u16,
    code: &'static str,
    message: String,
}

impl Fault {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// What Graph could be asked, but not so.
    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// The answer to the request that has these ids.
    pub(super) fn answer(&self, ids: &Ids) -> Response<Body> {
        let body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": "2026-11-24T10:00:00",
                "request-id": ids.request,
                "client-request-id": ids.client,
            },
        }});
        answer_with(self.status, &body)
    }
}

/// The names of a request: Graph's own, and that of the client. Who sends none
/// gets Graph's for both.
pub(super) struct Ids {
    request: String,
    client: String,
}

impl Ids {
    pub(super) fn of(asked: &Asked) -> Self {
        let request = Uuid::new_v4().to_string();
        let client = asked.recorded.header("client-request-id");
        Self {
            client: client.map_or_else(|| request.clone(), str::to_owned),
            request,
        }
    }

    /// `response`, with both in its headers.
    pub(super) fn on(&self, response: Response<Body>) -> Response<Body> {
        let response = with(response, "request-id", &self.request);
        with(response, "client-request-id", &self.client)
    }
}

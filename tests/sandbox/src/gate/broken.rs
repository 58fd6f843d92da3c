//! Answers that no service would give.

use std::io;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, Response, StatusCode, header, response::Parts},
};
use futures_util::stream;
use serde_json::Value;
use tokio::task::yield_now;

use super::BODY_LIMIT;
use crate::patch::merge;

/// What somebody wrote beforehand.
pub(super) fn scripted(status: u16, headers: &[(String, String)], body: String) -> Response<Body> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(Body::from(body)).unwrap_or_default()
}

/// How a client is to know where a body ends.
#[derive(Clone, Copy)]
pub(super) enum Framing {
    Length,
    Chunks,
}

/// A real answer, before it is spoilt.
pub(super) struct Whole {
    head: Parts,
    body: Bytes,
}

impl Whole {
    pub(super) async fn of(answer: Response<Body>) -> Self {
        let (mut head, body) = answer.into_parts();
        let body = to_bytes(body, BODY_LIMIT * 8).await.unwrap_or_default();
        // It may be another one.
        head.headers.remove(header::CONTENT_LENGTH);
        Self { head, body }
    }

    pub(super) fn untouched(self) -> Response<Body> {
        Response::from_parts(self.head, Body::from(self.body))
    }

    /// It, if it is 202, without where it is told how it goes on: another one would say
    /// that all is done.
    pub(super) fn unlinked(&self) -> Option<Response<Body>> {
        let mut head = self.head.clone();
        head.headers.remove("azure-asyncoperation");
        head.headers.remove(header::LOCATION);
        let is_taken = head.status == StatusCode::ACCEPTED;
        is_taken.then(|| Response::from_parts(head, Body::from(self.body.clone())))
    }

    /// It with `patch` merged into its JSON, if it has any that this changes.
    pub(super) fn altered(&self, patch: &Value) -> Option<Response<Body>> {
        let was: Value = serde_json::from_slice(&self.body).ok()?;
        let mut json = was.clone();
        merge(&mut json, patch);
        let altered = || Response::from_parts(self.head.clone(), Body::from(json.to_string()));
        (json != was).then(altered)
    }

    /// It up to the middle of its body, if it has one.
    pub(super) fn halved(&self) -> Option<Response<Body>> {
        self.cut(self.body.len() / 2)
    }

    /// It up to that byte of its body, if there are more.
    pub(super) fn cut(&self, byte: usize) -> Option<Response<Body>> {
        (byte < self.body.len()).then(|| self.truncated(Framing::Length, byte))
    }

    /// Its head and the beginning of its body, up to `byte`; then the end of the connection.
    pub(super) fn truncated(&self, framing: Framing, byte: usize) -> Response<Body> {
        let mut head = self.head.clone();
        match framing {
            Framing::Length => {
                let length = HeaderValue::from(self.body.len());
                head.headers.insert(header::CONTENT_LENGTH, length);
            }
            // What hyper does with a stream of no announced length.
            Framing::Chunks => {}
        }
        let beginning = self.body.slice(..byte.min(self.body.len()));
        let broken = stream::unfold(Some(beginning), |left| async {
            let Some(chunk) = left else {
                // hyper writes what it has when the body makes it wait.
                yield_now().await;
                return Some((Err(io::Error::other("cut short on purpose")), None));
            };
            Some((Ok::<Bytes, io::Error>(chunk), None))
        });
        Response::from_parts(head, Body::from_stream(broken))
    }
}

pub(super) fn oversized(bytes: u64) -> Response<Body> {
    const CHUNK: Bytes = Bytes::from_static(&[b' '; 64 * 1024]);
    let chunks = stream::unfold(bytes, |left| async move {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK.len());
        (size > 0).then(|| (Ok::<_, io::Error>(CHUNK.slice(..size)), left - size as u64))
    });
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, bytes)
        .body(Body::from_stream(chunks))
        .unwrap_or_default()
}

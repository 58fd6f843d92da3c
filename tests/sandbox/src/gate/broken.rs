//! Answers that no service would give.

use std::io;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, Response, StatusCode, header},
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

/// `answer` with `patch` merged into its JSON; one without JSON stays as it is.
pub(super) async fn altered(answer: Response<Body>, patch: &Value) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, BODY_LIMIT * 8).await.unwrap_or_default();
    let Ok(mut json) = serde_json::from_slice(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    merge(&mut json, patch);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(json.to_string()))
}

/// `answer`, which does not say where it is told how it goes on. One that is not 202 stays
/// as it is: without a link it would say that all is done.
pub(super) fn unlinked(mut answer: Response<Body>) -> Response<Body> {
    if answer.status() == StatusCode::ACCEPTED {
        answer.headers_mut().remove("azure-asyncoperation");
        answer.headers_mut().remove(header::LOCATION);
    }
    answer
}

/// How a client is to know where a body ends.
pub(super) enum Framing {
    Length,
    Chunks,
}

/// The head and the beginning of the body of `answer`, up to what `cut` makes
/// of the body's length; then the end of the connection.
pub(super) async fn truncated(
    answer: Response<Body>,
    framing: Framing,
    cut: impl FnOnce(usize) -> usize,
) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, BODY_LIMIT * 8).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    match framing {
        Framing::Length => {
            let length = HeaderValue::from(body.len());
            parts.headers.insert(header::CONTENT_LENGTH, length);
        }
        // What hyper does with a stream of no announced length.
        Framing::Chunks => {}
    }
    let beginning = body.slice(..cut(body.len()).min(body.len()));
    let broken = stream::unfold(Some(beginning), |left| async {
        let Some(chunk) = left else {
            // hyper writes what it has when the body makes it wait.
            yield_now().await;
            return Some((Err(io::Error::other("cut short on purpose")), None));
        };
        Some((Ok::<Bytes, io::Error>(chunk), None))
    });
    Response::from_parts(parts, Body::from_stream(broken))
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

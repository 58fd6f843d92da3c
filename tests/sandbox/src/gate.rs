//! Where every request comes in: noted, held, failed, or answered.

use std::{io, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, State},
    http::{HeaderValue, Request, Response, StatusCode, header},
};
use futures_util::stream;
use tokio::task::yield_now;

use crate::{
    app_service,
    arm::{self, refusals},
    azure::Azure,
    control,
    faults::Fault,
    graph, imds,
    journal::{Recorded, Service},
    query::{self, Query},
    resource_graph,
    server::{End, Wire},
};

/// Bodies are small; what is longer is not read.
const BODY_LIMIT: usize = 1 << 20;

/// A request as the services see it.
pub(crate) struct Asked {
    pub(crate) recorded: Recorded,
    pub(crate) query: Query,
    pub(crate) body: Bytes,
}

impl Asked {
    /// The parts of the path, in the case in which they came.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.recorded
            .path
            .split('/')
            .skip(1)
            .map(query::decoded)
            .collect()
    }
}

/// Answers whatever is asked of the sandbox.
pub(crate) async fn answer(
    State(azure): State<Arc<Azure>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    if parts.uri.path().starts_with("/sandbox/") {
        return control::answer_to(&azure, &parts, &body);
    }
    let service = Service::of(&parts.method, parts.uri.path());
    let recorded = Recorded::new(service, &parts);
    let _under_way = azure.journal.enter(recorded.clone());
    let asked = Asked {
        query: Query::parse(&recorded.query),
        recorded,
        body,
    };
    let Some(service) = service else {
        return unknown(&asked);
    };
    // Taken for as long as the request lasts, whatever is done to it.
    let _place = match imds::admit(&azure, &asked) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    azure.faults.wait(service).await;
    match azure.faults.take(service) {
        None => real(&azure, service, &asked),
        Some(fault) => faulty(&azure, service, &asked, fault, &wire).await,
    }
}

fn real(azure: &Azure, service: Service, asked: &Asked) -> Response<Body> {
    match service {
        Service::Token if asked.recorded.path == "/msi/token" => app_service::token(azure, asked),
        Service::Token => imds::token(azure, asked),
        Service::Instance => imds::instance(azure, asked),
        Service::VirtualMachines | Service::Actions => arm::machines(azure, asked),
        Service::Operations => arm::operations(azure, asked),
        Service::ResourceGraph => resource_graph::answer(azure, asked),
        Service::Graph => graph::answer(azure, asked),
    }
}

async fn faulty(
    azure: &Azure,
    service: Service,
    asked: &Asked,
    fault: Fault,
    wire: &Wire,
) -> Response<Body> {
    match fault {
        Fault::Answer {
            status,
            headers,
            body,
        } => scripted(status, &headers, body),
        Fault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            real(azure, service, asked)
        }
        Fault::Throttle { retry_after } => throttled(service, asked, retry_after),
        Fault::Reset => {
            wire.end(End::Reset);
            Response::new(Body::empty())
        }
        Fault::Close => {
            wire.end(End::Close);
            Response::new(Body::empty())
        }
        Fault::LoseAnswer => {
            real(azure, service, asked);
            wire.end(End::Reset);
            Response::new(Body::empty())
        }
        Fault::Truncate => {
            let whole = real(azure, service, asked);
            truncated(whole, Framing::Length, |length| length / 2).await
        }
        Fault::TruncateAt(byte) => {
            truncated(real(azure, service, asked), Framing::Length, |_| byte).await
        }
        Fault::TruncateChunkedAt(byte) => {
            truncated(real(azure, service, asked), Framing::Chunks, |_| byte).await
        }
        Fault::Redirect(to) => scripted(302, &[("location".to_owned(), to)], String::new()),
        Fault::Oversize(bytes) => oversized(bytes),
    }
}

/// What a path gets that Azure does not have.
fn unknown(asked: &Asked) -> Response<Body> {
    let path = &asked.recorded.path;
    let message = format!("No HTTP resource was found that matches the request URI '{path}'.");
    json(404, &refusals::envelope("InvalidResourceType", &message))
}

fn scripted(status: u16, headers: &[(String, String)], body: String) -> Response<Body> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(Body::from(body)).unwrap_or_default()
}

/// The shapes differ: IMDS has a flat error, Compute no envelope, Graph an
/// envelope with a scope in a header.
fn throttled(service: Service, asked: &Asked, retry_after: u64) -> Response<Body> {
    let mut answer = match service {
        Service::Token | Service::Instance => imds::too_many_requests(),
        Service::VirtualMachines | Service::Actions | Service::Operations => {
            json(429, &refusals::too_many_lists())
        }
        Service::ResourceGraph => json(429, &resource_graph::throttled()),
        Service::Graph => graph::throttled(asked),
    };
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    answer
}

/// How a client is to know where a body ends.
enum Framing {
    Length,
    Chunks,
}

/// The head and the beginning of the body of `answer`, up to what `cut` makes
/// of the body's length; then the end of the connection.
async fn truncated(
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

fn oversized(bytes: u64) -> Response<Body> {
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

/// A JSON answer.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let media = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, media);
    answer
}

/// `answer` with one header more.
pub(crate) fn with(mut answer: Response<Body>, name: &'static str, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}

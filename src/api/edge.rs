//! What every request passes: limits, problem documents, its record.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web,
};
use percent_encoding::percent_decode_str;

use super::{
    Problem,
    body::{self, Unread},
    inbound::{Inbound, REQUEST_ID},
    pace::Pace,
    patterns::Patterns,
    problem::Upstream,
    record::Record,
    refusals::Refusals,
    served::Served,
};
use crate::{
    access::Caller,
    metrics::Metrics,
    telemetry::{Tracer, chain},
};

/// The longest path and query, in bytes. A cursor that carries Graph's link is
/// well below.
const LONGEST_TARGET: usize = 16 * 1024;

/// What of a head is neither target nor headers: method, version, and space that may
/// stand between them.
const REST_OF_HEAD: usize = 8 * 1024;

/// What an answer says that does not say otherwise: it is for nobody else, and no
/// page, whatever a browser makes of it.
const DEFAULTS: [(HeaderName, &str); 3] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];

/// What the edge of a listener needs.
#[derive(Clone)]
pub(crate) struct Edge {
    /// Where requests are counted.
    pub(crate) metrics: Metrics,
    /// Where they are traced.
    pub(crate) tracer: Tracer,
    /// How fast they are refused where there are too many.
    pub(crate) refusals: Refusals,
    /// Whether the gateway is about to end.
    pub(crate) stopping: Arc<AtomicBool>,
    /// The longest body that is accepted, in bytes.
    pub(crate) body_limit: usize,
    /// The longest header section that is accepted, in bytes.
    pub(crate) header_limit: usize,
    /// What its requests are counted under.
    pub(crate) patterns: Patterns,
}

/// The most bytes of a head, of which `headers` may be its header section. What is
/// longer has a part that is too long.
pub(crate) const fn longest_head(headers: usize) -> usize {
    LONGEST_TARGET + headers + REST_OF_HEAD
}

/// The outer middleware of both listeners; outside of it there is only the span.
/// A request with too large a head ends here.
pub(crate) async fn guard<B: MessageBody + 'static>(
    edge: web::Data<Edge>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Served<EitherBody<B, BoxBody>>>, Error> {
    let serving = request.conn_data::<Pace>().map(|pace| pace.serve(&request));
    let record = Record::begin(&request, &edge);
    let inbound = Inbound::of(request.request());
    let answer = match admit(&request, &edge) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(problem) => turned_away(request, problem).map_into_right_body(),
    };
    let unread = answer.request().extensions_mut().remove::<Payload>();
    let (mut answer, fault) = rendered(answer, &inbound);
    if fault.as_ref().is_some_and(|fault| fault.is_overload) {
        edge.refusals.wait(record.started()).await;
    }
    if let Some(unread) = unread {
        answer =
            answer.map_body(|_, body| EitherBody::right(BoxBody::new(Unread::new(body, unread))));
    }
    if let Ok(id) = HeaderValue::from_str(inbound.id.as_str()) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    let headers = answer.headers_mut();
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let caller = answer.request().extensions().get::<Arc<Caller>>().cloned();
    record.answered(answer.status(), caller.as_deref(), fault.as_ref());
    let (head, pace) = (answer.request().head(), answer.request().conn_data());
    let is_last = head.upgrade() || pace.is_some_and(Pace::is_last);
    if is_last || edge.stopping.load(Ordering::Relaxed) {
        // Who stays would go on with the connection until it is cut. After an `Upgrade`
        // actix cuts it by itself, and says so only when told to (RFC 9112, 9.6).
        if let Some(pace) = pace {
            pace.end();
        }
        let head = answer.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(answer.map_body(|_, body| Served::new(body, serving)))
}

/// The inner middleware of the admin listener: what comes with the request is read. On the
/// API's it is a part of [`super::let_in`].
pub(crate) async fn read<B: MessageBody + 'static>(
    edge: web::Data<Edge>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match take_in(&mut request, edge.body_limit).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(turned_away(request, problem).map_into_right_body()),
    }
}

/// Refuses what is too large by itself, before it is read who has sent it.
fn admit(request: &ServiceRequest, edge: &Edge) -> Result<(), Problem> {
    let headers = request.headers();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        let why = format!("path and query have more than {LONGEST_TARGET} bytes");
        return Err(Problem::unreadable(StatusCode::URI_TOO_LONG, why));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > edge.header_limit || is_cut(request) {
        let why = format!("the headers have more than {} bytes", edge.header_limit);
        return Err(Problem::unreadable(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            why,
        ));
    }
    Ok(())
}

/// Whether there was more of its head.
fn is_cut(request: &ServiceRequest) -> bool {
    request
        .conn_data::<Pace>()
        .is_some_and(|pace| pace.cut().is_some())
}

/// Refuses a body that is too large by its own account before a byte of it is
/// read, and one that turns out to be.
pub(super) async fn take_in(request: &mut ServiceRequest, limit: usize) -> Result<(), Problem> {
    let query = request.query_string();
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(Problem::invalid("the query is not UTF-8"));
    }
    if body::length(request).is_some_and(|length| length > limit) {
        return Err(Problem::body_too_large(limit));
    }
    body::buffer(request, limit).await
}

/// The answer to a request that goes no further. What of it is not read is kept
/// for [`guard`], which closes the connection after the answer.
pub(super) fn turned_away(
    mut request: ServiceRequest,
    problem: Problem,
) -> ServiceResponse<BoxBody> {
    let unread = request.take_payload();
    request.extensions_mut().insert(unread);
    request.error_response(problem)
}

/// Why a request was not served.
pub(super) struct Fault {
    /// The code of its problem.
    pub(super) code: &'static str,
    /// The same with all that is behind it, for the log alone.
    pub(super) told: String,
    /// What Azure said, if it did.
    pub(super) upstream: Option<Upstream>,
    /// Whether there was too much to do.
    is_overload: bool,
}

/// An error as its problem document, and what is to be said of it.
fn rendered<B: MessageBody + 'static>(
    answer: ServiceResponse<EitherBody<B, BoxBody>>,
    inbound: &Inbound,
) -> (ServiceResponse<EitherBody<B, BoxBody>>, Option<Fault>) {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (answer, None);
    }
    let (request, response) = answer.into_parts();
    let bare;
    let problem = match response
        .error()
        .and_then(|error| error.as_error::<Problem>())
    {
        Some(problem) => problem,
        None if response.error().is_none() && has_body(&response) => {
            return (ServiceResponse::new(request, response), None);
        }
        None => {
            bare = Problem::of_bare(&response);
            &bare
        }
    };
    let document = problem.render(request.path(), inbound);
    let code = problem.code();
    let fault = Fault {
        code,
        told: format!("{code}: {}", chain(problem)),
        upstream: problem.said_upstream().cloned(),
        is_overload: problem.is_overload(),
    };
    let answer = ServiceResponse::new(request, document.map_into_right_body());
    (answer, Some(fault))
}

/// An answer that somebody wrote on purpose, such as that of readiness.
fn has_body(response: &HttpResponse<impl MessageBody>) -> bool {
    !matches!(response.body().size(), BodySize::None | BodySize::Sized(0))
}

//! What a request brings along: its ids, its trace, its deadline.

use std::{
    future::{Ready, ready},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName},
    web,
};
use serde::Deserialize;
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;
use uuid::Uuid;

use super::{Edge, Problem, Settings};
use crate::{
    access::Caller,
    http::{CallerKey, Context, Deadline},
    telemetry::{OpenSpan, RequestId, TraceContext, Tracer},
};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The ids that a request is found by again, and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Inbound {
    pub(crate) id: RequestId,
    pub(crate) trace: TraceContext,
    arrived: Instant,
}

impl Inbound {
    /// With the span in which the request is served.
    fn read(headers: &HeaderMap, tracer: &Tracer) -> (Self, OpenSpan) {
        let (trace, span) = tracer.received(headers);
        let told = headers.get(REQUEST_ID);
        let id = RequestId::accepted(told.and_then(|told| told.to_str().ok()));
        let arrived = Instant::now();
        (Self { id, trace, arrived }, span)
    }

    /// The ids of `request`; a request that came past the root span gets them
    /// here.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| {
            let (inbound, _) = Self::read(request.headers(), &Tracer::default());
            request.extensions_mut().insert(inbound.clone());
            inbound
        })
    }

    /// Has `time`, which the caller of `request` took for its body, not count.
    pub(super) fn leave_out(request: &HttpRequest, time: Duration) {
        if let Some(inbound) = request.extensions_mut().get_mut::<Self>() {
            inbound.arrived += time;
        }
    }

    /// When the caller of `request` stops waiting. Their time begins as the request comes:
    /// what it takes to prove who they are is part of it.
    pub(super) fn deadline(request: &HttpRequest, settings: &Settings) -> Deadline {
        let arrived = request.extensions().get::<Self>().map(|it| it.arrived);
        let arrived = arrived.unwrap_or_else(Instant::now);
        Deadline::since(arrived, settings.upstream_timeout)
    }
}

/// Callers wait for their turn each behind their own calls, whatever their tokens.
fn on_behalf(request: &HttpRequest) -> CallerKey {
    let mut hasher = DefaultHasher::new();
    match request.extensions().get::<Arc<Caller>>().map(|it| &**it) {
        None | Some(Caller::Anonymous) => {}
        Some(Caller::Entra(principal)) => (principal.tenant, principal.object_id).hash(&mut hasher),
        Some(Caller::Account(account)) => (&account.namespace, &account.name).hash(&mut hasher),
        Some(Caller::Subject(subject)) => (&subject.issuer, &subject.id).hash(&mut hasher),
    }
    CallerKey(hasher.finish())
}

/// A handler's way to ask for what its calls inherit.
impl FromRequest for Context {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let settings = request.app_data::<web::Data<Settings>>();
        let context = settings.map(|settings| Self {
            deadline: Inbound::deadline(request, settings),
            trace: Inbound::of(request).trace,
            on_behalf: on_behalf(request),
        });
        ready(context.ok_or_else(|| Problem::internal("no settings")))
    }
}

/// The span of a request, lean: what a log line needs, and the line itself is
/// written in [`super::edge`].
pub(crate) struct RootSpan;

impl RootSpanBuilder for RootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let edge = request.app_data::<web::Data<Edge>>();
        let tracer = edge.map_or_else(Tracer::default, |edge| edge.tracer.clone());
        let (inbound, open) = Inbound::read(request.headers(), &tracer);
        let mut trace_id = Uuid::encode_buffer();
        let span = tracing::info_span!(
            "request",
            request_id = inbound.id.as_str(),
            trace_id = &*inbound.trace.trace_id().encode_lower(&mut trace_id),
        );
        request.extensions_mut().insert(inbound);
        if open.is_recorded() {
            request.extensions_mut().insert(open);
        }
        span
    }

    fn on_request_end<B: MessageBody>(_: Span, _: &Result<ServiceResponse<B>, actix_web::Error>) {}
}

/// The query of an operation that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

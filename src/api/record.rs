//! What is written down of a request: its metrics, its span and its one log line.

use std::time::Instant;

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode},
};
use tracing::{Level, Span, field};

use super::{
    edge::{Edge, Fault},
    span,
};
use crate::{
    access::Caller,
    metrics::{Held, Metrics},
    telemetry::{OpenSpan, Value},
};

/// Of a method or a path that is longer, only so many bytes are logged.
const LONGEST: usize = 512;

/// A request under way. It is written down when it is answered, or else when it
/// is dropped: actix drops a request whose connection is reset.
pub(super) struct Record {
    metrics: Metrics,
    method: Method,
    /// The pattern of the path: an unknown path makes no series of its own.
    route: &'static str,
    path: String,
    /// It is not entered when a request is dropped.
    span: Span,
    trace: OpenSpan,
    started: Instant,
    is_answered: bool,
    _in_flight: Held,
}

impl Record {
    /// A request that has just come in.
    pub(super) fn begin(request: &ServiceRequest, edge: &Edge) -> Self {
        let route = edge.patterns.of(request.match_info().as_str());
        Self {
            metrics: edge.metrics.clone(),
            method: request.method().clone(),
            path: cut(request.path()).to_owned(),
            span: Span::current(),
            trace: span::taken(request, route),
            route: route.unwrap_or(edge.patterns.unmatched),
            started: Instant::now(),
            is_answered: false,
            _in_flight: edge.metrics.request_started(),
        }
    }

    /// When it came in.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Counts the request and writes its line, with the id of its caller where that is
    /// proven. Its query stays out: it may hold names, or a cursor.
    pub(super) fn answered(
        mut self,
        status: StatusCode,
        caller: Option<&Caller>,
        fault: Option<&Fault>,
    ) {
        self.is_answered = true;
        span::answered(&mut self.trace, status, fault);
        let (route, method) = (self.route, self.method.as_str());
        let (status, took) = (status.as_u16(), self.started.elapsed());
        self.metrics.request_ended(route, method, status, took);
        let duration_ms = took.as_secs_f64() * 1e3;
        let upstream = fault.and_then(|fault| fault.upstream.as_ref());
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    http.method = cut(method),
                    http.route = route,
                    http.path = self.path,
                    http.status = status,
                    duration_ms,
                    caller = caller.map(field::display),
                    error = fault.map(|fault| &*fault.told),
                    upstream.status = upstream.and_then(|it| it.status),
                    upstream.code = upstream.and_then(|it| it.code.as_deref()),
                    upstream.request_id = upstream.and_then(|it| it.request_id.as_deref()),
                    "request answered",
                )
            };
        }
        match route {
            "/" | "/status.css" | "/livez" | "/readyz" | "/metrics" => line!(Level::DEBUG),
            _ if status >= 500 => line!(Level::WARN),
            _ => line!(Level::INFO),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.trace.fail(Value::word("aborted"));
        let (route, method) = (self.route, self.method.as_str());
        tracing::info!(
            parent: &self.span,
            http.method = cut(method),
            http.route = route,
            http.path = self.path,
            duration_ms = self.started.elapsed().as_secs_f64() * 1e3,
            "request given up by its caller",
        );
        // Last: who sees it counted finds the line.
        self.metrics.request_aborted(route, method);
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

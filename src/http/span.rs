//! The span of an exchange, in the words of OpenTelemetry's conventions.
//!
//! Its URL stays out: queries hold names and cursors, and some paths are secrets.
//! What is asked for is told by the name of the operation.
//!
//! Source: "Semantic conventions for HTTP client spans".

use actix_web::http::{Uri, header::HeaderName, uri::Scheme};

use super::{Error, Request, Response, Trace};
use crate::telemetry::{Kind, OpenSpan, Value};

/// Where Resource Manager has its id of an exchange, and where Graph has it.
const REQUEST_IDS: [HeaderName; 2] = [
    HeaderName::from_static("x-ms-request-id"),
    HeaderName::from_static("request-id"),
];

/// The span of one try of `request` at `service`, which is at `uri`.
pub(super) fn begin(request: &Request<'_>, uri: Option<&Uri>, service: &'static str) -> OpenSpan {
    let (Trace::Shared(trace) | Trace::Own(trace)) = request.trace else {
        return OpenSpan::default();
    };
    let name = || {
        [request.method.as_str(), " ", request.operation]
            .concat()
            .into()
    };
    let mut span = trace.begin(Kind::Client, name);
    if !span.is_recorded() {
        return span;
    }
    span.set("http.request.method", request.method.as_str());
    span.set("peer.service", Value::word(service));
    if let Some(uri) = uri {
        span.set("server.address", uri.host().unwrap_or_default());
        span.set("server.port", uri.port_u16().unwrap_or_else(|| usual(uri)));
    }
    let sent_before = request.sent.get();
    if sent_before > 0 {
        span.set("http.request.resend_count", sent_before);
    }
    span
}

/// The port of a URI that names none.
fn usual(uri: &Uri) -> u16 {
    let is_plain = uri.scheme() == Some(&Scheme::HTTP);
    if is_plain { 80 } else { 443 }
}

/// Tells `span` what came of it, and ends it.
pub(super) fn end(mut span: OpenSpan, answer: &Result<Response, Error>) {
    if !span.is_recorded() {
        return;
    }
    match answer {
        Ok(response) => {
            span.set("http.response.status_code", response.status.as_u16());
            let id = REQUEST_IDS.iter().find_map(|name| response.header(name));
            named(&mut span, id);
        }
        Err(Error::Refused(refusal)) => {
            span.set("http.response.status_code", refusal.status.as_u16());
            named(&mut span, refusal.request_id.as_deref());
            span.fail(refusal.status.as_str());
        }
        Err(error) => span.fail(Value::word(kind(error))),
    }
}

/// Azure's id of the exchange, for a support ticket.
fn named(span: &mut OpenSpan, id: Option<&str>) {
    if let Some(id) = id {
        span.set("azure.service.request.id", id);
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Timeout(_) => "timeout",
        Error::ConnectionRefused => "connection_refused",
        Error::Unreachable(_) => "unreachable",
        Error::Untrusted(_) => "untrusted",
        Error::Interrupted(_) => "interrupted",
        Error::Truncated(_) => "truncated",
        Error::TooLong(_) => "too_long",
        Error::Refused(_) => "refused",
        Error::Malformed(_) => "malformed",
        Error::Open(_) | Error::Busy(_) => "withheld",
    }
}

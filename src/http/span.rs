//! The span of an exchange, in the words of OpenTelemetry's conventions.
//!
//! Its URL stays out: queries hold names and cursors, and some paths are secrets.
//! What is asked for is told by the name of the operation.
//!
//! Source: "Semantic conventions for HTTP client spans".

use url::Url;

use super::{Error, Request, Response, Trace};
use crate::telemetry::{Kind, OpenSpan};

/// The span of one try of `request` at `service`.
pub(super) fn begin(request: &Request<'_>, service: &'static str) -> OpenSpan {
    let (Trace::Shared(trace) | Trace::Own(trace)) = request.trace else {
        return OpenSpan::default();
    };
    let name = || format!("{} {}", request.method, request.operation).into();
    let mut span = trace.begin(Kind::Client, name);
    if !span.is_recorded() {
        return span;
    }
    span.set("http.request.method", request.method.as_str());
    span.set("peer.service", service);
    if let Ok(url) = Url::parse(&request.url) {
        span.set("server.address", url.host_str().unwrap_or_default());
        if let Some(port) = url.port_or_known_default() {
            span.set("server.port", port);
        }
    }
    let sent_before = request.sent.get();
    if sent_before > 0 {
        span.set("http.request.resend_count", sent_before);
    }
    span
}

/// Tells `span` what came of it, and ends it.
pub(super) fn end(mut span: OpenSpan, answer: &Result<Response, Error>) {
    if !span.is_recorded() {
        return;
    }
    match answer {
        Ok(response) => {
            span.set("http.response.status_code", response.status.as_u16());
            let names = ["x-ms-request-id", "request-id"];
            let id = names.into_iter().find_map(|name| response.header(name));
            named(&mut span, id);
        }
        Err(Error::Refused(refusal)) => {
            span.set("http.response.status_code", refusal.status.as_u16());
            named(&mut span, refusal.request_id.as_deref());
            span.fail(refusal.status.as_str());
        }
        Err(error) => span.fail(kind(error)),
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
        Error::TooLong(_) => "too_long",
        Error::Refused(_) => "refused",
        Error::Malformed(_) => "malformed",
        Error::Open(_) | Error::Busy(_) => "withheld",
    }
}

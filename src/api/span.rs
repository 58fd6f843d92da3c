//! The span of a request, in the words of OpenTelemetry's conventions.
//!
//! What callers send is personal or a secret in part: neither the query nor the
//! address of a caller is told, nor who they are. The record of changes has that, and the
//! log line of the request.
//!
//! Source: "Semantic conventions for HTTP server spans".

use actix_web::{
    HttpMessage as _,
    dev::ServiceRequest,
    http::{StatusCode, header::USER_AGENT},
    web,
};

use super::{Settings, authority, edge::Fault, inbound::Inbound};
use crate::{
    metrics::known_method,
    telemetry::{OpenSpan, Value},
};

/// The span that was begun with `request`, which `route` serves, told what is known by
/// now.
pub(super) fn taken(request: &ServiceRequest, route: Option<&str>) -> OpenSpan {
    let span = request.extensions_mut().remove::<OpenSpan>();
    let Some(mut span) = span else {
        return OpenSpan::default();
    };
    let method = request.method().as_str();
    let named = if let Some(known) = known_method(method) {
        span.set("http.request.method", Value::word(known));
        known
    } else {
        span.set("http.request.method", Value::word("_OTHER"));
        span.set("http.request.method_original", method);
        "HTTP"
    };
    match route {
        Some(route) => {
            span.set("http.route", route);
            span.rename([named, " ", route].concat());
        }
        None => span.rename(named),
    }
    span.set("url.path", request.path());
    let agent = request.headers().get(USER_AGENT);
    if let Some(agent) = agent.and_then(|agent| agent.to_str().ok()) {
        span.set("user_agent.original", agent);
    }
    let id = Inbound::of(request.request()).id;
    span.set("mi_gateway.request_id", id.as_str());
    addressed(&mut span, request);
    span
}

/// To whom it was sent, as far as proxies are believed.
fn addressed(span: &mut OpenSpan, request: &ServiceRequest) {
    let settings = request.app_data::<web::Data<Settings>>();
    let base = settings.and_then(|it| authority::base(request.request(), it).ok());
    let Some(base) = base else { return };
    span.set("url.scheme", base.scheme());
    span.set("server.address", base.host_str().unwrap_or_default());
    if let Some(port) = base.port_or_known_default() {
        span.set("server.port", port);
    }
}

/// Tells `span` what the answer is. One that lies with the caller is no failure.
pub(super) fn answered(span: &mut OpenSpan, status: StatusCode, fault: Option<&Fault>) {
    span.set("http.response.status_code", status.as_u16());
    match fault {
        Some(fault) if status.is_server_error() => span.fail(Value::word(fault.code)),
        Some(fault) => span.set("mi_gateway.problem", Value::word(fault.code)),
        None if status.is_server_error() => span.fail(status.as_str()),
        None => {}
    }
}

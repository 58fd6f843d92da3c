//! The span of an acquisition, from the first request to the last.

use super::{Resource, cache::Outcome};
use crate::telemetry::{Kind, OpenSpan, TraceContext, Tracer};

const NAME: &str = "acquire token";

/// The span of an acquisition of a token for `resource` from `source`, as part of
/// the `trace` of whoever made it begin; others that wait for it have theirs. One
/// that nobody asked for has a trace of its own.
pub(super) fn begin(
    tracer: &Tracer,
    trace: Option<&TraceContext>,
    resource: Resource,
    source: &'static str,
) -> OpenSpan {
    let mut span = match trace {
        Some(trace) => trace.begin(Kind::Internal, || NAME.into()),
        None => tracer.begin(NAME).1,
    };
    span.set("mi_gateway.token.resource", resource.label());
    span.set("mi_gateway.token.source", source);
    span
}

/// Tells `span` what came of it, and ends it.
pub(super) fn end(mut span: OpenSpan, outcome: &Outcome) {
    if let Err(failure) = outcome {
        span.fail(failure.code());
    }
}

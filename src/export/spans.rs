//! Spans as OTLP has them.

use std::{
    borrow::Cow,
    time::{SystemTime, UNIX_EPOCH},
};

use actix_web::web::Bytes;

use super::{
    resource::{pair, scope},
    wire::{ERROR, Link, Resource, ResourceSpans, ScopeSpans, Span, Status, TracesRequest, Value},
};
use crate::telemetry::{self, Kind, SpanRecord};

/// The trace is recorded: nothing else is sent.
const SAMPLED: u32 = 1;

/// What is sent of `spans`.
pub(super) fn request(resource: &Resource, spans: Vec<SpanRecord>) -> TracesRequest {
    TracesRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource.clone()),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans: spans.into_iter().map(span).collect(),
            }],
        }],
    }
}

fn span(record: SpanRecord) -> Span {
    let attributes = record.attributes.into_iter();
    let link = |span_id: [u8; 8]| Link {
        trace_id: record.trace_id.into(),
        span_id: span_id.into(),
    };
    Span {
        trace_id: record.trace_id.into(),
        span_id: record.span_id.into(),
        trace_state: record.trace_state.unwrap_or_default(),
        parent_span_id: record.parent_id.map_or_else(Vec::new, Into::into),
        name: bytes(record.name),
        kind: kind(record.kind),
        start_time_unix_nano: nanoseconds(record.began),
        end_time_unix_nano: nanoseconds(record.ended),
        attributes: attributes
            .map(|(name, value)| pair(name, attribute(value)))
            .collect(),
        links: record.link.into_iter().map(link).collect(),
        status: record.is_failure.then_some(Status { code: ERROR }),
        flags: SAMPLED,
    }
}

fn attribute(value: telemetry::Value) -> Value {
    match value {
        telemetry::Value::Text(text) => Value::Text(bytes(text)),
        telemetry::Value::Number(number) => Value::Number(number),
    }
}

fn bytes(text: Cow<'static, str>) -> Bytes {
    match text {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into(),
    }
}

fn kind(kind: Kind) -> i32 {
    match kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
    }
}

/// Since 1970.
pub(super) fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

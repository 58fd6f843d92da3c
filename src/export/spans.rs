//! Spans as OTLP has them, each of them written once, when it ends.
//!
//! Source: open-telemetry/opentelemetry-proto, `trace/v1` and its `collector`, `common/v1`;
//! a test reads what is sent by OpenTelemetry's own definitions.

use std::time::{SystemTime, UNIX_EPOCH};

use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint, encoded_len_varint},
};

use super::{resource::scope, wire::Resource};
use crate::telemetry::{Kind, SpanRecord, Value};

/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;

/// The trace is recorded: nothing else is sent.
const SAMPLED: u32 = 1;

/// A request to export `spans`, each as [`write()`] has it.
pub(super) fn request(resource: &Resource, spans: &[u8]) -> Vec<u8> {
    let mut request = Vec::with_capacity(spans.len() + 1024);
    delimited(1, &mut request, |resource_spans| {
        bytes(1, resource_spans, &resource.encode_to_vec());
        delimited(2, resource_spans, |scope_spans| {
            bytes(1, scope_spans, &scope().encode_to_vec());
            scope_spans.extend_from_slice(spans);
        });
    });
    request
}

/// Writes `record` behind the other spans of a scope.
pub(crate) fn write(record: &SpanRecord, spans: &mut Vec<u8>) {
    delimited(2, spans, |span| {
        bytes(1, span, &record.trace_id);
        bytes(2, span, &record.span_id);
        if let Some(state) = &record.trace_state {
            bytes(3, span, state.as_bytes());
        }
        if let Some(parent) = &record.parent_id {
            bytes(4, span, parent);
        }
        bytes(5, span, record.name.as_bytes());
        number(6, span, kind(record.kind));
        fixed64(7, span, nanoseconds(record.began));
        fixed64(8, span, nanoseconds(record.ended));
        for (name, value) in &record.attributes {
            delimited(9, span, |attribute| pair(attribute, name, value));
        }
        if let Some(linked) = &record.link {
            delimited(13, span, |link| {
                bytes(1, link, &record.trace_id);
                bytes(2, link, linked);
            });
        }
        if record.is_failure {
            delimited(15, span, |status| number(3, status, ERROR));
        }
        encode_key(16, WireType::ThirtyTwoBit, span);
        span.extend_from_slice(&SAMPLED.to_le_bytes());
    });
}

/// A `KeyValue`.
fn pair(into: &mut Vec<u8>, name: &str, value: &Value) {
    bytes(1, into, name.as_bytes());
    delimited(2, into, |any| match value {
        Value::Text(text) => bytes(1, any, text.as_bytes()),
        Value::Number(value) => number(3, any, value.cast_unsigned()),
    });
}

const fn kind(kind: Kind) -> u64 {
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

fn number(tag: u32, into: &mut Vec<u8>, value: u64) {
    encode_key(tag, WireType::Varint, into);
    encode_varint(value, into);
}

fn fixed64(tag: u32, into: &mut Vec<u8>, value: u64) {
    encode_key(tag, WireType::SixtyFourBit, into);
    into.extend_from_slice(&value.to_le_bytes());
}

/// Bytes, or text, or a message.
fn bytes(tag: u32, into: &mut Vec<u8>, value: &[u8]) {
    encode_key(tag, WireType::LengthDelimited, into);
    encode_varint(value.len() as u64, into);
    into.extend_from_slice(value);
}

/// What `write` writes, with its length before it. It is moved where that takes more
/// than a byte: to find it beforehand takes longer.
fn delimited(tag: u32, into: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, into);
    let at = into.len();
    into.push(0);
    write(into);
    let end = into.len();
    let length = (end - at - 1) as u64;
    let more = encoded_len_varint(length) - 1;
    into.resize(end + more, 0);
    into.copy_within(at + 1..end, at + 1 + more);
    encode_varint(length, &mut &mut into[at..=at + more]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_stands_before_what_it_is_of_whatever_it_takes() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 300_000] {
            let mut outer = vec![7];
            delimited(2, &mut outer, |inner| inner.extend(vec![9; length]));
            let mut expected = vec![7];
            bytes(2, &mut expected, &vec![9; length]);
            assert!(outer == expected, "{length}");
        }
    }
}

//! W3C Trace Context: `traceparent` and `tracestate`, in and out.
//!
//! Source: <https://www.w3.org/TR/trace-context/>, level 1.

mod headers;

use std::{borrow::Cow, fmt::Write as _};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Uuid, fmt::Simple};

use super::{Kind, OpenSpan, Tracer};
use headers::{only, parse, state};

/// A place in a trace: a span of ours, in which calls are made.
#[derive(Clone, Debug)]
pub(crate) struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
    state: Option<HeaderValue>,
    /// On where the trace is recorded.
    pub(super) tracer: Tracer,
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The characters of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// The flag that is set on traces of our own: record it.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Goes on with the trace of a request that has `headers`, in a span of
    /// ours; begins a new one, without state, when its `traceparent` is absent,
    /// not valid, or there twice.
    pub(crate) fn continued(headers: &HeaderMap) -> Self {
        Self::read(headers).0
    }

    /// The same, with the span that the request was made in.
    pub(super) fn read(headers: &HeaderMap) -> (Self, Option<[u8; 8]>) {
        let (trace_id, parent_id, flags, state) = match only(headers).and_then(parse) {
            Some((trace_id, parent_id, flags)) => {
                (trace_id, Some(parent_id), flags, state(headers))
            }
            None => (random(), None, SAMPLED, None),
        };
        let trace = Self {
            trace_id,
            span_id: random(),
            flags,
            state,
            tracer: Tracer::default(),
        };
        (trace, parent_id)
    }

    /// Begins a span that is part of this one, and recorded if this one is.
    pub(crate) fn begin(&self, kind: Kind, name: impl FnOnce() -> Cow<'static, str>) -> OpenSpan {
        if !self.tracer.is_on() {
            return OpenSpan::default();
        }
        let within = Self {
            span_id: random(),
            ..self.clone()
        };
        OpenSpan::new(within, Some(self.span_id), kind, name())
    }

    /// Whether those who are asked are to record it.
    pub(super) fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Has those who are asked record it, or not.
    pub(super) fn sample(&mut self, is_sampled: bool) {
        self.flags = if is_sampled { SAMPLED } else { 0 };
    }

    /// The span's id.
    pub(super) fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// The state that the trace came with.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_ref()?.to_str().ok()
    }

    /// The trace's id, as bytes.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The trace's id, which is written in lower-case hexadecimal.
    pub(crate) fn trace_id(&self) -> Simple {
        Uuid::from_bytes(self.trace_id).simple()
    }

    /// The headers for calls that this request makes.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let parent = HeaderValue::try_from(self.traceparent()).ok();
        let parent = parent.map(|parent| (TRACEPARENT, parent));
        let state = self.state.clone().map(|state| (TRACESTATE, state));
        parent.into_iter().chain(state)
    }

    fn traceparent(&self) -> String {
        let trace_id = self.trace_id();
        let span_id = u64::from_be_bytes(self.span_id);
        let mut text = String::with_capacity(LENGTH);
        // A string takes whatever is written.
        let _ = write!(text, "00-{trace_id}-{span_id:016x}-{:02x}", self.flags);
        text
    }
}

/// Random bytes, not all zero: an id of zeros is not valid.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    while bytes == [0; N] {
        fastrand::fill(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn continued(parent: &str, states: &[&[u8]]) -> TraceContext {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, parent.try_into().unwrap());
        for state in states {
            headers.append(TRACESTATE, HeaderValue::from_bytes(state).unwrap());
        }
        TraceContext::continued(&headers)
    }

    fn state_of(parent: &str, states: &[&[u8]]) -> Option<String> {
        let state = continued(parent, states).state?;
        Some(state.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_valid_trace_goes_on_in_a_span_of_ours() {
        let context = continued(PARENT, &[]);
        assert_eq!(context.trace_id().to_string(), TRACE);
        let ours = context.traceparent();
        assert!(ours.starts_with(&format!("00-{TRACE}-")) && ours.ends_with("-01"));
        assert_ne!(ours, PARENT);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let header = format!("cc-{TRACE}-00f067aa0ba902b7-00-what-the-future-brings");
        assert_eq!(continued(&header, &[]).trace_id().to_string(), TRACE);
    }

    #[test]
    fn what_is_not_valid_begins_a_new_trace() {
        for header in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            let context = continued(header, &[]);
            assert_ne!(
                context.trace_id().to_string().to_uppercase(),
                TRACE.to_uppercase()
            );
            assert_eq!(context.traceparent().len(), 55, "{header}");
        }
    }

    #[test]
    fn a_state_is_carried_as_it_came_up_to_512_bytes() {
        let (longest, half) = ([b'x'; 512], [b'x'; 256]);
        assert_eq!(state_of(PARENT, &[&longest]).unwrap().len(), 512);
        assert_eq!(
            state_of(PARENT, &[b"", b"a=1,\tb=2", b"c= 3"]).unwrap(),
            "a=1,\tb=2,c= 3"
        );
        for dropped in [
            &[&longest[..], b"x"][..],
            &[&half, &half],
            &[b"a=\xff"],
            &[b"a=1", b"\xff"],
            &[b"", b""],
            &[],
        ] {
            assert_eq!(state_of(PARENT, dropped), None, "{dropped:?}");
        }
    }

    #[test]
    fn a_state_without_its_trace_is_dropped() {
        assert_eq!(state_of("00", &[b"a=1"]), None);
        let headers: Vec<_> = continued("00", &[b"a=1"]).headers().collect();
        assert_eq!(headers.len(), 1);
    }
}

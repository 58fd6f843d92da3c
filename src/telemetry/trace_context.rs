//! W3C Trace Context: `traceparent` and `tracestate`, in and out.
//!
//! Source: <https://www.w3.org/TR/trace-context/>, level 1.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// A request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
    state: Option<HeaderValue>,
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A longer `tracestate` is dropped; this much has to be carried on.
///
/// Source: "Tracestate limits" of the same document.
const LONGEST_STATE: usize = 512;

/// The flag that is set on traces of our own: record it.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Goes on with the trace of a request that has `headers`, in a span of
    /// ours; begins a new one, without state, when its `traceparent` is absent,
    /// not valid, or there twice.
    pub(crate) fn continued(headers: &HeaderMap) -> Self {
        let Some((trace_id, flags)) = only(headers).and_then(parse) else {
            return Self {
                trace_id: random(),
                span_id: random(),
                flags: SAMPLED,
                state: None,
            };
        };
        Self {
            trace_id,
            span_id: random(),
            flags,
            state: state(headers),
        }
    }

    /// The trace's id, as bytes.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The trace's id in lower-case hexadecimal.
    pub(crate) fn trace_id(&self) -> impl fmt::Display + use<> {
        Hex(self.trace_id)
    }

    /// The headers for calls that this request makes.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let parent = HeaderValue::try_from(self.traceparent()).ok();
        let parent = parent.map(|parent| (TRACEPARENT, parent));
        let state = self.state.clone().map(|state| (TRACESTATE, state));
        parent.into_iter().chain(state)
    }

    fn traceparent(&self) -> String {
        format!(
            "00-{}-{}-{:02x}",
            Hex(self.trace_id),
            Hex(self.span_id),
            self.flags
        )
    }
}

struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
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

/// The `traceparent`, if there is one and no other.
fn only(headers: &HeaderMap) -> Option<&str> {
    let mut parents = headers.get_all(&TRACEPARENT);
    let parent = parents.next()?;
    if parents.next().is_some() {
        return None;
    }
    parent.to_str().ok()
}

/// All `tracestate` headers as one, unread. A copy: the header that came in
/// would keep the whole head in memory for as long as an operation is followed.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut joined = String::new();
    for state in headers.get_all(&TRACESTATE) {
        let state = state.to_str().ok()?;
        let comma = if joined.is_empty() { "" } else { "," };
        if joined.len() + comma.len() + state.len() > LONGEST_STATE {
            return None;
        }
        joined.push_str(comma);
        joined.push_str(state);
    }
    if joined.is_empty() {
        return None;
    }
    joined.try_into().ok()
}

/// Trace id and flags. Of a version above 00 the parts that are known are read,
/// whatever follows them.
fn parse(header: &str) -> Option<([u8; 16], u8)> {
    let mut parts = header.splitn(5, '-');
    let [version]: [u8; 1] = bytes(parts.next()?)?;
    let trace_id = bytes(parts.next()?)?;
    let parent_id: [u8; 8] = bytes(parts.next()?)?;
    let [flags] = bytes(parts.next()?)?;
    let is_whole = version != 0 || parts.next().is_none();
    let is_valid = version != 0xff && trace_id != [0; 16] && parent_id != [0; 8];
    (is_whole && is_valid).then_some((trace_id, flags & SAMPLED))
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != 2 * N || !hex.bytes().all(is_lower_hex) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
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

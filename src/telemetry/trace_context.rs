//! W3C Trace Context: the `traceparent` header, in and out.
//!
//! Source: <https://www.w3.org/TR/trace-context/>, level 1.

use std::fmt;

/// A request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

/// The flag that is set on traces of our own: record it.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Goes on with the caller's trace, in a span of ours; begins a new one
    /// when `traceparent` is absent or not valid.
    pub(crate) fn continued(traceparent: Option<&str>) -> Self {
        let (trace_id, flags) = traceparent
            .and_then(parse)
            .unwrap_or_else(|| (random(), SAMPLED));
        Self {
            trace_id,
            span_id: random(),
            flags,
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

    /// The header for calls that this request makes.
    pub(crate) fn traceparent(&self) -> String {
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

    #[test]
    fn a_valid_trace_goes_on_in_a_span_of_ours() {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let context = TraceContext::continued(Some(&header));
        assert_eq!(context.trace_id().to_string(), TRACE);
        let ours = context.traceparent();
        assert!(ours.starts_with(&format!("00-{TRACE}-")) && ours.ends_with("-01"));
        assert_ne!(ours, header);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let header = format!("cc-{TRACE}-00f067aa0ba902b7-00-what-the-future-brings");
        assert_eq!(
            TraceContext::continued(Some(&header))
                .trace_id()
                .to_string(),
            TRACE
        );
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
            let context = TraceContext::continued(Some(header));
            assert_ne!(
                context.trace_id().to_string().to_uppercase(),
                TRACE.to_uppercase()
            );
            assert_eq!(context.traceparent().len(), 55, "{header}");
        }
    }
}

//! A span: something that is done, from its beginning to its end.

use std::{
    borrow::Cow,
    time::{Instant, SystemTime},
};

use super::trace_context::TraceContext;

/// Longer text is cut: callers choose some of it.
const LONGEST: usize = 256;

/// As many things as are told of most spans.
const USUAL: usize = 10;

/// What a span is to those on its other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody is there.
    Internal,
    /// Somebody asks us.
    Server,
    /// We ask somebody.
    Client,
}

/// What is told of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text, of a reasonable length.
    Text(Cow<'static, str>),
    /// A whole number.
    Number(i64),
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub(crate) struct SpanRecord {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// The span that it is part of.
    pub(crate) parent_id: Option<[u8; 8]>,
    /// Another span of the same trace, without which it would not be.
    pub(crate) link: Option<[u8; 8]>,
    pub(crate) trace_state: Option<String>,
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) began: SystemTime,
    pub(crate) ended: SystemTime,
    pub(crate) attributes: Vec<(&'static str, Value)>,
    pub(crate) is_failure: bool,
}

/// A span that ends when this is dropped; where nothing is recorded it is nothing,
/// and whatever is told to it goes nowhere.
#[derive(Default)]
pub(crate) struct OpenSpan(Option<Box<Open>>);

struct Open {
    /// Where calls are made that are part of it.
    within: TraceContext,
    since: Instant,
    record: SpanRecord,
}

impl OpenSpan {
    /// A span at `within`, which has its ids.
    pub(super) fn new(
        within: TraceContext,
        parent_id: Option<[u8; 8]>,
        kind: Kind,
        name: Cow<'static, str>,
    ) -> Self {
        let now = SystemTime::now();
        let record = SpanRecord {
            trace_id: within.id(),
            span_id: within.span_id(),
            parent_id,
            link: None,
            trace_state: within.state().map(str::to_owned),
            name,
            kind,
            began: now,
            ended: now,
            attributes: Vec::with_capacity(USUAL),
            is_failure: false,
        };
        Self(Some(Box::new(Open {
            within,
            since: Instant::now(),
            record,
        })))
    }

    /// Whether it is anything: what would be told to it need not be looked up else.
    pub(crate) fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Where calls are made that are part of it.
    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        self.0.as_ref().map(|open| &open.within)
    }

    /// Gives it the name that is known only now.
    pub(crate) fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.0 {
            open.record.name = name.into();
        }
    }

    /// Tells `value` of it.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.0 {
            open.record.attributes.push((name, value.into()));
        }
    }

    /// Says that it came to nothing, and why: a word of a small fixed set.
    pub(crate) fn fail(&mut self, kind: impl Into<Value>) {
        self.set("error.type", kind);
        if let Some(open) = &mut self.0 {
            open.record.is_failure = true;
        }
    }

    /// Says that it would not be without the span of `trace`.
    pub(crate) fn link(&mut self, trace: &TraceContext) {
        if let Some(open) = &mut self.0 {
            open.record.link = Some(trace.span_id());
        }
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else { return };
        let Open {
            within,
            since,
            mut record,
        } = *open;
        record.ended = record.began + since.elapsed();
        within.tracer.keep(&record);
    }
}

impl Value {
    /// A word of ours, which is not copied.
    pub(crate) const fn word(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        let cut = text.floor_char_boundary(LONGEST);
        Self::Text(text[..cut].to_owned().into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{super::tracer::Write, *};
    use crate::{
        config::{Choice, Sampler},
        metrics::Metrics,
        telemetry::Tracer,
    };

    #[test]
    fn a_span_within_another_is_part_of_it() {
        thread_local! {
            static ENDED: RefCell<Vec<SpanRecord>> = RefCell::default();
        }
        let keep: Write = |span, _| ENDED.with_borrow_mut(|ended| ended.push(span.clone()));
        let tracer = Tracer::new(Sampler::Own(Choice::All), keep, Metrics::new().unwrap());
        let (trace, outer) = tracer.begin("outer");
        let mut inner = trace.begin(Kind::Client, || "inner".into());
        inner.set("http.response.status_code", 204_u16);
        drop(inner);
        drop(outer);
        let ended = ENDED.take();
        let [inner, outer] = &ended[..] else {
            panic!("there are other spans");
        };
        assert_eq!(inner.parent_id, Some(outer.span_id));
        assert_eq!(inner.trace_id, outer.trace_id);
        assert_eq!((inner.kind, &*inner.name), (Kind::Client, "inner"));
        assert_eq!(outer.parent_id, None);
        assert!(inner.began >= outer.began && inner.ended <= outer.ended);
    }

    #[test]
    fn what_a_span_is_told_is_cut_at_a_letter() {
        let long = "é".repeat(LONGEST);
        let Value::Text(text) = Value::from(&*long) else {
            panic!("it is no text");
        };
        assert_eq!(text.len(), LONGEST);
        assert!(long.starts_with(&*text));
    }

    #[test]
    fn where_nothing_is_recorded_nothing_is_named() {
        let (trace, _) = Tracer::default().begin("work");
        let span = trace.begin(Kind::Client, || panic!("the name was asked for"));
        assert!(!span.is_recorded() && span.trace().is_none());
    }
}

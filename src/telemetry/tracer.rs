//! Which traces are recorded, and where their spans wait to be sent.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_web::http::header::HeaderMap;
use tokio::sync::Notify;

use super::{
    span::{Kind, OpenSpan, SpanRecord},
    trace_context::TraceContext,
};
use crate::{
    config::{Choice, Sampler},
    metrics::Metrics,
};

/// Spans that wait at most, some 400 bytes each: those that come when there are so many
/// are lost.
const MOST: usize = 2_048;

/// Spans that are sent together. Both are the numbers of OpenTelemetry's own batch
/// processor.
const BATCH: usize = 512;

/// Records spans, or does nothing at all; cloning it copies nothing.
#[derive(Clone, Default)]
pub(crate) struct Tracer(Option<Arc<Recorder>>);

/// Writes a span behind those before it, as it is sent.
pub(crate) type Write = fn(&SpanRecord, &mut Vec<u8>);

/// Spans that are sent together.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) written: Vec<u8>,
    pub(crate) count: usize,
}

struct Recorder {
    sampler: Sampler,
    write: Write,
    waiting: Mutex<Waiting>,
    batch: Notify,
    metrics: Metrics,
}

impl Tracer {
    /// Records what `sampler` says, as `write` has it. What is lost of it is counted.
    pub(crate) fn new(sampler: Sampler, write: Write, metrics: Metrics) -> Self {
        Self(Some(Arc::new(Recorder {
            sampler,
            write,
            waiting: Mutex::default(),
            batch: Notify::new(),
            metrics,
        })))
    }

    /// The trace of a request that has `headers`, and the span in which it is
    /// served.
    pub(crate) fn received(&self, headers: &HeaderMap) -> (TraceContext, OpenSpan) {
        let (trace, parent) = TraceContext::read(headers);
        self.opened(trace, parent, Kind::Server, "")
    }

    /// A trace of its own for work that nobody asked for, and its first span.
    pub(crate) fn begin(&self, name: &'static str) -> (TraceContext, OpenSpan) {
        let (trace, parent) = TraceContext::read(&HeaderMap::new());
        self.opened(trace, parent, Kind::Internal, name)
    }

    fn opened(
        &self,
        mut trace: TraceContext,
        parent: Option<[u8; 8]>,
        kind: Kind,
        name: &'static str,
    ) -> (TraceContext, OpenSpan) {
        let Some(recorder) = &self.0 else {
            return (trace, OpenSpan::default());
        };
        let of_parent = parent.map(|_| trace.is_sampled());
        let is_sampled = is_sampled(recorder.sampler, trace.id(), of_parent);
        trace.sample(is_sampled);
        if !is_sampled {
            return (trace, OpenSpan::default());
        }
        trace.tracer = self.clone();
        let span = OpenSpan::new(trace.clone(), parent, kind, name.into());
        (trace, span)
    }

    /// Whether it records anything.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Has `span` wait, if there is room.
    pub(super) fn keep(&self, span: &SpanRecord) {
        let Some(recorder) = &self.0 else { return };
        let mut waiting = recorder.waiting();
        if waiting.count() >= MOST {
            drop(waiting);
            recorder.metrics.spans_dropped("queue_full", 1);
            return;
        }
        if waiting.add(|written| (recorder.write)(span, written)) {
            recorder.batch.notify_one();
        }
    }

    /// Resolves when there is a batch to send.
    pub(crate) async fn batch(&self) {
        match &self.0 {
            Some(recorder) => recorder.batch.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The spans that have waited longest, a batch at most.
    pub(crate) fn take(&self) -> Batch {
        let Some(recorder) = &self.0 else {
            return Batch::default();
        };
        let mut waiting = recorder.waiting();
        let taken = waiting.full.pop_front();
        if !waiting.full.is_empty() {
            recorder.batch.notify_one();
        }
        taken.unwrap_or_else(|| mem::take(&mut waiting.last))
    }
}

/// Batches that are full, and the one that is not yet.
#[derive(Default)]
struct Waiting {
    full: VecDeque<Batch>,
    last: Batch,
}

impl Waiting {
    fn count(&self) -> usize {
        self.full.len() * BATCH + self.last.count
    }

    /// Adds what `write` writes; whether that makes a batch full.
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        write(&mut self.last.written);
        self.last.count += 1;
        let is_full = self.last.count == BATCH;
        if is_full {
            // The next one will be about as long.
            let next = Batch {
                written: Vec::with_capacity(self.last.written.len()),
                count: 0,
            };
            self.full.push_back(mem::replace(&mut self.last, next));
        }
        is_full
    }
}

impl Recorder {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_on() { "on" } else { "off" })
    }
}

/// Whether a trace is recorded, of which whoever is before us says `of_parent`.
fn is_sampled(sampler: Sampler, trace_id: [u8; 16], of_parent: Option<bool>) -> bool {
    match (sampler, of_parent) {
        (Sampler::OfParent(_), Some(of_parent)) => of_parent,
        (Sampler::OfParent(choice) | Sampler::Own(choice), _) => is_chosen(choice, trace_id),
    }
}

/// By the same bits of the trace id as OpenTelemetry's own, so that all services
/// with one share choose the same traces.
fn is_chosen(choice: Choice, trace_id: [u8; 16]) -> bool {
    match choice {
        Choice::All => true,
        Choice::None => false,
        Choice::Share(share) => {
            let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = trace_id;
            let place = f64::from(u32::from_be_bytes([a, b, c, d]));
            place < share * (f64::from(u32::MAX) + 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracer(sampler: Sampler) -> (Tracer, Metrics) {
        let metrics = Metrics::new().unwrap();
        (Tracer::new(sampler, |_, _| {}, metrics.clone()), metrics)
    }

    #[test]
    fn the_word_of_whoever_began_the_trace_counts_where_it_is_asked_for() {
        let id = [1; 16];
        for choice in [Choice::All, Choice::None, Choice::Share(0.5)] {
            assert!(is_sampled(Sampler::OfParent(choice), id, Some(true)));
            assert!(!is_sampled(Sampler::OfParent(choice), id, Some(false)));
        }
        assert!(is_sampled(Sampler::Own(Choice::All), id, Some(false)));
        assert!(!is_sampled(Sampler::Own(Choice::None), id, Some(true)));
        assert!(is_sampled(Sampler::OfParent(Choice::All), id, None));
    }

    #[test]
    fn a_share_is_of_all_traces_and_the_same_ones_each_time() {
        let trace = |place: u32| {
            let mut id = [7; 16];
            id[8..12].copy_from_slice(&place.to_be_bytes());
            id
        };
        let is_chosen = |share, place| is_chosen(Choice::Share(share), trace(place));
        assert!(is_chosen(0.25, 0) && is_chosen(0.25, (1 << 30) - 1));
        assert!(!is_chosen(0.25, 1 << 30) && !is_chosen(0.25, u32::MAX));
        assert!(!is_chosen(0.0, 0));
        assert!(is_chosen(1.0, u32::MAX));
    }

    #[test]
    fn spans_beyond_what_may_wait_are_counted_and_lost() {
        let (tracer, metrics) = tracer(Sampler::Own(Choice::All));
        for _ in 0..MOST + 3 {
            tracer.begin("work");
        }
        let lost = "telemetry_spans_dropped_total{reason=\"queue_full\"} 3";
        assert!(metrics.encode().unwrap().contains(lost));
        assert_eq!(tracer.take().count, BATCH);
        tracer.begin("work");
        assert!(metrics.encode().unwrap().contains(lost));
    }

    #[test]
    fn what_is_not_sampled_is_not_recorded_and_says_so_to_others() {
        let (tracer, _) = tracer(Sampler::Own(Choice::None));
        let (trace, span) = tracer.begin("work");
        assert!(!span.is_recorded() && !trace.is_sampled());
        drop(span);
        assert_eq!(tracer.take().count, 0);
    }
}

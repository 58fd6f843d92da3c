//! Spans, batch by batch.

use std::time::Duration;

use actix_web::{rt::time, web::Bytes};
use tokio_util::sync::CancellationToken;

use super::{
    collector::{Collector, Refused},
    spans,
    wire::Resource,
};
use crate::{metrics::Metrics, telemetry::Tracer};

/// How long spans wait for others before they are sent; the number of
/// OpenTelemetry's own batch processor.
const GATHER: Duration = Duration::from_secs(5);

/// The first pause after a failure. It doubles, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);

pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often a batch is sent; what waits behind it meanwhile is bounded.
const TRIES: u32 = 5;

/// The spans of a tracer on their way to a collector.
pub(super) struct Traces {
    collector: Collector,
    tracer: Tracer,
    resource: Resource,
}

impl Traces {
    pub(super) fn new(collector: Collector, tracer: Tracer, resource: Resource) -> Self {
        Self {
            collector,
            tracer,
            resource,
        }
    }

    /// Sends spans until `stop`, and then all that are left: once each, as there is
    /// no time to wait for a collector that is away.
    pub(super) async fn run(mut self, metrics: Metrics, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let gathered = async {
                tokio::select! {
                    () = self.tracer.batch() => {}
                    () = time::sleep(GATHER) => {}
                }
            };
            stop.run_until_cancelled(gathered).await;
            self.batch(&metrics, &stop).await;
        }
        while self.batch(&metrics, &stop).await {}
    }

    /// Sends the spans that have waited longest; whether there were any.
    async fn batch(&mut self, metrics: &Metrics, stop: &CancellationToken) -> bool {
        let batch = self.tracer.take();
        if batch.count == 0 {
            return false;
        }
        let message = spans::request(&self.resource, &batch.written);
        let rejected = self.delivered(message.into(), stop).await;
        let (reason, dropped) = dropped(rejected, batch.count as u64);
        if dropped > 0 {
            metrics.spans_dropped(reason, dropped);
        }
        true
    }

    /// How many spans of `message` were not taken; `None` if none were.
    async fn delivered(&mut self, message: Bytes, stop: &CancellationToken) -> Option<u64> {
        for attempt in 0..TRIES {
            let least = match self.collector.send("export_traces", message.clone()).await {
                Ok(rejected) => return Some(rejected),
                Err(Refused::Forever) => return None,
                Err(Refused::Later(least)) => least,
            };
            // Stopped before, it was the last try.
            stop.run_until_cancelled(time::sleep(pause(attempt, least)))
                .await?;
        }
        None
    }
}

/// How many of `count` spans no collector has, and why, by how many it `rejected`.
pub(super) fn dropped(rejected: Option<u64>, count: u64) -> (&'static str, u64) {
    match rejected {
        // It may say anything.
        Some(rejected) => ("rejected", rejected.min(count)),
        None => ("not_sent", count),
    }
}

/// The pause after try number `attempt + 1`: with jitter, so that gateways do not
/// come back together, and no shorter than the collector has it.
pub(super) fn pause(attempt: u32, least: Duration) -> Duration {
    let ceiling = (PAUSE * 2_u32.saturating_pow(attempt)).min(LONGEST_PAUSE);
    let jittered = ceiling.mul_f64(0.5 + fastrand::f64() / 2.0);
    jittered.max(least.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_keep_to_the_collectors_word_within_reason() {
        let seconds = Duration::from_secs;
        for (attempt, range) in [(0, 0..=1), (1, 1..=2), (3, 4..=8), (9, 15..=30)] {
            let pause = pause(attempt, Duration::ZERO);
            assert!(range.contains(&pause.as_secs()), "{attempt}: {pause:?}");
        }
        assert_eq!(pause(0, seconds(7)), seconds(7));
        assert_eq!(pause(0, seconds(7_000)), LONGEST_PAUSE);
    }
}

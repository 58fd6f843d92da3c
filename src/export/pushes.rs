//! Metrics, at their interval.

use std::time::{Duration, Instant, SystemTime};

use actix_web::rt::time;
use prometheus::proto::MetricFamily;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::{collector::Collector, families, wire::Resource};

/// Metrics on their way to a collector.
pub(super) struct Pushes {
    collector: Collector,
    resource: Resource,
    start: SystemTime,
    began: Instant,
}

impl Pushes {
    /// What counts from `start`.
    pub(super) fn new(collector: Collector, resource: Resource, start: SystemTime) -> Self {
        Self {
            collector,
            resource,
            start,
            began: Instant::now(),
        }
    }

    /// Sends what `gather` gives every `interval` until `stop`, and once more then.
    /// What is not taken is not sent again: the next has all of it.
    pub(super) async fn run(
        mut self,
        interval: Duration,
        gather: impl Fn() -> Vec<MetricFamily>,
        stop: CancellationToken,
    ) {
        loop {
            // Told to stop while it pushed, it still has the last values to push.
            let passed = stop.run_until_cancelled(time::sleep(interval)).await;
            self.push(&gather()).await;
            if passed.is_none() {
                return;
            }
        }
    }

    async fn push(&mut self, families: &[MetricFamily]) {
        let now = SystemTime::now();
        // The clock was ahead then: a point that ends before it starts is none.
        if now < self.start {
            self.start = now.checked_sub(self.began.elapsed()).unwrap_or(now);
        }
        let span = (self.start, now);
        let message = families::request(&self.resource, families, span);
        let message = message.encode_to_vec().into();
        let _ = self.collector.send("export_metrics", message).await;
    }
}

//! Metrics of power operations.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus::{Error, HistogramVec, IntCounterVec, IntGauge};

use super::{Declare, Held, Metrics, clamped};

/// Power operations take seconds to minutes.
const SECONDS: [f64; 10] = [1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 1_000.0];

pub(super) struct OperationMetrics {
    total: IntCounterVec,
    seconds: HistogramVec,
    running: IntGauge,
    oldest: IntGauge,
    /// How many of those that are followed were ordered at each moment.
    ordered: Mutex<BTreeMap<Instant, usize>>,
}

/// A power operation that is being followed, until this is dropped.
pub(crate) struct Followed {
    metrics: Metrics,
    ordered: Instant,
    _running: Held,
}

impl OperationMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            total: declare.counter(
                "operations_total",
                "Power operations that ended, by outcome.",
                &["action", "outcome"],
            )?,
            seconds: declare.histogram(
                "operation_duration_seconds",
                "Time from an order to the end of its power operation.",
                &["action", "outcome"],
                &SECONDS,
            )?,
            running: declare
                .single_gauge("operations_running", "Power operations being followed.")?,
            oldest: declare.single_gauge(
                "operations_oldest_seconds",
                "Time since the oldest power operation being followed was ordered; 0 without any.",
            )?,
            ordered: Mutex::default(),
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<Instant, usize>) -> T) -> T {
        let mut ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut ordered)
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.metrics.0.operations.change(|ordered| {
            if let Entry::Occupied(mut count) = ordered.entry(self.ordered) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        });
    }
}

impl Metrics {
    /// A power operation that was ordered at `ordered` is being followed until what
    /// is returned is dropped.
    pub(crate) fn operation_followed(&self, ordered: Instant) -> Followed {
        let operations = &self.0.operations;
        operations.change(|known| *known.entry(ordered).or_default() += 1);
        Followed {
            metrics: self.clone(),
            ordered,
            _running: Held::new(&operations.running),
        }
    }

    /// Shows how old the oldest of them is: it grows by itself.
    pub(crate) fn observe_operations(&self, now: Instant) {
        let operations = &self.0.operations;
        let oldest = operations.change(|ordered| ordered.keys().next().copied());
        let age = oldest.map_or(0, |ordered| {
            now.saturating_duration_since(ordered).as_secs()
        });
        operations.oldest.set(clamped(age));
    }

    /// How many power operations are being followed.
    pub(crate) fn operations_running(&self) -> i64 {
        self.0.operations.running.get()
    }

    /// A power operation has ended.
    pub(crate) fn operation_ended(
        &self,
        action: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        let operations = &self.0.operations;
        let labels = [action, outcome];
        operations.total.with_label_values(&labels).inc();
        operations
            .seconds
            .with_label_values(&labels)
            .observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_the_oldest_of_those_that_are_left() {
        let metrics = Metrics::new().unwrap();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let oldest = || {
            metrics.observe_operations(at(100));
            metrics.0.operations.oldest.get()
        };
        assert_eq!(oldest(), 0);
        let young = metrics.operation_followed(at(60));
        let (old, as_old) = (
            metrics.operation_followed(start),
            metrics.operation_followed(start),
        );
        assert_eq!(oldest(), 100);
        drop(old);
        assert_eq!(oldest(), 100);
        drop(as_old);
        assert_eq!(oldest(), 40);
        drop(young);
        assert_eq!(oldest(), 0);
    }
}

//! Metrics of power operations.

use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounterVec, IntGauge};

use super::{Declare, Held, Metrics};

/// Power operations take seconds to minutes.
const SECONDS: [f64; 10] = [1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 1_000.0];

pub(super) struct OperationMetrics {
    total: IntCounterVec,
    seconds: HistogramVec,
    running: IntGauge,
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
                .gauge(
                    "operations_running",
                    "Power operations being followed.",
                    &[],
                )?
                .with_label_values::<&str>(&[]),
        })
    }
}

impl Metrics {
    /// A power operation is being followed until what is returned is dropped.
    pub(crate) fn operation_started(&self) -> Held {
        Held::new(&self.0.operations.running)
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

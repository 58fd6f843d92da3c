//! Metrics of the record of changes.

use prometheus::{Error, IntCounterVec, IntGauge};

use super::{Declare, Held, Metrics};

pub(super) struct AuditMetrics {
    records: IntCounterVec,
    failures: IntCounterVec,
    waiting: IntGauge,
}

impl AuditMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            records: declare.counter(
                "audit_records_total",
                "Lines written of the record of changes, by stage and outcome.",
                &["stage", "outcome"],
            )?,
            failures: declare.counter(
                "audit_failures_total",
                "Lines of the record of changes that could not be written when they were due, or were left out.",
                &["stage"],
            )?,
            waiting: declare.single_gauge(
                "audit_queue_length",
                "Lines of the record of changes that wait to be written.",
            )?,
        })
    }
}

impl Metrics {
    /// A line has been written.
    pub(crate) fn audit_written(&self, stage: &str, outcome: &str) {
        let labels = [stage, outcome];
        self.0.audit.records.with_label_values(&labels).inc();
    }

    /// A line was not written when it was due.
    pub(crate) fn audit_failed(&self, stage: &str) {
        self.0.audit.failures.with_label_values(&[stage]).inc();
    }

    /// A line waits to be written until what is returned is dropped.
    pub(crate) fn audit_queued(&self) -> Held {
        Held::new(&self.0.audit.waiting)
    }

    /// How many lines wait so.
    pub(crate) fn audit_waiting(&self) -> u64 {
        u64::try_from(self.0.audit.waiting.get()).unwrap_or_default()
    }
}

//! Metrics of what is told of the gateway, and of what is not.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::{Error, IntCounterVec};

use super::{Declare, Metrics};

pub(super) struct TelemetryMetrics {
    dropped: IntCounterVec,
    log_lines: IntCounterVec,
    /// As many of them as are counted.
    lost: AtomicU64,
}

impl TelemetryMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            dropped: declare.counter(
                "telemetry_spans_dropped_total",
                "Spans that no collector has, by reason.",
                &["reason"],
            )?,
            log_lines: declare.counter(
                "log_lines_lost_total",
                "Lines of the log that were not written, as standard output was not read.",
                &[],
            )?,
            lost: AtomicU64::default(),
        })
    }
}

impl Metrics {
    /// Spans are lost.
    pub(crate) fn spans_dropped(&self, reason: &'static str, count: u64) {
        let dropped = &self.0.telemetry.dropped;
        dropped.with_label_values(&[reason]).inc_by(count);
    }

    /// So many lines of the log are lost by now.
    pub(crate) fn log_lines_lost(&self, count: u64) {
        let telemetry = &self.0.telemetry;
        let before = telemetry.lost.fetch_max(count, Ordering::Relaxed);
        let lines = telemetry.log_lines.with_label_values::<&str>(&[]);
        lines.inc_by(count.saturating_sub(before));
    }
}

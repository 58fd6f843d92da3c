//! Metrics of what is sent by OTLP.

use prometheus::{Error, IntCounterVec};

use super::{Declare, Metrics};

pub(super) struct TelemetryMetrics {
    dropped: IntCounterVec,
}

impl TelemetryMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            dropped: declare.counter(
                "telemetry_spans_dropped_total",
                "Spans that no collector has, by reason.",
                &["reason"],
            )?,
        })
    }
}

impl Metrics {
    /// Spans are lost.
    pub(crate) fn spans_dropped(&self, reason: &'static str, count: u64) {
        let dropped = &self.0.telemetry.dropped;
        dropped.with_label_values(&[reason]).inc_by(count);
    }
}

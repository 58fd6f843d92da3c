//! What readiness is told by, as metrics.

use prometheus::{Error, IntGaugeVec};

use super::{Declare, Metrics};

/// How one check of readiness stands.
pub(crate) struct CheckStanding<'a> {
    pub(crate) check: &'a str,
    /// Whether the gateway is not ready without it.
    pub(crate) required: bool,
    pub(crate) ok: bool,
}

pub(super) struct ReadinessMetrics {
    checks: IntGaugeVec,
}

impl ReadinessMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            checks: declare.gauge(
                "readiness_check",
                "Whether a check of /readyz is ok: 1 if so, else 0.",
                &["check", "required"],
            )?,
        })
    }
}

impl Metrics {
    /// A check stands so. It is required or it is not: what was said of it otherwise, when
    /// there was no other way, is taken back.
    pub(crate) fn readiness_check(&self, standing: &CheckStanding<'_>) {
        let (required, otherwise) = if standing.required {
            ("true", "false")
        } else {
            ("false", "true")
        };
        let checks = &self.0.readiness.checks;
        // There is none as a rule.
        let _ = checks.remove_label_values(&[standing.check, otherwise]);
        let gauge = checks.with_label_values(&[standing.check, required]);
        gauge.set(standing.ok.into());
    }
}

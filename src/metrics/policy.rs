//! Metrics of policies and what they decide.

use std::time::SystemTime;

use prometheus::{Error, IntCounterVec, IntGaugeVec};

use super::{Declare, Metrics, clamped, unix_seconds};

/// Policies as they were loaded together.
pub(crate) struct PolicySummary {
    pub(crate) version: String,
    pub(crate) enforced: usize,
    pub(crate) shadow: usize,
    pub(crate) loaded_at: SystemTime,
}

pub(super) struct PolicyMetrics {
    decisions: IntCounterVec,
    shadows: IntCounterVec,
    loads: IntCounterVec,
    policies: IntGaugeVec,
    info: IntGaugeVec,
    loaded_at: IntGaugeVec,
}

impl PolicyMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            decisions: declare.counter(
                "policy_decisions_total",
                "Decisions on calls: permit, or why not; those on rows of a listing are not counted.",
                &["action", "outcome"],
            )?,
            shadows: declare.counter(
                "policy_shadow_differences_total",
                "Decisions that shadow policies would turn into a permit or a deny.",
                &["action", "outcome"],
            )?,
            loads: declare.counter(
                "policy_loads_total",
                "Policies that were read, and were loaded or refused.",
                &["outcome"],
            )?,
            policies: declare.gauge(
                "policies",
                "Policies that hold, enforced or shadow.",
                &["kind"],
            )?,
            info: declare.gauge(
                "policy_info",
                "The version of the policies that hold; always 1.",
                &["version"],
            )?,
            loaded_at: declare.gauge(
                "policy_loaded_timestamp_seconds",
                "When the policies that hold were loaded, in seconds since 1970.",
                &[],
            )?,
        })
    }
}

impl Metrics {
    /// A call was decided on.
    pub(crate) fn policy_decided(&self, action: &'static str, outcome: &'static str) {
        let decisions = &self.0.policy.decisions;
        decisions.with_label_values(&[action, outcome]).inc();
    }

    /// Shadow policies would have decided otherwise.
    pub(crate) fn policy_shadow_differs(&self, action: &'static str, outcome: &'static str) {
        let shadows = &self.0.policy.shadows;
        shadows.with_label_values(&[action, outcome]).inc();
    }

    /// From now on these policies hold.
    pub(crate) fn policies_loaded(&self, summary: &PolicySummary) {
        let metrics = &self.0.policy;
        metrics.loads.with_label_values(&["loaded"]).inc();
        for (kind, count) in [("enforced", summary.enforced), ("shadow", summary.shadow)] {
            let gauge = metrics.policies.with_label_values(&[kind]);
            gauge.set(clamped(count));
        }
        // One version at a time.
        metrics.info.reset();
        metrics.info.with_label_values(&[&summary.version]).set(1);
        let loaded_at = metrics.loaded_at.with_label_values::<&str>(&[]);
        loaded_at.set(unix_seconds(summary.loaded_at));
    }

    /// Policies were refused; those that held are kept.
    pub(crate) fn policies_refused(&self) {
        self.0.policy.loads.with_label_values(&["refused"]).inc();
    }
}

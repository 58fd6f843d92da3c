//! Metrics of the limits of changes.

use prometheus::{Error, IntCounterVec};

use super::{Declare, Metrics};

pub(super) struct ChangeMetrics {
    refused: IntCounterVec,
}

impl ChangeMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            refused: declare.counter(
                "changes_refused_total",
                "Changes that were refused, as there were as many as a limit allows.",
                &["limit"],
            )?,
        })
    }
}

impl Metrics {
    /// There is such a limit: what it has not refused yet counts zero, so that its
    /// first time shows.
    pub(crate) fn changes_limited(&self, limit: &'static str) {
        self.0.changes.refused.with_label_values(&[limit]);
    }

    /// A change was one too many for `limit`.
    pub(crate) fn change_refused(&self, limit: &'static str) {
        self.0.changes.refused.with_label_values(&[limit]).inc();
    }
}

//! Whether users can be listed, as a metric.

use prometheus::{Error, IntGaugeVec};

use super::{Declare, Metrics};

pub(super) struct PermissionMetrics {
    verdicts: IntGaugeVec,
}

impl PermissionMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            verdicts: declare.gauge(
                "directory_permission",
                "Whether users can be listed: 1 for the verdict that holds, 0 for the others.",
                &["verdict"],
            )?,
        })
    }
}

impl Metrics {
    /// Of `all` verdicts on the permission, `verdict` holds.
    pub(crate) fn directory_permission(
        &self,
        verdict: &'static str,
        all: impl IntoIterator<Item = &'static str>,
    ) {
        let verdicts = &self.0.permission.verdicts;
        for each in all {
            let gauge = verdicts.with_label_values(&[each]);
            gauge.set((each == verdict).into());
        }
    }
}

//! Metrics of the virtual machines that there are.

use std::{
    sync::{Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use prometheus::{Error, IntGaugeVec};

use super::{Declare, Metrics, clamped, unix_seconds};

/// How many virtual machines are in one power state.
pub(crate) struct VmCount {
    pub(crate) power_state: &'static str,
    /// Whether compute time is charged in it, where that is known.
    pub(crate) billed: Option<bool>,
    pub(crate) count: usize,
}

pub(super) struct VmMetrics {
    vms: IntGaugeVec,
    as_of: IntGaugeVec,
    /// When what is shown began, by the clock that nobody sets.
    shown: Mutex<Option<Instant>>,
}

impl VmMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            vms: declare.gauge(
                "vms",
                "Virtual machines in each power state, as the last whole listing had them.",
                &["power_state", "billed"],
            )?,
            as_of: declare.gauge(
                "vms_as_of_timestamp_seconds",
                "When the last whole listing of virtual machines began, in seconds since 1970.",
                &[],
            )?,
            shown: Mutex::default(),
        })
    }
}

impl Metrics {
    /// A whole listing that began at `as_of` had so many virtual machines in each of
    /// all power states; one that began before what is shown tells nothing new.
    pub(crate) fn vms_listed(&self, as_of: Instant, counts: impl Iterator<Item = VmCount>) {
        let metrics = &self.0.vms;
        let mut shown = metrics.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_some_and(|shown| as_of < shown) {
            return;
        }
        *shown = Some(as_of);
        for VmCount {
            power_state,
            billed,
            count,
        } in counts
        {
            let billed = match billed {
                Some(true) => "true",
                Some(false) => "false",
                None => "unknown",
            };
            let gauge = metrics.vms.with_label_values(&[power_state, billed]);
            gauge.set(clamped(count));
        }
        let gauge = metrics.as_of.with_label_values::<&str>(&[]);
        gauge.set(unix_seconds(SystemTime::now() - as_of.elapsed()));
    }
}

//! What Graph charges us, by the measure of its limits.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use prometheus::{Error, IntCounter, IntGauge};

use super::{Declare, Metrics};

/// The seconds over which Graph counts.
///
/// Source: "Microsoft Graph service-specific throttling limits", identity and
/// access.
const WINDOW: usize = 10;

pub(super) struct UnitMetrics {
    total: IntCounter,
    used: IntGauge,
    recent: Mutex<Recent>,
}

impl UnitMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        let total = declare.counter(
            "graph_resource_units_total",
            "Resource units that Graph charged.",
            &[],
        )?;
        let used = declare.single_gauge(
            "graph_resource_units_used",
            "Resource units that Graph charged within the last ten seconds.",
        )?;
        Ok(Self {
            total: total.with_label_values::<&str>(&[]),
            used,
            recent: Mutex::new(Recent::new(Instant::now())),
        })
    }
}

/// The units of the last seconds, second by second.
struct Recent {
    born: Instant,
    /// Of each second, which one it is and what it took; a second takes the
    /// place of the one a window before it.
    seconds: [(u64, u32); WINDOW],
}

impl Recent {
    fn new(now: Instant) -> Self {
        Self {
            born: now,
            seconds: [(0, 0); WINDOW],
        }
    }

    fn add(&mut self, units: u32, now: Instant) {
        let second = self.second(now);
        let place = usize::try_from(second).unwrap_or_default() % WINDOW;
        let (known, sum) = &mut self.seconds[place];
        if *known != second {
            (*known, *sum) = (second, 0);
        }
        *sum = sum.saturating_add(units);
    }

    fn sum(&self, now: Instant) -> i64 {
        let now = self.second(now);
        let recent = self
            .seconds
            .iter()
            .filter(|(second, _)| second + WINDOW as u64 > now);
        recent.map(|(_, units)| i64::from(*units)).sum()
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.born).as_secs()
    }
}

impl Metrics {
    /// Graph has charged `units`.
    pub(crate) fn graph_units(&self, units: u32, now: Instant) {
        let metrics = &self.0.units;
        metrics.total.inc_by(units.into());
        let mut recent = metrics
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recent.add(units, now);
    }

    /// Shows, and tells, what Graph has charged within the last ten seconds: it gets
    /// less by itself.
    pub(crate) fn observe_graph_units(&self, now: Instant) -> i64 {
        let metrics = &self.0.units;
        let recent = metrics
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let used = recent.sum(now);
        metrics.used.set(used);
        used
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_older_than_ten_seconds_does_not_count() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut recent = Recent::new(start);
        recent.add(2, start);
        recent.add(1, at(3));
        recent.add(u32::MAX, at(3));
        assert_eq!(recent.sum(at(9)), i64::from(u32::MAX) + 2);
        assert_eq!(recent.sum(at(10)), i64::from(u32::MAX));
        recent.add(5, at(13));
        assert_eq!(recent.sum(at(13)), 5);
        assert_eq!(recent.sum(at(1_000)), 0);
    }
}

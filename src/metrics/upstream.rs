//! Metrics of the calls to Azure, and of what it leaves us to make.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prometheus::{Error, GaugeVec, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::{Declare, Metrics, SECONDS, class};

/// More buckets of quota than these are not shown: their names are Azure's.
const QUOTA_BUCKETS: usize = 64;

/// What was last said to be left of one quota, in requests.
pub(crate) struct Quota {
    pub(crate) service: &'static str,
    /// As Azure calls it.
    pub(crate) bucket: String,
    pub(crate) left: i64,
}

pub(super) struct UpstreamMetrics {
    total: IntCounterVec,
    throttled: IntCounterVec,
    seconds: HistogramVec,
    retries: IntCounterVec,
    withheld: IntCounterVec,
    circuit: IntGaugeVec,
    quota: IntGaugeVec,
    /// Those that are shown, by service and bucket.
    quotas: Mutex<BTreeMap<&'static str, BTreeMap<String, IntGauge>>>,
    quota_used: GaugeVec,
}

impl UpstreamMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        let withheld = declare.counter(
            "upstream_withheld_total",
            "Calls to Azure that were not made: no answers, no turn, no retry or no room left.",
            &["service", "reason"],
        )?;
        // Power operations alone are kept, and there is room for so many: counts zero, so
        // that its first time shows.
        withheld.with_label_values(&["arm", "operation_limit"]);
        Ok(Self {
            total: declare.counter(
                "upstream_requests_total",
                "Calls to Azure, by class of status; error without a whole answer.",
                &["service", "operation", "status"],
            )?,
            throttled: declare.counter(
                "upstream_throttled_total",
                "Calls to Azure that were answered with 429, each try by itself.",
                &["service", "operation"],
            )?,
            seconds: declare.histogram(
                "upstream_request_duration_seconds",
                "Time of a call to Azure, to the last byte of its answer.",
                &["service", "operation"],
                &SECONDS,
            )?,
            retries: declare.counter(
                "upstream_retries_total",
                "Calls to Azure that were made again.",
                &["service", "operation"],
            )?,
            withheld,
            circuit: declare.gauge(
                "upstream_circuit_open",
                "1 while calls are withheld as there is no answer, and else 0.",
                &["service"],
            )?,
            quota: declare.gauge(
                "upstream_quota_remaining",
                "What Azure last said is left of a quota, in requests.",
                &["service", "bucket"],
            )?,
            quotas: Mutex::default(),
            quota_used: declare.ratio(
                "upstream_quota_used_ratio",
                "The share of its quota that Graph last said is used; it says so from 0.8 on.",
                &["service"],
            )?,
        })
    }

    fn show(&self, service: &'static str, bucket: &str, remaining: i64) {
        let known = self.quotas.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(gauge) = known.get(service).and_then(|it| it.get(bucket)) {
            gauge.set(remaining);
        } else if known.values().map(BTreeMap::len).sum::<usize>() < QUOTA_BUCKETS {
            let gauge = self.quota.with_label_values(&[service, bucket]);
            gauge.set(remaining);
            known
                .entry(service)
                .or_default()
                .insert(bucket.to_owned(), gauge);
        }
    }
}

impl Metrics {
    /// A call to Azure has ended; without a `status` there was no whole answer.
    pub(crate) fn upstream_call(
        &self,
        service: &'static str,
        operation: &'static str,
        status: Option<u16>,
        took: Duration,
    ) {
        let upstream = &self.0.upstream;
        if status == Some(429) {
            let throttled = &upstream.throttled;
            throttled.with_label_values(&[service, operation]).inc();
        }
        let status = status.map_or("error", class);
        upstream
            .total
            .with_label_values(&[service, operation, status])
            .inc();
        upstream
            .seconds
            .with_label_values(&[service, operation])
            .observe(took.as_secs_f64());
    }

    /// A call to Azure is made again.
    pub(crate) fn upstream_retry(&self, service: &'static str, operation: &'static str) {
        let retries = &self.0.upstream.retries;
        retries.with_label_values(&[service, operation]).inc();
    }

    /// Calls to `service` may be withheld: what never was counts zero, so that its first
    /// time shows.
    pub(crate) fn upstream_guarded(&self, service: &'static str) {
        let upstream = &self.0.upstream;
        upstream.circuit.with_label_values(&[service]);
        for reason in ["circuit", "queue_full", "queue_wait", "retry_budget"] {
            upstream.withheld.with_label_values(&[service, reason]);
        }
    }

    /// A call to Azure is not made.
    pub(crate) fn upstream_withheld(&self, service: &'static str, reason: &'static str) {
        let withheld = &self.0.upstream.withheld;
        withheld.with_label_values(&[service, reason]).inc();
    }

    /// Calls to Azure are withheld from now on, or no longer.
    pub(crate) fn upstream_circuit(&self, service: &'static str, is_open: bool) {
        let circuit = &self.0.upstream.circuit;
        circuit.with_label_values(&[service]).set(is_open.into());
    }

    /// What Azure says is left of a quota.
    pub(crate) fn quota(&self, service: &'static str, bucket: &str, remaining: i64) {
        self.0.upstream.show(service, bucket, remaining);
    }

    /// Every quota that Azure has spoken of, in order.
    pub(crate) fn quotas(&self) -> Vec<Quota> {
        let known = self.0.upstream.quotas.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let of_service = |(service, buckets): (&&'static str, &BTreeMap<String, IntGauge>)| {
            let quota = |(bucket, gauge): (&String, &IntGauge)| Quota {
                service,
                bucket: bucket.clone(),
                left: gauge.get(),
            };
            buckets.iter().map(quota).collect::<Vec<_>>()
        };
        known.iter().flat_map(of_service).collect()
    }

    /// What Azure says is used of a quota, from 0 to 1 and beyond.
    pub(crate) fn quota_used(&self, service: &'static str, ratio: f64) {
        let used = &self.0.upstream.quota_used;
        used.with_label_values(&[service]).set(ratio);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resource_manager_has_operations_to_be_limited() {
        let metrics = Metrics::new().unwrap();
        metrics.upstream_guarded("arm");
        metrics.upstream_guarded("graph");
        let text = metrics.encode().unwrap();
        let limit = r#"reason="operation_limit",service="arm"} 0"#;
        assert!(text.contains(limit), "{text}");
        assert_eq!(text.matches("operation_limit").count(), 1, "{text}");
    }

    #[test]
    fn made_up_quotas_make_no_end_of_series() {
        let metrics = Metrics::new().unwrap();
        for bucket in 0..1_000 {
            metrics.quota("arm", &bucket.to_string(), 1);
        }
        let text = metrics.encode().unwrap();
        assert_eq!(
            text.matches("upstream_quota_remaining{").count(),
            QUOTA_BUCKETS
        );
    }
}

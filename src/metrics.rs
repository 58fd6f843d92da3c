//! Every metric of the gateway, in a registry of its own.

mod audit;
mod callers;
mod changes;
mod directory;
mod operations;
mod permission;
mod policy;
mod readiness;
mod replica;
mod requests;
mod resource_units;
mod telemetry;
mod tls;
mod tokens;
mod upstream;

use std::{sync::Arc, time::SystemTime};

use prometheus::{
    Encoder as _, Error, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder, process_collector::ProcessCollector,
    proto::MetricFamily,
};

pub(crate) use directory::PageEvent;
pub(crate) use policy::PolicySummary;
pub(crate) use readiness::CheckStanding;
pub(crate) use replica::RoundOutcome;
pub(crate) use requests::known_method;
pub(crate) use tokens::{TokenEvent, TokenEvents};
pub(crate) use upstream::Quota;

use audit::AuditMetrics;
use callers::CallerMetrics;
use changes::ChangeMetrics;
use directory::DirectoryMetrics;
use operations::OperationMetrics;
use permission::PermissionMetrics;
use policy::PolicyMetrics;
use readiness::ReadinessMetrics;
use replica::ReplicaMetrics;
use requests::RequestMetrics;
use resource_units::UnitMetrics;
use telemetry::TelemetryMetrics;
use tls::TlsMetrics;
use tokens::TokenMetrics;
use upstream::UpstreamMetrics;

const PREFIX: &str = "mi_gateway";

/// From half a millisecond, what an answer from memory takes, to 30 seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

/// What is counted; cloning it copies nothing.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: RequestMetrics,
    upstream: UpstreamMetrics,
    units: UnitMetrics,
    operations: OperationMetrics,
    directory: DirectoryMetrics,
    tokens: TokenMetrics,
    replica: ReplicaMetrics,
    permission: PermissionMetrics,
    callers: CallerMetrics,
    audit: AuditMetrics,
    changes: ChangeMetrics,
    policy: PolicyMetrics,
    readiness: ReadinessMetrics,
    tls: TlsMetrics,
    telemetry: TelemetryMetrics,
}

impl Metrics {
    /// Metrics that have counted nothing yet.
    pub(crate) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let declare = Declare(&registry);
        let build = declare.gauge("build_info", "The running version; always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self(Arc::new(Inner {
            requests: RequestMetrics::new(&declare)?,
            upstream: UpstreamMetrics::new(&declare)?,
            units: UnitMetrics::new(&declare)?,
            operations: OperationMetrics::new(&declare)?,
            directory: DirectoryMetrics::new(&declare)?,
            tokens: TokenMetrics::new(&declare)?,
            replica: ReplicaMetrics::new(&declare)?,
            permission: PermissionMetrics::new(&declare)?,
            callers: CallerMetrics::new(&declare)?,
            audit: AuditMetrics::new(&declare)?,
            changes: ChangeMetrics::new(&declare)?,
            policy: PolicyMetrics::new(&declare)?,
            readiness: ReadinessMetrics::new(&declare)?,
            tls: TlsMetrics::new(&declare)?,
            telemetry: TelemetryMetrics::new(&declare)?,
            registry,
        })))
    }

    /// Everything, in no format yet.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.0.registry.gather()
    }

    /// Everything, in the text format of Prometheus.
    pub(crate) fn encode(&self) -> Result<String, Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.gather(), &mut text)?;
        String::from_utf8(text).map_err(|error| Error::Msg(error.to_string()))
    }
}

/// A gauge that goes down again when this is dropped.
pub(crate) struct Held(IntGauge);

impl Held {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Declares metrics under our prefix.
struct Declare<'a>(&'a Registry);

impl Declare<'_> {
    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        let metric = IntCounterVec::new(Opts::new(name, help).namespace(PREFIX), labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, Error> {
        let metric = IntGaugeVec::new(Opts::new(name, help).namespace(PREFIX), labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    /// One that is shown from the start, and has no labels.
    fn single_gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        let metric = IntGauge::with_opts(Opts::new(name, help).namespace(PREFIX))?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn ratio(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, Error> {
        let metric = GaugeVec::new(Opts::new(name, help).namespace(PREFIX), labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::new(name, help)
            .namespace(PREFIX)
            .buckets(buckets.to_vec());
        let metric = HistogramVec::new(options, labels)?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

/// `number`, or the most that a gauge shows.
fn clamped(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Seconds since 1970.
fn unix_seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    clamped(since.unwrap_or_default().as_secs())
}

/// A status as a label has it.
fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

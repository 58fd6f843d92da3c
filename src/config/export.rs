//! Where traces and metrics are sent, by the variables that OpenTelemetry has for it.
//!
//! They are read where there is somewhere to send to, and not else: a platform sets
//! them for all of its containers.

mod pairs;
mod sampler;

use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use url::Url;

use super::reader::{Faulty, Reader};
pub(crate) use sampler::{Choice, Sampler};

/// What is sent by OTLP, to whom and how.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// Where traces are sent, if they are.
    pub(crate) traces: Option<Url>,
    /// Where metrics are sent, if they are.
    pub(crate) metrics: Option<Url>,
    /// What every request carries beside; a secret as a rule.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// How long one request may take.
    pub(crate) timeout: Duration,
    /// Which traces are recorded.
    pub(crate) sampler: Sampler,
    /// How often metrics are sent.
    pub(crate) interval: Duration,
    /// What is told of the gateway itself, its name among it.
    pub(crate) resource: Vec<(String, String)>,
}

impl Export {
    /// `None` where nothing is sent, be it for want of a way that we speak.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        if ![ALL, TRACES, METRICS].iter().any(|name| reader.has(name)) {
            return Ok(None);
        }
        let disabled = is_disabled(reader);
        if disabled == Ok(true) {
            return Ok(None);
        }
        // What is not understood is told, and hides nothing of what else is not.
        let traces = exporter(reader, TRACES_EXPORTER);
        let metrics = exporter(reader, METRICS_EXPORTER);
        if [traces, metrics] == [Ok(Exporter::None); 2] {
            return disabled.map(|_| None);
        }
        if reader.given(PROTOCOL) == Some("grpc") {
            reader.warn(GRPC);
            return Ok(None);
        }
        let endpoints = Endpoints::read(reader);
        let spoken = is_spoken(reader);
        let headers = pairs::headers(reader);
        let timeout = milliseconds(reader, "OTEL_EXPORTER_OTLP_TIMEOUT");
        let interval = milliseconds(reader, "OTEL_METRIC_EXPORT_INTERVAL");
        let sampler = Sampler::read(reader);
        let resource = pairs::resource(reader);
        disabled.and(spoken)?;
        let (endpoints, traces, metrics) = (endpoints?, traces?, metrics?);
        Ok(Some(Self {
            traces: endpoints.traces.filter(|_| traces == Exporter::Otlp),
            metrics: endpoints.metrics.filter(|_| metrics == Exporter::Otlp),
            headers: headers?,
            timeout: timeout?,
            sampler: sampler?,
            interval: interval?,
            resource: resource?,
        }))
    }

    /// Whether somebody is sent to who has to show a certificate.
    pub(crate) fn needs_tls(&self) -> bool {
        let mut endpoints = self.traces.iter().chain(&self.metrics);
        endpoints.any(|endpoint| endpoint.scheme() == "https")
    }
}

const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const METRICS: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const METRICS_EXPORTER: &str = "OTEL_METRICS_EXPORTER";

fn is_disabled(reader: &mut Reader) -> Result<bool, Faulty> {
    reader.required("OTEL_SDK_DISABLED", "true or false", |text| {
        text.to_ascii_lowercase().parse().ok()
    })
}

/// What becomes of one kind of telemetry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exporter {
    Otlp,
    None,
}

fn exporter(reader: &mut Reader, name: &str) -> Result<Exporter, Faulty> {
    reader.required(name, "otlp or none", |text| match text {
        "otlp" => Some(Exporter::Otlp),
        "none" => Some(Exporter::None),
        _ => None,
    })
}

/// Where each kind of telemetry goes.
struct Endpoints {
    traces: Option<Url>,
    metrics: Option<Url>,
}

impl Endpoints {
    /// What is named for one kind is taken as it is; below what is named for all,
    /// each kind has its own path.
    ///
    /// Source: "OpenTelemetry Protocol Exporter", endpoint URLs for OTLP/HTTP.
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let mut url = |name| reader.optional(name, ENDPOINT, endpoint);
        let (all, traces, metrics) = (url(ALL), url(TRACES), url(METRICS));
        let all = all?;
        Ok(Self {
            traces: traces?.or_else(|| Some(below(all.as_ref()?, "traces"))),
            metrics: metrics?.or_else(|| Some(below(all.as_ref()?, "metrics"))),
        })
    }
}

const ENDPOINT: &str = "an http or https URL without a user, a query or a fragment";

fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https");
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (is_http && is_plain).then_some(url)
}

/// Its path is set, and not joined: one that begins with two slashes would be a host.
fn below(all: &Url, signal: &str) -> Url {
    let path = all.path().trim_end_matches('/');
    let mut url = all.clone();
    url.set_path(&format!("{path}/v1/{signal}"));
    url
}

/// Whether it is the one that we speak.
fn is_spoken(reader: &mut Reader) -> Result<(), Faulty> {
    reader.required(PROTOCOL, "http/protobuf", |text| {
        (text == "http/protobuf").then_some(())
    })
}

/// Whoever did not set it themselves has it from the managed agent of Container
/// Apps, or from an operator of Kubernetes: who turns that on is not to stop a
/// gateway that works.
const GRPC: &str = "no traces and no metrics are sent: OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\", \
     which takes HTTP/2, and the gateway speaks HTTP/1.1 alone; set it to http/protobuf, and \
     OTEL_EXPORTER_OTLP_ENDPOINT to where a collector takes OTLP over HTTP (port 4318), or set \
     OTEL_SDK_DISABLED=true";

/// The unit is OpenTelemetry's.
fn milliseconds(reader: &mut Reader, name: &str) -> Result<Duration, Faulty> {
    let expected = "a number of milliseconds from 10 to 300000";
    let millis = reader.required(name, expected, |text| {
        text.parse().ok().filter(|it| (10..=300_000).contains(it))
    });
    millis.map(Duration::from_millis)
}

#[cfg(test)]
mod tests;

//! Metrics of the requests that come in.

use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounterVec, IntGauge};

use super::{Declare, Held, Metrics, SECONDS, class};

pub(super) struct RequestMetrics {
    total: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
}

impl RequestMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            total: declare.counter(
                "http_requests_total",
                "Requests, by route, method and class of status, or aborted by their callers.",
                &["route", "method", "status"],
            )?,
            seconds: declare.histogram(
                "http_request_duration_seconds",
                "Time from a request's head to its answer's head.",
                &["route", "method", "status"],
                &SECONDS,
            )?,
            in_flight: declare
                .single_gauge("http_requests_in_flight", "Requests being answered.")?,
        })
    }
}

impl Metrics {
    /// A request has begun; it is in flight until what is returned is dropped.
    pub(crate) fn request_started(&self) -> Held {
        Held::new(&self.0.requests.in_flight)
    }

    /// A request has been answered. `route` is a pattern, never a path.
    pub(crate) fn request_ended(&self, route: &str, method: &str, status: u16, took: Duration) {
        let requests = &self.0.requests;
        let labels = [route, label(method), class(status)];
        requests.total.with_label_values(&labels).inc();
        requests
            .seconds
            .with_label_values(&labels)
            .observe(took.as_secs_f64());
    }

    /// A request has ended without an answer, as its caller has gone.
    pub(crate) fn request_aborted(&self, route: &str, method: &str) {
        let labels = [route, label(method), "aborted"];
        self.0.requests.total.with_label_values(&labels).inc();
    }
}

/// `method`, if it is one of HTTP's: a caller may send any word as a method, and what is
/// told of it has to be one of few.
pub(crate) fn known_method(method: &str) -> Option<&'static str> {
    const METHODS: [&str; 8] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
    ];
    METHODS.into_iter().find(|known| *known == method)
}

fn label(method: &str) -> &'static str {
    known_method(method).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_method_makes_no_series_of_its_own() {
        let metrics = Metrics::new().unwrap();
        metrics.request_ended("/x", "BREW", 418, Duration::ZERO);
        let text = metrics.encode().unwrap();
        assert!(text.contains(r#"method="other""#) && !text.contains("BREW"));
    }

    #[test]
    fn a_request_is_in_flight_until_it_is_dropped() {
        let metrics = Metrics::new().unwrap();
        let request = metrics.request_started();
        assert!(
            metrics
                .encode()
                .unwrap()
                .contains("http_requests_in_flight 1")
        );
        drop(request);
        assert!(
            metrics
                .encode()
                .unwrap()
                .contains("http_requests_in_flight 0")
        );
    }
}

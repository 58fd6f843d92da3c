//! Metrics of TLS on the API listener.

use std::time::SystemTime;

use prometheus::{Error, IntCounterVec, IntGaugeVec};

use super::{Declare, Metrics, unix_seconds};

pub(super) struct TlsMetrics {
    handshakes: IntCounterVec,
    loads: IntCounterVec,
    expires: IntGaugeVec,
}

impl TlsMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            handshakes: declare.counter(
                "tls_handshakes_total",
                "TLS handshakes of callers of the API: ok, failed, or too slow.",
                &["outcome"],
            )?,
            loads: declare.counter(
                "tls_certificate_loads_total",
                "Certificates of the API that were read, and were loaded or refused.",
                &["outcome"],
            )?,
            expires: declare.gauge(
                "tls_certificate_expiry_timestamp_seconds",
                "When the certificate of the API expires, in seconds since 1970.",
                &[],
            )?,
        })
    }
}

impl Metrics {
    /// A caller wanted to speak TLS.
    pub(crate) fn tls_handshake(&self, outcome: &'static str) {
        self.0.tls.handshakes.with_label_values(&[outcome]).inc();
    }

    /// From now on this certificate is shown.
    pub(crate) fn certificate_loaded(&self, expires: SystemTime) {
        let metrics = &self.0.tls;
        metrics.loads.with_label_values(&["loaded"]).inc();
        let gauge = metrics.expires.with_label_values::<&str>(&[]);
        gauge.set(unix_seconds(expires));
    }

    /// A certificate was refused; that which was shown is kept.
    pub(crate) fn certificate_refused(&self) {
        self.0.tls.loads.with_label_values(&["refused"]).inc();
    }
}

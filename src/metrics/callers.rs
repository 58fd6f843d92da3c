//! Metrics of callers and of the keys that their tokens are checked with.

use std::time::Duration;

use prometheus::{Error, IntCounterVec, IntGaugeVec};

use super::{Declare, Metrics, clamped};

pub(super) struct CallerMetrics {
    authentications: IntCounterVec,
    key_fetches: IntCounterVec,
    key_age: IntGaugeVec,
}

impl CallerMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            authentications: declare.counter(
                "authentications_total",
                "Requests whose caller was asked for, by what came of it: ok, or why not.",
                &["outcome"],
            )?,
            key_fetches: declare.counter(
                "signing_key_fetches_total",
                "Questions to issuers for the keys of callers' tokens, by outcome.",
                &["source", "outcome"],
            )?,
            key_age: declare.gauge(
                "signing_keys_age_seconds",
                "Time since an issuer last told its keys; of several, the longest.",
                &["source"],
            )?,
        })
    }
}

impl Metrics {
    /// A caller was let in, or not.
    pub(crate) fn authentication(&self, outcome: &'static str) {
        let authentications = &self.0.callers.authentications;
        authentications.with_label_values(&[outcome]).inc();
    }

    /// An issuer was asked for its keys.
    pub(crate) fn key_fetch(&self, source: &'static str, outcome: &'static str) {
        let fetches = &self.0.callers.key_fetches;
        fetches.with_label_values(&[source, outcome]).inc();
    }

    /// How long ago keys of that kind were last told.
    pub(crate) fn signing_keys(&self, source: &'static str, age: Duration) {
        let seconds = clamped(age.as_secs());
        let ages = &self.0.callers.key_age;
        ages.with_label_values(&[source]).set(seconds);
    }
}

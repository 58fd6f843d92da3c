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

    /// The keys in use, as they are now; there is nothing to show without any.
    pub(crate) fn signing_keys(&self, source: &'static str, age: Option<Duration>) {
        let ages = &self.0.callers.key_age;
        match age {
            Some(age) => {
                let seconds = clamped(age.as_secs());
                ages.with_label_values(&[source]).set(seconds);
            }
            None => {
                // An error says that there was nothing to remove.
                let _ = ages.remove_label_values(&[source]);
            }
        }
    }
}

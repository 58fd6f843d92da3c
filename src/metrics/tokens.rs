//! Metrics of tokens and their cache.

use std::time::Duration;

use prometheus::{Error, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec};

use super::{Declare, Metrics, SECONDS, clamped};

/// What a look-up found in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenEvent {
    /// A fresh token.
    Hit,
    /// A token that is being renewed, or soon will be.
    StaleHit,
    /// Nothing; an acquisition was started.
    Miss,
    /// Nothing yet; an acquisition was under way.
    Joined,
    /// A failure of a moment ago.
    Negative,
}

/// The counters of one resource, looked up once.
pub(crate) struct TokenEvents {
    hit: IntCounter,
    stale_hit: IntCounter,
    miss: IntCounter,
    joined: IntCounter,
    negative: IntCounter,
}

impl TokenEvents {
    /// Counts `event`.
    pub(crate) fn record(&self, event: TokenEvent) {
        match event {
            TokenEvent::Hit => &self.hit,
            TokenEvent::StaleHit => &self.stale_hit,
            TokenEvent::Miss => &self.miss,
            TokenEvent::Joined => &self.joined,
            TokenEvent::Negative => &self.negative,
        }
        .inc();
    }
}

pub(super) struct TokenMetrics {
    identity: IntGaugeVec,
    events: IntCounterVec,
    acquisitions: IntCounterVec,
    acquisition_seconds: HistogramVec,
    refresh_failures: IntCounterVec,
    invalidations: IntCounterVec,
    age: IntGaugeVec,
    expiry: IntGaugeVec,
}

impl TokenMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            identity: declare.gauge(
                "identity_info",
                "Where tokens come from, and how the identity is named; always 1.",
                &["source", "id_kind"],
            )?,
            events: declare.counter(
                "token_cache_events_total",
                "What calls to Azure found: hit, stale_hit, miss, joined or negative.",
                &["resource", "event"],
            )?,
            acquisitions: declare.counter(
                "token_acquisitions_total",
                "Requests to the identity endpoint, by outcome.",
                &["source", "outcome"],
            )?,
            acquisition_seconds: declare.histogram(
                "token_acquisition_duration_seconds",
                "Time of a request to the identity endpoint, waiting for its turn included.",
                &["source"],
                &SECONDS,
            )?,
            refresh_failures: declare.counter(
                "token_refresh_failures_total",
                "Acquisitions that failed while the old token went on serving.",
                &["resource", "reason"],
            )?,
            invalidations: declare.counter(
                "token_invalidations_total",
                "Tokens replaced before their time.",
                &["resource", "reason"],
            )?,
            age: declare.gauge(
                "token_age_seconds",
                "Time since the token in use was acquired.",
                &["resource"],
            )?,
            expiry: declare.gauge(
                "token_expiry_timestamp_seconds",
                "When the token in use expires, in seconds since 1970.",
                &["resource"],
            )?,
        })
    }
}

impl Metrics {
    /// Which kind of identity the gateway holds.
    pub(crate) fn identity(&self, source: &'static str, id_kind: &'static str) {
        let identity = &self.0.tokens.identity;
        identity.with_label_values(&[source, id_kind]).set(1);
    }

    /// The cache counters of `resource`.
    pub(crate) fn token_events(&self, resource: &'static str) -> TokenEvents {
        let counter = |event| self.0.tokens.events.with_label_values(&[resource, event]);
        TokenEvents {
            hit: counter("hit"),
            stale_hit: counter("stale_hit"),
            miss: counter("miss"),
            joined: counter("joined"),
            negative: counter("negative"),
        }
    }

    /// A request to the identity endpoint has ended.
    pub(crate) fn token_acquisition(
        &self,
        source: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        let tokens = &self.0.tokens;
        tokens
            .acquisitions
            .with_label_values(&[source, outcome])
            .inc();
        tokens
            .acquisition_seconds
            .with_label_values(&[source])
            .observe(took.as_secs_f64());
    }

    /// An acquisition failed for `reason`; the old token goes on.
    pub(crate) fn token_refresh_failure(&self, resource: &'static str, reason: &'static str) {
        let failures = &self.0.tokens.refresh_failures;
        failures.with_label_values(&[resource, reason]).inc();
    }

    /// A token was replaced for `reason`.
    pub(crate) fn token_invalidation(&self, resource: &'static str, reason: &'static str) {
        let invalidations = &self.0.tokens.invalidations;
        invalidations.with_label_values(&[resource, reason]).inc();
    }

    /// No token is in use: there is nothing to show.
    pub(crate) fn no_token_held(&self, resource: &'static str) {
        let tokens = &self.0.tokens;
        // An error says that there was nothing to remove.
        let _ = tokens.age.remove_label_values(&[resource]);
        let _ = tokens.expiry.remove_label_values(&[resource]);
    }

    /// The token in use, as it is now. `expires_on` counts from 1970.
    pub(crate) fn token_held(&self, resource: &'static str, age: Duration, expires_on: Duration) {
        let tokens = &self.0.tokens;
        tokens
            .age
            .with_label_values(&[resource])
            .set(clamped(age.as_secs()));
        tokens
            .expiry
            .with_label_values(&[resource])
            .set(clamped(expires_on.as_secs()));
    }
}

//! Tokens and recent failures of every resource, shared by all workers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moka::{Expiry, sync::Cache};
use tokio::sync::watch;

use super::{AccessToken, Resource, TokenError};
use crate::metrics::{Metrics, TokenEvent, TokenEvents};

/// How an acquisition ended.
pub(crate) type Outcome = Result<AccessToken, TokenError>;

/// A place among those who wait for one acquisition.
pub(crate) type Seat = watch::Receiver<Option<Outcome>>;

/// Why a token is acquired.
pub(crate) enum Demand {
    /// There is none.
    Absent,
    /// The one there is grows old.
    Renewal,
    /// Azure rejects the one there is.
    Replacement(AccessToken),
}

/// What somebody who joins an acquisition finds.
pub(crate) enum Joined {
    /// What it is for is there already, or is known to fail.
    Landed(Outcome),
    /// It is under way.
    Waiting(Seat),
}

/// What is known of every resource.
///
/// A hit is one moka look-up. A resource's lock is taken only when an
/// acquisition starts, is joined or ends, and never held over an await.
#[derive(Clone)]
pub(crate) struct TokenCache(Arc<Inner>);

struct Inner {
    tokens: Cache<Resource, AccessToken>,
    failures: Cache<Resource, Remembered>,
    slots: [Slot; Resource::ALL.len()],
    metrics: Metrics,
}

struct Slot {
    acquisition: Mutex<Acquisition>,
    events: TokenEvents,
}

#[derive(Default)]
struct Acquisition {
    seat: Option<Seat>,
    /// How long the last failure in a row was remembered.
    memory: Duration,
}

#[derive(Clone)]
struct Remembered {
    failure: TokenError,
    memory: Duration,
}

impl TokenCache {
    /// A cache that knows nothing yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        let slot = |resource: Resource| Slot {
            acquisition: Mutex::default(),
            events: metrics.token_events(resource.label()),
        };
        Self(Arc::new(Inner {
            tokens: Cache::builder()
                .max_capacity(64)
                .expire_after(Usable)
                .build(),
            failures: Cache::builder()
                .max_capacity(64)
                .expire_after(Recent)
                .build(),
            slots: Resource::ALL.map(slot),
            metrics,
        }))
    }

    /// The token for `resource`, unless it is past its hard limit.
    pub(crate) fn get(&self, resource: Resource) -> Option<AccessToken> {
        self.0.tokens.get(&resource)
    }

    /// The failure that is still remembered for `resource`.
    pub(crate) fn failure(&self, resource: Resource) -> Option<TokenError> {
        Some(self.0.failures.get(&resource)?.failure)
    }

    /// The counters of `resource`.
    pub(crate) fn events(&self, resource: Resource) -> &TokenEvents {
        &self.slot(resource).events
    }

    /// Joins the acquisition for `resource`; `start` is called if there is
    /// none. A token that `demand` wants replaced leaves the cache.
    pub(crate) fn join(
        &self,
        resource: Resource,
        demand: &Demand,
        start: impl FnOnce(Flight),
    ) -> Joined {
        let slot = self.slot(resource);
        let mut acquisition = lock(&slot.acquisition);
        // Looked up again under the lock: it may have landed a moment ago.
        if let Some(outcome) = self.known(resource, demand) {
            return Joined::Landed(outcome);
        }
        if let Some(seat) = &acquisition.seat {
            slot.events.record(TokenEvent::Joined);
            return Joined::Waiting(seat.clone());
        }
        let (landing, seat) = watch::channel(None);
        acquisition.seat = Some(seat.clone());
        drop(acquisition);
        if matches!(demand, Demand::Absent) {
            slot.events.record(TokenEvent::Miss);
        }
        start(Flight {
            cache: self.clone(),
            resource,
            landing,
        });
        Joined::Waiting(seat)
    }

    fn known(&self, resource: Resource, demand: &Demand) -> Option<Outcome> {
        match (demand, self.get(resource)) {
            (Demand::Renewal, _) => None,
            (Demand::Absent, Some(token)) => Some(Ok(token)),
            (Demand::Replacement(rejected), Some(token)) if !token.is(rejected) => Some(Ok(token)),
            (Demand::Replacement(_), Some(_)) => {
                self.0.tokens.invalidate(&resource);
                self.0.metrics.token_invalidation(resource.label(), "401");
                None
            }
            (Demand::Absent | Demand::Replacement(_), None) => self.failure(resource).map(Err),
        }
    }

    fn slot(&self, resource: Resource) -> &Slot {
        match resource {
            Resource::Arm => &self.0.slots[0],
            Resource::Graph => &self.0.slots[1],
        }
    }
}

/// An acquisition under way. Dropped before it lands, it lets those who wait
/// know that nothing comes of it.
pub(crate) struct Flight {
    cache: TokenCache,
    resource: Resource,
    landing: watch::Sender<Option<Outcome>>,
}

impl Flight {
    /// Stores `outcome` and hands it to everybody who waits.
    ///
    /// A failure is remembered only when there is no token to go on with.
    pub(crate) fn land(self, outcome: Outcome) {
        let inner = &self.cache.0;
        let mut acquisition = lock(&self.cache.slot(self.resource).acquisition);
        match &outcome {
            Ok(token) => {
                inner.tokens.insert(self.resource, token.clone());
                acquisition.memory = Duration::ZERO;
            }
            Err(_) if inner.tokens.contains_key(&self.resource) => {
                inner.metrics.token_refresh_failure(self.resource.label());
            }
            Err(failure) => {
                let memory = failure.memory(acquisition.memory);
                acquisition.memory = memory;
                let failure = failure.clone();
                inner
                    .failures
                    .insert(self.resource, Remembered { failure, memory });
            }
        }
        drop(acquisition);
        self.landing.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.cache.slot(self.resource).acquisition).seat = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tokens stay until their hard limit.
struct Usable;

impl Expiry<Resource, AccessToken> for Usable {
    fn expire_after_create(
        &self,
        _: &Resource,
        token: &AccessToken,
        _: Instant,
    ) -> Option<Duration> {
        Some(token.usable_for())
    }

    fn expire_after_update(
        &self,
        _: &Resource,
        token: &AccessToken,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(token.usable_for())
    }
}

/// Failures stay as long as they say.
struct Recent;

impl Expiry<Resource, Remembered> for Recent {
    fn expire_after_create(&self, _: &Resource, it: &Remembered, _: Instant) -> Option<Duration> {
        Some(it.memory)
    }

    fn expire_after_update(
        &self,
        _: &Resource,
        it: &Remembered,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(it.memory)
    }
}

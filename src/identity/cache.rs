//! Tokens and recent failures of every resource, shared by all workers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use moka::sync::Cache;
use tokio::sync::watch;

use super::{
    AccessToken, Moment, Resource, TokenError,
    keep::{Believed, Usable},
    token::Origin,
};
use crate::{
    metrics::{Metrics, TokenEvents},
    telemetry::chain,
};

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

impl Demand {
    fn origin(&self) -> Origin {
        match self {
            Self::Absent | Self::Renewal => Origin::Ordinary,
            Self::Replacement(_) => Origin::Replacement,
        }
    }
}

/// What somebody who joins an acquisition finds.
pub(crate) enum Joined {
    /// What it is for is there already, or is known to fail.
    Landed(Outcome),
    /// It has just been started.
    Started(Seat),
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
    slots: [Slot; Resource::ALL.len()],
    metrics: Metrics,
    born: Instant,
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
    /// Why there is no token.
    absent: Option<Believed>,
    /// Why there was no replacement for the token in use.
    irreplaceable: Option<Believed>,
    /// The last attempt since there was a token, where it failed.
    last_failure: Option<(SystemTime, TokenError)>,
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
            slots: Resource::ALL.map(slot),
            metrics,
            born: Instant::now(),
        }))
    }

    /// The token for `resource`, unless it is past its hard limit. The clock by which tokens
    /// go from here stands still while the machine sleeps. With a clock that is set forward by
    /// more than a lifetime there is none until it is right: new ones seem to have expired.
    pub(crate) fn get(&self, resource: Resource) -> Option<AccessToken> {
        let token = self.0.tokens.get(&resource)?;
        token.is_usable(Moment::now()).then_some(token)
    }

    /// The counters of `resource`.
    pub(crate) fn events(&self, resource: Resource) -> &TokenEvents {
        &self.slot(resource).events
    }

    /// Notes that an attempt for `resource` failed, while others follow.
    pub(crate) fn note(&self, resource: Resource, failure: &TokenError) {
        let failure = (SystemTime::now(), failure.clone());
        lock(&self.slot(resource).acquisition).last_failure = Some(failure);
    }

    /// When and why the last attempt for `resource` failed, if it did.
    pub(crate) fn last_failure(&self, resource: Resource) -> Option<(SystemTime, TokenError)> {
        lock(&self.slot(resource).acquisition).last_failure.clone()
    }

    /// Joins the acquisition for `resource`; `start` is called if there is
    /// none. A token that `demand` wants replaced stays until another is there:
    /// one rejection may be a mistake.
    pub(crate) fn join(
        &self,
        resource: Resource,
        demand: &Demand,
        start: impl FnOnce(Flight),
    ) -> Joined {
        let slot = self.slot(resource);
        let mut acquisition = lock(&slot.acquisition);
        // Looked up again under the lock: it may have landed a moment ago.
        if let Some(outcome) = self.known(resource, demand, &acquisition) {
            return Joined::Landed(outcome);
        }
        if let Some(seat) = &acquisition.seat {
            return Joined::Waiting(seat.clone());
        }
        let (landing, seat) = watch::channel(None);
        acquisition.seat = Some(seat.clone());
        drop(acquisition);
        start(Flight {
            cache: self.clone(),
            resource,
            origin: demand.origin(),
            has_landed: false,
            landing,
        });
        Joined::Started(seat)
    }

    fn known(
        &self,
        resource: Resource,
        demand: &Demand,
        acquisition: &Acquisition,
    ) -> Option<Outcome> {
        match (demand, self.get(resource)) {
            (Demand::Renewal, _) => None,
            (Demand::Absent, Some(token)) => Some(Ok(token)),
            (Demand::Replacement(rejected), Some(token)) if !token.is(rejected) => Some(Ok(token)),
            (Demand::Replacement(_), Some(_)) => {
                let failure = acquisition.irreplaceable.as_ref()?.told()?;
                Some(Err(failure))
            }
            (Demand::Absent | Demand::Replacement(_), None) => {
                let failure = acquisition.absent.as_ref()?.told()?;
                Some(Err(failure))
            }
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
    origin: Origin,
    has_landed: bool,
    landing: watch::Sender<Option<Outcome>>,
}

impl Flight {
    /// Why it was started.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Stores `outcome` and hands it to everybody who waits.
    ///
    /// A failure is told to callers to come only when there is no token to go
    /// on with.
    pub(crate) fn land(mut self, outcome: Outcome) {
        let cache = self.cache.clone();
        let mut acquisition = lock(&cache.slot(self.resource).acquisition);
        match &outcome {
            Ok(token) => self.store(token, &mut acquisition),
            Err(failure) => self.remember(failure, &mut acquisition),
        }
        acquisition.seat = None;
        self.has_landed = true;
        self.landing.send_replace(Some(outcome));
    }

    fn store(&self, token: &AccessToken, acquisition: &mut Acquisition) {
        let inner = &self.cache.0;
        if self.origin == Origin::Replacement {
            inner
                .metrics
                .token_invalidation(self.resource.label(), "401");
        }
        let held = inner.tokens.get(&self.resource);
        if held.is_some_and(|held| held.has_served() && held.says_the_same(token)) {
            token.serve();
        }
        inner.tokens.insert(self.resource, token.clone());
        *acquisition = Acquisition::default();
    }

    fn remember(&self, failure: &TokenError, acquisition: &mut Acquisition) {
        let inner = &self.cache.0;
        let resource = self.resource.label();
        told(resource, failure);
        let memory = failure.memory(acquisition.memory, inner.born.elapsed());
        acquisition.memory = memory;
        acquisition.last_failure = Some((SystemTime::now(), failure.clone()));
        let believed = Some(Believed::new(failure, memory));
        let Some(token) = self.cache.get(self.resource) else {
            acquisition.absent = believed;
            return;
        };
        inner
            .metrics
            .token_refresh_failure(resource, failure.code());
        match self.origin {
            Origin::Ordinary => token.postpone_renewal(memory, Moment::now()),
            Origin::Replacement => acquisition.irreplaceable = believed,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.has_landed {
            lock(&self.cache.slot(self.resource).acquisition).seat = None;
        }
    }
}

/// The endpoint's own words go to the log alone: they may name our ids.
fn told(resource: &'static str, failure: &TokenError) {
    let refusal = failure.refusal();
    tracing::warn!(
        resource,
        code = failure.code(),
        error = chain(failure),
        upstream.code = refusal.and_then(|it| it.code.as_deref()),
        upstream.message = refusal.and_then(|it| it.message.as_deref()),
        upstream.correlation_id = refusal.and_then(|it| it.correlation_id.as_deref()),
        mend = failure.mend(),
        "no token was acquired"
    );
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use actix_web::rt::time;

    use super::*;
    use crate::identity::token::tests::token;

    const HOUR: Duration = Duration::from_hours(1);

    fn cache() -> TokenCache {
        TokenCache::new(Metrics::new().unwrap())
    }

    fn landed(cache: &TokenCache, token: &AccessToken) {
        cache.join(Resource::Arm, &Demand::Renewal, |flight| {
            flight.land(Ok(token.clone()));
        });
    }

    #[test]
    fn a_token_that_did_not_outlast_a_sleep_is_not_there() {
        let cache = cache();
        for (sleep, is_there) in [(HOUR / 2, true), (HOUR, false)] {
            landed(&cache, &token(HOUR).after(sleep));
            assert_eq!(cache.get(Resource::Arm).is_some(), is_there, "{sleep:?}");
        }
    }

    #[actix_web::test]
    async fn a_renewed_token_outlasts_the_one_before_it() {
        const SECOND: Duration = Duration::from_secs(1);
        let (cache, first) = (cache(), token(SECOND));
        landed(&cache, &first);
        landed(&cache, &token(HOUR));
        let mut ticks = time::interval(SECOND / 100);
        while first.age(Moment::now()) < SECOND {
            ticks.tick().await;
            assert!(cache.get(Resource::Arm).is_some());
        }
    }

    #[test]
    fn a_token_that_has_just_landed_is_not_acquired_again() {
        let (cache, token) = (cache(), token(HOUR));
        landed(&cache, &token);
        let joined = cache.join(Resource::Arm, &Demand::Absent, |_| panic!("it is there"));
        assert!(matches!(joined, Joined::Landed(Ok(known)) if known.is(&token)));
    }

    #[test]
    fn a_failure_is_counted_where_the_old_token_goes_on() {
        let cache = cache();
        let failed = || {
            cache.join(Resource::Arm, &Demand::Renewal, |flight| {
                flight.land(Err(TokenError::Unchanged));
            });
            let code = TokenError::Unchanged.code();
            let labels = format!("{{reason=\"{code}\",resource=\"arm\"}}");
            let series = format!("mi_gateway_token_refresh_failures_total{labels} ");
            let metrics = cache.0.metrics.encode().unwrap();
            let count = metrics.lines().find_map(|it| it.strip_prefix(&series));
            count.map(str::to_owned)
        };
        assert_eq!(failed(), None, "there is none");
        landed(&cache, &token(HOUR));
        assert_eq!(failed().as_deref(), Some("1"));
        assert_eq!(failed().as_deref(), Some("2"));
    }

    #[test]
    fn an_acquisition_that_breaks_off_can_be_begun_again() {
        let cache = cache();
        for _ in 0..2 {
            let joined = cache.join(Resource::Arm, &Demand::Absent, drop);
            assert!(matches!(joined, Joined::Started(_)));
        }
    }
}

//! Tokens and recent failures of every resource, shared by all workers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use moka::sync::Cache;

use super::{AccessToken, Moment, Resource, TokenError, keep::Believed, token::Origin};
use crate::{
    metrics::{Metrics, TokenEvents},
    task::{self, AsLongAs, Flights, Landing},
    telemetry::chain,
};

/// How an acquisition ended.
pub(crate) type Outcome = Result<AccessToken, TokenError>;

/// A place among those who wait for one acquisition.
pub(crate) type Seat = task::Seat<Outcome>;

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
/// A hit is one moka look-up. Locks are taken only when an acquisition starts, is joined,
/// fails or ends, and never held over an await.
#[derive(Clone)]
pub(crate) struct TokenCache(Arc<Inner>);

struct Inner {
    tokens: Cache<Resource, AccessToken>,
    flights: Flights<Resource, Outcome>,
    slots: [Slot; Resource::ALL.len()],
    metrics: Metrics,
    born: Instant,
}

struct Slot {
    failures: Mutex<Failures>,
    events: TokenEvents,
}

/// What is known of attempts since there was a token.
#[derive(Default)]
struct Failures {
    /// How long the last failure in a row was remembered.
    memory: Duration,
    /// Why there is no token.
    absent: Option<Believed>,
    /// Why there was no replacement for the token in use.
    irreplaceable: Option<Believed>,
    /// When and why the last attempt failed.
    last: Option<(SystemTime, TokenError)>,
}

impl TokenCache {
    /// A cache that knows nothing yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        let slot = |resource: Resource| Slot {
            failures: Mutex::default(),
            events: metrics.token_events(resource.label()),
        };
        Self(Arc::new(Inner {
            tokens: Cache::builder()
                .max_capacity(64)
                .expire_after(AsLongAs(AccessToken::usable_for))
                .build(),
            flights: Flights::default(),
            slots: Resource::ALL.map(slot),
            metrics,
            born: Instant::now(),
        }))
    }

    /// The token for `resource`, unless it is past its hard limit. The clock by which tokens
    /// go from here stands still while the machine sleeps. With a clock that is set forward by
    /// more than a lifetime there is none until it is right: new ones seem to have expired.
    pub(crate) fn get(&self, resource: Resource) -> Option<AccessToken> {
        self.get_at(resource, Moment::now())
    }

    /// The same for whoever knows what time it is.
    pub(crate) fn get_at(&self, resource: Resource, now: Moment) -> Option<AccessToken> {
        let token = self.0.tokens.get(&resource)?;
        token.is_usable(now).then_some(token)
    }

    /// The counters of `resource`.
    pub(crate) fn events(&self, resource: Resource) -> &TokenEvents {
        &self.slot(resource).events
    }

    /// Notes that an attempt for `resource` failed, while others follow.
    pub(crate) fn note(&self, resource: Resource, failure: &TokenError) {
        let failure = (SystemTime::now(), failure.clone());
        self.failures(resource).last = Some(failure);
    }

    /// When and why the last attempt for `resource` failed, if it did.
    pub(crate) fn last_failure(&self, resource: Resource) -> Option<(SystemTime, TokenError)> {
        self.failures(resource).last.clone()
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
        let known = || self.known(resource, demand);
        let landing = match self.0.flights.join(&resource, known) {
            task::Joined::Landed(outcome) => return Joined::Landed(outcome),
            task::Joined::Waiting(seat) => return Joined::Waiting(seat),
            task::Joined::First(landing) => landing,
        };
        let seat = landing.seat();
        start(Flight {
            cache: self.clone(),
            resource,
            origin: demand.origin(),
            landing,
        });
        Joined::Started(seat)
    }

    fn known(&self, resource: Resource, demand: &Demand) -> Option<Outcome> {
        match (demand, self.get(resource)) {
            (Demand::Renewal, _) => None,
            (Demand::Absent, Some(token)) => Some(Ok(token)),
            (Demand::Replacement(rejected), Some(token)) if !token.is(rejected) => Some(Ok(token)),
            (Demand::Replacement(_), Some(_)) => {
                let failures = self.failures(resource);
                Some(Err(failures.irreplaceable.as_ref()?.told()?))
            }
            (Demand::Absent | Demand::Replacement(_), None) => {
                let failures = self.failures(resource);
                Some(Err(failures.absent.as_ref()?.told()?))
            }
        }
    }

    fn failures(&self, resource: Resource) -> MutexGuard<'_, Failures> {
        let failures = self.slot(resource).failures.lock();
        failures.unwrap_or_else(PoisonError::into_inner)
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
    landing: Landing<Resource, Outcome>,
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
    pub(crate) fn land(self, outcome: Outcome) {
        match &outcome {
            Ok(token) => self.store(token),
            Err(failure) => self.remember(failure),
        }
        self.landing.land(outcome);
    }

    fn store(&self, token: &AccessToken) {
        let inner = &self.cache.0;
        if self.origin == Origin::Replacement {
            inner
                .metrics
                .token_invalidation(self.resource.label(), "401");
        }
        let held = inner.tokens.get(&self.resource);
        let same = held.as_ref().filter(|held| held.says_the_same(token));
        if same.is_some_and(AccessToken::has_served) {
            token.serve();
        }
        let doubted = same.or(held.as_ref().filter(|_| self.origin == Origin::Replacement));
        if doubted.is_some_and(AccessToken::is_rejected) {
            token.reject();
        }
        inner.tokens.insert(self.resource, token.clone());
        *self.cache.failures(self.resource) = Failures::default();
    }

    fn remember(&self, failure: &TokenError) {
        let inner = &self.cache.0;
        let resource = self.resource.label();
        told(resource, failure);
        let mut failures = self.cache.failures(self.resource);
        let memory = failure.memory(failures.memory, inner.born.elapsed());
        failures.memory = memory;
        failures.last = Some((SystemTime::now(), failure.clone()));
        let believed = Some(Believed::new(failure, memory));
        let Some(token) = self.cache.get(self.resource) else {
            failures.absent = believed;
            return;
        };
        inner
            .metrics
            .token_refresh_failure(resource, failure.code());
        match self.origin {
            Origin::Ordinary => token.postpone_renewal(memory, Moment::now()),
            Origin::Replacement => failures.irreplaceable = believed,
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
    fn what_comes_in_place_of_a_rejected_token_is_doubted_until_azure_takes_it() {
        let (cache, first, other) = (cache(), token(HOUR), token(HOUR));
        landed(&cache, &first);
        first.reject();
        cache.join(Resource::Arm, &Demand::Replacement(first), |flight| {
            flight.land(Ok(other.clone()));
        });
        assert!(other.is_rejected());
        other.serve();
        assert!(!other.is_rejected());
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
}

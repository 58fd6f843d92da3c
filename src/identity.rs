//! Tokens of the one managed identity that the gateway holds.

mod cache;
mod claims;
mod diagnosis;
mod expiry;
mod failure;
mod gate;
mod keep;
mod metadata;
mod moment;
mod proof;
mod report;
mod response;
mod schedule;
mod source;
mod span;
mod token;

use std::time::{Duration, Instant};

use actix_web::rt::{self, time};
use tracing::Instrument as _;

pub(crate) use cache::TokenCache;
pub(crate) use claims::Claims;
pub(crate) use diagnosis::Diagnosis;
pub(crate) use failure::{TokenError, Unusable};
pub(crate) use gate::Gate;
pub(crate) use metadata::{InstanceMetadata, instance};
pub(crate) use moment::Moment;
pub(crate) use report::{Failure, Held, Holder, Report, Standing};
#[cfg(any(fuzzing, test))]
pub(crate) use source::fuzz;
pub(crate) use source::{LocalFault, Plan, TokenSource, client};
pub(crate) use token::{AccessToken, Resource};

use crate::{
    config::{IdentityId, SourceKind},
    http::{Context, Deadline},
    metrics::{Metrics, TokenEvent},
    telemetry::{OpenSpan, TraceContext, Tracer},
};
use cache::{Demand, Flight, Joined, Outcome};
use response::Grant;
use schedule::Schedule;
use source::HostCache;
use token::Origin;

/// A replacement that Azure rejects as well is not replaced for this long:
/// asking more often changes nothing.
const REPLACEMENT_HOLDS: Duration = Duration::from_mins(5);

/// A replacement that Azure took before it rejected it was good, and so may the next
/// be. Where Azure's servers disagree, this is the least time between two of them.
const SERVED_HOLDS: Duration = Duration::from_secs(10);

/// The pause between two looks at whether a token is due that nobody asks for.
const UNTIL_SEEN_TO: Duration = Duration::from_secs(1);

/// The managed identity as one worker uses it: what is known of its tokens is
/// shared, the connection to the identity endpoint the worker's own.
#[derive(Clone)]
pub(crate) struct ManagedIdentity {
    cache: TokenCache,
    source: TokenSource,
    metrics: Metrics,
    tracer: Tracer,
    wait: Duration,
    evidence: &'static [&'static str],
}

impl ManagedIdentity {
    /// An identity whose callers wait at most `wait` for a token; `evidence`
    /// are the variables by which its source was found.
    pub(crate) fn new(
        cache: TokenCache,
        source: TokenSource,
        (metrics, tracer): (Metrics, Tracer),
        wait: Duration,
        evidence: &'static [&'static str],
    ) -> Self {
        Self {
            cache,
            source,
            metrics,
            tracer,
            wait,
            evidence,
        }
    }

    /// A token for `resource` that is valid now.
    ///
    /// A stale token is handed out at once and renewed behind the caller's
    /// back; only for an absent one does the caller wait, at most until
    /// `deadline`. Whoever stops waiting leaves the acquisition running; one that
    /// it begins is part of `trace`.
    pub(crate) async fn token(
        &self,
        resource: Resource,
        deadline: Deadline,
        trace: Option<&TraceContext>,
    ) -> Result<AccessToken, TokenError> {
        let events = self.cache.events(resource);
        let now = Moment::now();
        if let Some(token) = self.cache.get_at(resource, now) {
            events.record(self.renew_if_due(resource, &token, now, trace));
            return Ok(token);
        }
        let joined = self.join(resource, &Demand::Absent, trace);
        events.record(match &joined {
            Joined::Landed(Ok(_)) => TokenEvent::Hit,
            Joined::Landed(Err(_)) => TokenEvent::Negative,
            Joined::Started(_) => TokenEvent::Miss,
            Joined::Waiting(_) => TokenEvent::Joined,
        });
        self.acquired(resource, joined, deadline).await
    }

    /// A token to try instead of `rejected`, which Azure answered with 401.
    ///
    /// However many callers were rejected with one token, one acquisition
    /// follows; where the source allows it, past the host's own cache.
    pub(crate) async fn replace(
        &self,
        resource: Resource,
        rejected: &AccessToken,
        context: &Context,
    ) -> Result<AccessToken, TokenError> {
        let other = self.replacement(resource, rejected, context).await;
        let held = self.cache.get(resource).filter(|_| other.is_err());
        if let Some(held) = held.filter(|it| it.says_the_same(rejected)) {
            held.reject();
        }
        other
    }

    async fn replacement(
        &self,
        resource: Resource,
        rejected: &AccessToken,
        context: &Context,
    ) -> Result<AccessToken, TokenError> {
        let holds = if rejected.has_served() {
            SERVED_HOLDS
        } else {
            REPLACEMENT_HOLDS
        };
        let replaced_lately =
            rejected.origin() == Origin::Replacement && rejected.age(Moment::now()) < holds;
        if replaced_lately {
            return Err(TokenError::Unchanged);
        }
        let mut token = self.other_than(resource, rejected, context).await?;
        // A renewal was under way, and brought the same from the host's cache.
        if token.says_the_same(rejected) && token.origin() == Origin::Ordinary {
            token = self.other_than(resource, &token, context).await?;
        }
        if token.says_the_same(rejected) {
            return Err(TokenError::Unchanged);
        }
        Ok(token)
    }

    /// What the identity endpoint answers to one request for a token, as it is:
    /// callers who wait for a token learn what is wrong only when all is tried.
    /// A token that comes is kept for them.
    pub(crate) async fn answer(&self, resource: Resource) -> Result<AccessToken, TokenError> {
        let alone = OpenSpan::default();
        let outcome = self.attempt(resource, Origin::Ordinary, HostCache::Use, &alone);
        let token = outcome.await?;
        self.cache.join(resource, &Demand::Absent, |flight| {
            flight.land(Ok(token.clone()));
        });
        Ok(token)
    }

    /// Begins to fetch every token that is missing or due for renewal.
    pub(crate) fn fetch_what_is_due(&self) {
        for resource in Resource::ALL {
            let now = Moment::now();
            if let Some(token) = self.cache.get_at(resource, now) {
                self.renew_if_due(resource, &token, now, None);
            } else {
                self.join(resource, &Demand::Absent, None);
            }
        }
    }

    /// The same now, and again as long as what is returned is polled: with nobody
    /// calling as well.
    pub(crate) fn keep_tokens(self) -> impl Future<Output = ()> {
        self.fetch_what_is_due();
        async move {
            loop {
                time::sleep(UNTIL_SEEN_TO).await;
                self.fetch_what_is_due();
            }
        }
    }

    /// Why there is no token for `resource`, or `None` when there is one. Nothing is
    /// fetched for the question; what has failed so far is told while it is tried again.
    pub(crate) fn lacks(&self, resource: Resource) -> Option<TokenError> {
        let is_there = self.cache.get(resource).is_some();
        (!is_there).then(|| self.so_far(resource))
    }

    /// That Azure takes the token for `resource` no more, which is there, and no other: so it
    /// has last been said, by whoever called.
    pub(crate) fn rejection(&self, resource: Resource) -> Option<TokenError> {
        let held = self.cache.get(resource)?;
        held.is_rejected().then_some(TokenError::Unchanged)
    }

    /// The cached token for `resource`, for metrics: it counts as no use.
    pub(crate) fn held(&self, resource: Resource) -> Option<AccessToken> {
        self.cache.get(resource)
    }

    /// Says once, in the log and in metrics, which identity it is.
    pub(crate) fn introduce(&self) {
        self.report().log();
        self.metrics.identity(self.source.label(), self.id().kind());
    }

    /// Which identity it is, and how its tokens stand.
    pub(crate) fn report(&self) -> Report {
        Report::new(self)
    }

    /// Which identity is meant.
    pub(crate) fn id(&self) -> &IdentityId {
        self.source.id()
    }

    /// Where its tokens come from.
    pub(crate) fn source_kind(&self) -> SourceKind {
        self.source.kind()
    }

    /// What a token for `resource` is asked for with.
    pub(crate) fn audience(&self, resource: Resource) -> &'static str {
        self.source.audience(resource)
    }

    fn renew_if_due(
        &self,
        resource: Resource,
        token: &AccessToken,
        now: Moment,
        trace: Option<&TraceContext>,
    ) -> TokenEvent {
        if !token.is_stale(now) {
            return TokenEvent::Hit;
        }
        if token.claim_renewal(now) {
            self.join(resource, &Demand::Renewal, trace);
        }
        TokenEvent::StaleHit
    }

    async fn other_than(
        &self,
        resource: Resource,
        rejected: &AccessToken,
        context: &Context,
    ) -> Outcome {
        let demand = Demand::Replacement(rejected.clone());
        let joined = self.join(resource, &demand, Some(&context.trace));
        self.acquired(resource, joined, context.deadline).await
    }

    /// What comes of `joined`. Whose time is up is told what has failed so far, if
    /// anything has: it may be tried for longer than anybody waits.
    async fn acquired(&self, resource: Resource, joined: Joined, deadline: Deadline) -> Outcome {
        let seat = match joined {
            Joined::Landed(outcome) => return outcome,
            Joined::Started(seat) | Joined::Waiting(seat) => seat,
        };
        let patience = deadline.at_most(self.wait).remaining();
        let outcome = seat.outcome_within(patience).await?;
        outcome.unwrap_or_else(|| Err(self.so_far(resource)))
    }

    /// What has failed so far, if anything has.
    fn so_far(&self, resource: Resource) -> TokenError {
        let Some((at, failure)) = self.cache.last_failure(resource) else {
            return TokenError::Waiting;
        };
        let asked = failure.asked_pause().unwrap_or_default();
        let passed = at.elapsed().unwrap_or_default();
        failure.with_pause_left(asked.saturating_sub(passed))
    }

    /// A seat in the acquisition for `resource`, which runs in a task of its
    /// own: it outlives its callers.
    fn join(&self, resource: Resource, demand: &Demand, trace: Option<&TraceContext>) -> Joined {
        self.cache.join(resource, demand, |flight: Flight| {
            let identity = self.clone();
            let span = span::begin(&self.tracer, trace, resource, self.source.label());
            let acquisition = async move {
                let outcome = identity.acquire(resource, flight.origin(), &span).await;
                span::end(span, &outcome);
                flight.land(outcome);
            };
            rt::spawn(acquisition.in_current_span());
        })
    }

    /// A token past the host's cache where that is wanted and possible, else
    /// the one that the host has.
    async fn acquire(&self, resource: Resource, origin: Origin, span: &OpenSpan) -> Outcome {
        if origin == Origin::Replacement && self.source.has_bypass() {
            let passing = self.persistently(resource, origin, HostCache::PassBy, span);
            match passing.await {
                Err(TokenError::Refused(_)) => {}
                outcome => return outcome,
            }
        }
        self.persistently(resource, origin, HostCache::Use, span)
            .await
    }

    /// Asks the identity endpoint until it answers or the schedule ends.
    async fn persistently(
        &self,
        resource: Resource,
        origin: Origin,
        host_cache: HostCache,
        span: &OpenSpan,
    ) -> Outcome {
        let mut schedule = Schedule::new(Instant::now());
        loop {
            let failure = match self.attempt(resource, origin, host_cache, span).await {
                Ok(token) => return Ok(token),
                Err(failure) => failure,
            };
            self.cache.note(resource, &failure);
            let Some(pause) = schedule.pause(&failure, Instant::now()) else {
                return Err(failure);
            };
            time::sleep(pause).await;
        }
    }

    async fn attempt(
        &self,
        resource: Resource,
        origin: Origin,
        host_cache: HostCache,
        span: &OpenSpan,
    ) -> Outcome {
        let started = Instant::now();
        let _turn = self.source.turn().await?;
        let outcome = self
            .source
            .fetch(resource, host_cache, span.trace())
            .await
            .and_then(|grant| self.proven(resource, &grant, origin));
        let label = outcome.as_ref().map_or_else(TokenError::code, |_| "ok");
        self.metrics
            .token_acquisition(self.source.label(), label, started.elapsed());
        outcome
    }

    /// The token of `grant`, if it is the one that was asked for.
    fn proven(&self, resource: Resource, grant: &Grant, origin: Origin) -> Outcome {
        proof::check(grant, self.audience(resource), self.id()).map_err(TokenError::Unusable)?;
        AccessToken::new(grant, origin).map_err(|_| TokenError::Unusable(Unusable::NotText))
    }
}

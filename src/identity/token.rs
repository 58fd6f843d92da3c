//! An access token, and when it is fresh, stale or no longer usable.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use actix_web::http::header::{HeaderValue, InvalidHeaderValue};

use super::{Moment, claims::Claims, response::Grant};

/// Before its expiry a token is not used any more: it has to outlive the call
/// that it is sent with, and clocks differ.
const HARD_MARGIN: Duration = Duration::from_secs(30);

/// Beyond this lifetime a token is renewed at half of it, as MSAL does.
const LONG_LIVED: Duration = Duration::from_hours(2);

/// After one renewal was begun, the next may begin this much later.
const RENEWAL_SPACING: Duration = Duration::from_secs(30);

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    /// Azure Resource Manager.
    Arm,
    /// Microsoft Graph.
    Graph,
}

impl Resource {
    /// Every resource, in the order in which they are asked for at start-up.
    pub(crate) const ALL: [Self; 2] = [Self::Arm, Self::Graph];

    /// The name in metrics and in readiness.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::Graph => "graph",
        }
    }
}

/// Why a token was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// There was none, or the one there was grew old.
    Ordinary,
    /// Azure rejected the one before.
    Replacement,
}

/// A bearer token; cloning it copies no text, and nothing prints it.
#[derive(Clone)]
pub(crate) struct AccessToken(Arc<Inner>);

struct Inner {
    authorization: HeaderValue,
    claims: Option<Claims>,
    origin: Origin,
    acquired: Moment,
    usable_for: Duration,
    fresh_for: Duration,
    expires_on: SystemTime,
    /// Milliseconds after `acquired`, by the clock that nobody sets.
    next_renewal: AtomicU64,
    /// Whether Azure has taken it.
    has_served: AtomicBool,
    /// Whether Azure has rejected it, or the one that it replaces, and taken none since.
    is_rejected: AtomicBool,
}

impl AccessToken {
    /// The token of `grant`, counted from now.
    ///
    /// It is usable until 30 seconds before its expiry, or for nine tenths of a
    /// lifetime under five minutes.
    pub(crate) fn new(grant: &Grant, origin: Origin) -> Result<Self, InvalidHeaderValue> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", grant.token.expose()))?;
        authorization.set_sensitive(true);
        let lifetime = grant.lifetime;
        let acquired = Moment::now();
        Ok(Self(Arc::new(Inner {
            authorization,
            claims: grant.claims.clone(),
            origin,
            acquired,
            usable_for: lifetime.saturating_sub(HARD_MARGIN.min(lifetime / 10)),
            fresh_for: fresh_for(lifetime, fastrand::f64()),
            expires_on: acquired.wall + lifetime,
            next_renewal: AtomicU64::new(0),
            has_served: AtomicBool::new(false),
            is_rejected: AtomicBool::new(false),
        })))
    }

    /// The same after a sleep of the machine.
    #[cfg(test)]
    pub(super) fn after(mut self, sleep: Duration) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.acquired.wall -= sleep;
        }
        self
    }

    /// The value of an `Authorization` header, marked as sensitive.
    pub(crate) fn authorization(&self) -> HeaderValue {
        self.0.authorization.clone()
    }

    /// What it says of its holder, where it can be read.
    pub(crate) fn claims(&self) -> Option<Claims> {
        self.0.claims.clone()
    }

    /// How long it is usable, counted from its acquisition.
    pub(crate) fn usable_for(&self) -> Duration {
        self.0.usable_for
    }

    /// When its issuer lets it expire.
    pub(crate) fn expires_on(&self) -> SystemTime {
        self.0.expires_on
    }

    /// The time since its acquisition; a clock that is set forward adds to it.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        now.since(self.0.acquired)
    }

    /// Why it was acquired.
    pub(crate) fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Azure has taken it.
    pub(crate) fn serve(&self) {
        // Every call comes here, and a line that is only read is no worker's own.
        if !self.has_served() {
            self.0.has_served.store(true, Ordering::Relaxed);
        }
        if self.is_rejected() {
            self.0.is_rejected.store(false, Ordering::Relaxed);
        }
    }

    /// Azure has not taken it, and there is no other that it takes.
    pub(crate) fn reject(&self) {
        self.0.is_rejected.store(true, Ordering::Relaxed);
    }

    /// Whether that is the last that Azure has said of it.
    pub(crate) fn is_rejected(&self) -> bool {
        self.0.is_rejected.load(Ordering::Relaxed)
    }

    /// Whether Azure has ever taken it.
    pub(crate) fn has_served(&self) -> bool {
        self.0.has_served.load(Ordering::Relaxed)
    }

    /// Whether both are one and the same acquisition.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether both carry the same text.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.0.authorization == other.0.authorization
    }

    /// Whether it can still be sent.
    pub(crate) fn is_usable(&self, now: Moment) -> bool {
        self.age(now) < self.0.usable_for
    }

    /// Whether it should be renewed; it stays usable.
    pub(crate) fn is_stale(&self, now: Moment) -> bool {
        self.age(now) >= self.0.fresh_for
    }

    /// True for one caller when a renewal is due, and for nobody else in the
    /// 30 seconds after that.
    pub(crate) fn claim_renewal(&self, now: Moment) -> bool {
        let age = now.steadily_since(self.0.acquired);
        let due = self.0.next_renewal.load(Ordering::Relaxed);
        let next = millis(age + RENEWAL_SPACING);
        self.is_stale(now)
            && millis(age) >= due
            && self
                .0
                .next_renewal
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// A renewal has failed: nobody tries the next one within `pause`.
    pub(crate) fn postpone_renewal(&self, pause: Duration, now: Moment) {
        let next = millis(now.steadily_since(self.0.acquired) + pause);
        self.0.next_renewal.fetch_max(next, Ordering::Relaxed);
    }
}

/// Half of a long lifetime ± 10 %, four fifths of a short one ± 5 %: replicas
/// that started together do not renew together. `spread` is within 0 to 1.
fn fresh_for(lifetime: Duration, spread: f64) -> Duration {
    let (share, around) = if lifetime > LONG_LIVED {
        (0.5, 0.1)
    } else {
        (0.8, 0.05)
    };
    lifetime.mul_f64(share * (1.0 + around * (2.0 * spread - 1.0)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::secret::Secret;

    /// One that lasts so long.
    pub(in crate::identity) fn token(lifetime: Duration) -> AccessToken {
        let grant = Grant {
            token: Secret::new("t"),
            lifetime,
            claims: None,
            echo: Claims::default(),
        };
        AccessToken::new(&grant, Origin::Ordinary).unwrap()
    }

    #[test]
    fn c6_a_token_of_more_than_two_hours_is_renewed_at_half_of_them() {
        let refresh = |hours| fresh_for(Duration::from_hours(hours), 0.5).as_secs() / 60;
        // MSAL renews the first two at their end only.
        assert_eq!([refresh(1), refresh(2), refresh(3)], [48, 96, 90]);
    }

    #[test]
    fn a_day_long_token_is_fresh_for_half_a_day_give_or_take_a_tenth() {
        let day = Duration::from_hours(24);
        assert_eq!(fresh_for(day, 0.5), day / 2);
        assert_eq!(fresh_for(day, 0.0), day.mul_f64(0.45));
        assert_eq!(fresh_for(day, 1.0), day.mul_f64(0.55));
    }

    #[test]
    fn an_hour_long_token_is_fresh_for_four_fifths() {
        let hour = Duration::from_hours(1);
        assert_eq!(fresh_for(hour, 0.5), hour.mul_f64(0.8));
    }

    #[test]
    fn a_token_is_usable_until_shortly_before_its_expiry() {
        let hour = Duration::from_hours(1);
        assert_eq!(token(hour).usable_for() + HARD_MARGIN, hour);
        let short = Duration::from_secs(10);
        assert_eq!(token(short).usable_for(), Duration::from_secs(9));
    }

    /// So many seconds after `began`, and of them so many that the machine slept.
    fn later(began: Moment, seconds: u64, asleep: u64) -> Moment {
        Moment {
            steady: began.steady + Duration::from_secs(seconds - asleep),
            wall: began.wall + Duration::from_secs(seconds),
        }
    }

    const STALE: u64 = 14 * 60 * 60;

    #[test]
    fn one_caller_renews_and_the_next_only_after_the_spacing() {
        let token = token(Duration::from_hours(24));
        let now = Moment::now();
        let stale = later(now, STALE, 0);
        assert!(!token.claim_renewal(now) && !token.is_stale(now));
        assert!(token.claim_renewal(stale) && token.is_stale(stale));
        assert!(!token.claim_renewal(later(stale, 29, 0)));
        assert!(token.claim_renewal(later(stale, 31, 0)));
    }

    #[test]
    fn a_renewal_that_failed_is_not_tried_again_before_its_pause() {
        let token = token(Duration::from_hours(24));
        let stale = later(Moment::now(), STALE, 0);
        let after = |seconds| later(stale, seconds, 0);
        assert!(token.claim_renewal(after(0)));
        token.postpone_renewal(Duration::from_mins(5), after(1));
        token.postpone_renewal(Duration::from_secs(1), after(2));
        assert!(!token.claim_renewal(after(300)));
        assert!(token.claim_renewal(after(302)));
    }

    #[test]
    fn a_token_grows_old_while_the_machine_sleeps() {
        let token = token(Duration::from_hours(24));
        let awake = later(Moment::now(), STALE, STALE);
        assert!(token.is_stale(awake) && token.claim_renewal(awake));
        assert!(token.age(awake) >= Duration::from_secs(STALE));
        assert!(!token.claim_renewal(later(awake, 1, 0)));
    }

    #[test]
    fn a_token_is_used_no_more_after_a_sleep_that_outlasts_it() {
        let (token, now) = (token(Duration::from_hours(1)), Moment::now());
        assert!(token.is_usable(later(now, 3_500, 3_500)));
        assert!(!token.is_usable(later(now, 3_600, 3_600)));
        assert!(!token.is_usable(later(now, 3_600, 0)));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_token_from_its_renewal() {
        let token = token(Duration::from_hours(24));
        let began = Moment::now();
        let forward = Moment {
            wall: began.wall + Duration::from_hours(48),
            ..began
        };
        assert!(token.claim_renewal(forward), "a clock forward costs one");
        let back = Moment {
            wall: began.wall - Duration::from_hours(48),
            ..began
        };
        assert!(!token.is_stale(back));
        let stale = Moment {
            steady: began.steady + Duration::from_secs(STALE),
            ..back
        };
        assert!(token.is_stale(stale) && token.claim_renewal(stale));
    }
}

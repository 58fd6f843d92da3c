//! The keys of one issuer, shared by all workers and kept up to date.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::watch;
#[cfg(test)]
use url::Url;

use super::{
    Refusal, fetch,
    fetch::{FetchError, Place},
    ring::{Found, Look, ON_DEMAND, PERIOD, Ring, Told},
    trial::Trial,
};
use crate::{http::Client, metrics::Metrics, task::Tasks, telemetry::chain};

/// The keys of one issuer. What is locked is locked for a look-up, and never over
/// an await.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Inner>);

struct Inner {
    ring: Mutex<Ring>,
    place: Place,
    /// What kind of issuer it is, as metrics and readiness have it.
    source: &'static str,
    tasks: Tasks,
    metrics: Metrics,
}

/// How the keys of an issuer stand.
pub(crate) struct KeyStanding {
    pub(crate) source: &'static str,
    pub(crate) issuer: String,
    /// Those that it last told, if it ever did.
    pub(crate) told: Option<Told>,
    /// Whether the issuer has been asked at all.
    pub(crate) was_asked: bool,
}

/// The longest pause between tries while there are no keys.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl KeySet {
    pub(super) fn new(place: Place, source: &'static str, tasks: Tasks, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            ring: Mutex::default(),
            place,
            source,
            tasks,
            metrics,
        }))
    }

    /// A set for unit tests: nobody was asked for it.
    #[cfg(test)]
    pub(super) fn unheld() -> Self {
        let place = Place {
            configuration: Url::parse("http://127.0.0.1:1/").unwrap(),
            issuer: String::new(),
            keys: fetch::KeysAt::Named,
        };
        let metrics = Metrics::new().unwrap();
        Self::new(place, "oidc", Tasks::default(), metrics)
    }

    /// The key `id`. For one that is not known the issuer is asked by way of
    /// `client`, by one caller for all who wait; see [`Ring`] for how often.
    pub(super) async fn key(
        &self,
        id: &str,
        client: &Client,
        now: Instant,
    ) -> Result<Found, Refusal> {
        let look = self.ring().look(id, now);
        let mut seat = match look {
            Look::Known(found) => return Ok(found),
            Look::Unknown => return Err(Refusal::UnknownKey),
            Look::NoKeys(rest) => return Err(Refusal::NoKeys(rest)),
            Look::Wait(seat) => seat,
            Look::Ask(landing, seat) => {
                let (keys, client) = (self.clone(), client.clone());
                // The caller may leave; those who wait with it do not.
                self.0
                    .tasks
                    .follow(async move { keys.ask(&client, landing).await });
                seat
            }
        };
        // An error says that it has landed, too: the sender is dropped then.
        let _ = seat.changed().await;
        let look = self.ring().look_again(id, now, Instant::now().max(now));
        match look {
            Look::Known(found) => Ok(found),
            Look::NoKeys(rest) => Err(Refusal::NoKeys(rest)),
            Look::Unknown | Look::Wait(_) | Look::Ask(..) => Err(Refusal::UnknownKey),
        }
    }

    /// Whether what was found in that set of keys still counts.
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.ring().is_current(generation, Instant::now())
    }

    /// Asks at once, and from then on every hour; sooner where that fails.
    pub(super) async fn keep(self, client: Client) {
        let mut failures = 0;
        loop {
            let begun = self.ring().begin(Instant::now());
            match begun {
                Ok(landing) => self.ask(&client, landing).await,
                Err(mut seat) => {
                    let _ = seat.changed().await;
                }
            }
            let age = self.age();
            failures = match age {
                Some(_) => 0,
                None => failures + 1,
            };
            time::sleep(pause(age, failures)).await;
            // Somebody's unknown key may have done it meanwhile.
            while let Some(rest) = self.age().and_then(until_due) {
                time::sleep(rest).await;
            }
        }
    }

    /// How the keys stand now.
    pub(super) fn standing(&self) -> KeyStanding {
        let ring = self.ring();
        KeyStanding {
            source: self.0.source,
            issuer: self.0.place.issuer.clone(),
            told: ring.last_told(Instant::now()),
            was_asked: ring.was_asked(),
        }
    }

    /// Asks the issuer once, whatever is held.
    pub(super) async fn try_once(&self, client: &Client) -> Trial {
        let place = &self.0.place;
        Trial::of_issuer(place, fetch::keys(client, place).await)
    }

    /// Asks the issuer, and lets those know who wait for it.
    async fn ask(&self, client: &Client, landing: watch::Sender<()>) {
        let answer = fetch::keys(client, &self.0.place).await;
        let outcome = match answer {
            Ok(keys) => {
                self.ring().store(keys, Instant::now());
                "ok"
            }
            Err(error) => {
                self.ring().fail();
                self.tell(&error);
                error.label()
            }
        };
        self.0.metrics.key_fetch(self.0.source, outcome);
        drop(landing);
    }

    fn tell(&self, error: &FetchError) {
        let place = &self.0.place;
        let refusal = error.refusal();
        tracing::warn!(
            issuer = place.issuer,
            error = chain(error),
            upstream.code = refusal.and_then(|it| it.code.as_deref()),
            upstream.message = refusal.and_then(|it| it.message.as_deref()),
            mend = place.mend(error),
            "keys of callers' tokens were not read"
        );
    }

    /// How old the keys are, if there are any to check with.
    fn age(&self) -> Option<Duration> {
        let told = self.ring().last_told(Instant::now());
        told.filter(|it| it.is_believed).map(|it| it.age)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until keys that are so old are to be asked for again.
fn until_due(age: Duration) -> Option<Duration> {
    PERIOD.checked_sub(age).filter(|rest| !rest.is_zero())
}

/// The pause after an attempt: an hour after a success; the keys there are have a
/// day, so that a failure has time; without any, soon.
fn pause(age: Option<Duration>, failures: u32) -> Duration {
    if let Some(age) = age {
        return until_due(age).unwrap_or(ON_DEMAND);
    }
    let doubled = Duration::from_secs(1) * 2_u32.saturating_pow(failures.min(6));
    doubled
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_for_every_hour_and_sooner_where_that_fails() {
        assert_eq!(pause(Some(Duration::ZERO), 0), PERIOD);
        let old = PERIOD + Duration::from_secs(1);
        assert_eq!(pause(Some(old), 0), ON_DEMAND);
        assert!(pause(None, 1) <= Duration::from_secs(2));
        assert!(pause(None, u32::MAX) <= LONGEST_PAUSE);
    }
}

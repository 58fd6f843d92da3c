//! What is known of the keys of one issuer, and when they may be asked for again.
//!
//! Source: "Signing key rollover in the Microsoft identity platform": at the
//! start, every hour, and for an unknown key not more often than every five
//! minutes; kept for 24 hours, which each success extends.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::jwks::{Key, Keys};

/// How long keys are believed after the issuer last told them.
const LIFE: Duration = Duration::from_hours(24);

/// From one question to the next, while nothing is amiss.
pub(super) const PERIOD: Duration = Duration::from_hours(1);

/// Unknown keys are no reason to ask more often: anybody can name one.
pub(super) const ON_DEMAND: Duration = Duration::from_mins(5);

/// The same after a question that was not answered: a key that is new waits no longer for
/// an issuer that was away for a moment.
const SOONER: Duration = Duration::from_secs(30);

/// How long a key that the issuer does not have is not asked for again: whoever
/// goes on with it must not use up the questions that new keys need.
const ABSENCE: Duration = Duration::from_mins(15);

/// Of so many keys it is known that there is none.
const MOST_ABSENT: usize = 1024;

/// A key, and which set of keys it was found in.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) key: Arc<Key>,
    pub(super) generation: u64,
}

/// What is there for a token.
pub(super) enum Look {
    Known(Found),
    /// The issuer has no such key, or may not be asked so soon after it has answered.
    Unknown,
    /// There are no keys at all, or the issuer has not answered for this one, and nobody
    /// is asking. Whoever comes after so long has it asked.
    NoKeys(Duration),
    /// Somebody is asking.
    Wait(watch::Receiver<()>),
    /// It is for this one to ask.
    Ask(watch::Sender<()>, watch::Receiver<()>),
}

/// How the keys stand that an issuer has told.
pub(crate) struct Told {
    pub(crate) count: usize,
    pub(crate) age: Duration,
    /// Whether tokens are still checked with them.
    pub(crate) is_believed: bool,
}

/// The keys of one issuer.
#[derive(Default)]
pub(super) struct Ring {
    held: Option<Held>,
    generation: u64,
    /// When somebody last asked for the sake of an unknown key.
    demanded: Option<Instant>,
    asking: Option<Asking>,
    /// Whether the issuer has been asked once, whatever came of it.
    asked: bool,
    absent: HashMap<String, Instant>,
}

struct Held {
    keys: Keys,
    /// When the issuer was asked for them.
    asked: Instant,
    since: Instant,
}

/// A question that is not answered yet.
struct Asking {
    since: Instant,
    seat: watch::Receiver<()>,
}

impl Ring {
    /// The key `id`, or how to come by it.
    pub(super) fn look(&mut self, id: &str, now: Instant) -> Look {
        let generation = self.generation;
        let Some(keys) = self.keys(now) else {
            let nothing = Look::NoKeys(Duration::ZERO);
            return self.under_way().map_or(nothing, Look::Wait);
        };
        if let Some(key) = keys.get(id) {
            let key = Arc::clone(key);
            return Look::Known(Found { key, generation });
        }
        let is_absent = self.absent.get(id).is_some_and(|until| now < *until);
        if is_absent {
            return Look::Unknown;
        }
        if let Some(seat) = self.under_way() {
            return Look::Wait(seat);
        }
        if let Some(look) = self.too_early(now) {
            return look;
        }
        self.demanded = Some(now);
        let (landing, seat) = self.ask(now);
        Look::Ask(landing, seat)
    }

    /// The same after whoever `came` for `id` has waited for the issuer. That it has no such
    /// key is known if it has answered since, and remembered if it was asked since: an answer
    /// to what was asked before may be older than the key.
    pub(super) fn look_again(&mut self, id: &str, came: Instant, now: Instant) -> Look {
        let generation = self.generation;
        let Some(held) = self.held.as_ref().filter(|held| held.lives(now)) else {
            return Look::NoKeys(Duration::ZERO);
        };
        if let Some(key) = held.keys.get(id) {
            let key = Arc::clone(key);
            return Look::Known(Found { key, generation });
        }
        if held.since < came {
            return Look::NoKeys(self.rest(now));
        }
        if held.asked >= came {
            self.remember_absent(id, now);
        }
        Look::Unknown
    }

    /// Begins to ask, if nobody is at it.
    pub(super) fn begin(&mut self, now: Instant) -> Result<watch::Sender<()>, watch::Receiver<()>> {
        match self.under_way() {
            Some(seat) => Err(seat),
            None => Ok(self.ask(now).0),
        }
    }

    /// The issuer has told `keys`.
    pub(super) fn store(&mut self, keys: Keys, now: Instant) {
        let is_same = |held: &Held| held.keys.is_same(&keys);
        if !self.held.as_ref().is_some_and(is_same) {
            self.generation += 1;
        }
        let asked = self.asking.as_ref().map_or(now, |asking| asking.since);
        self.held = Some(Held {
            keys,
            asked,
            since: now,
        });
        self.landed();
    }

    /// The issuer has told nothing: what it last told goes on.
    pub(super) fn fail(&mut self) {
        self.landed();
    }

    /// Whether it is known by now what the issuer tells, or that it tells nothing.
    pub(super) fn was_asked(&self) -> bool {
        self.asked
    }

    /// Whether what was found in this set of keys still counts.
    pub(super) fn is_current(&self, generation: u64, now: Instant) -> bool {
        let lives = self.held.as_ref().is_some_and(|held| held.lives(now));
        lives && self.generation == generation
    }

    /// What the issuer last told, however long ago.
    pub(super) fn last_told(&self, now: Instant) -> Option<Told> {
        let held = self.held.as_ref()?;
        Some(Told {
            count: held.keys.len(),
            age: now.saturating_duration_since(held.since),
            is_believed: held.lives(now),
        })
    }

    fn keys(&self, now: Instant) -> Option<&Keys> {
        let held = self.held.as_ref().filter(|held| held.lives(now))?;
        Some(&held.keys)
    }

    /// What there is for an unknown key while its issuer may not be asked again.
    fn too_early(&self, now: Instant) -> Option<Look> {
        let rest = self.rest(now);
        if !rest.is_zero() {
            return Some(Look::NoKeys(rest));
        }
        let (demanded, told) = (self.demanded?, self.held.as_ref()?.since);
        let is_answered = told >= demanded;
        let is_early = now.saturating_duration_since(demanded) < ON_DEMAND;
        (is_answered && is_early).then_some(Look::Unknown)
    }

    /// How long an issuer that has not answered for an unknown key is left alone.
    fn rest(&self, now: Instant) -> Duration {
        let told = self.held.as_ref().map(|held| held.since);
        let unanswered = self.demanded.filter(|demanded| told < Some(*demanded));
        unanswered.map_or(Duration::ZERO, |demanded| {
            (demanded + SOONER).saturating_duration_since(now)
        })
    }

    fn landed(&mut self) {
        self.asking = None;
        self.asked = true;
    }

    /// Whoever asks may have been dropped with its worker.
    fn under_way(&mut self) -> Option<watch::Receiver<()>> {
        self.asking
            .take_if(|asking| asking.seat.has_changed().is_err());
        self.asking.as_ref().map(|asking| asking.seat.clone())
    }

    fn ask(&mut self, now: Instant) -> (watch::Sender<()>, watch::Receiver<()>) {
        let (landing, seat) = watch::channel(());
        self.asking = Some(Asking {
            since: now,
            seat: seat.clone(),
        });
        (landing, seat)
    }

    fn remember_absent(&mut self, id: &str, now: Instant) {
        if self.absent.len() >= MOST_ABSENT {
            self.absent.retain(|_, until| now < *until);
        }
        if self.absent.len() < MOST_ABSENT {
            self.absent.insert(id.to_owned(), now + ABSENCE);
        }
    }
}

impl Held {
    fn lives(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < LIFE
    }
}

#[cfg(test)]
mod tests;

//! Every user of the tenant, in memory: listings are answered without Graph.

mod backoff;
mod course;
#[cfg(any(fuzzing, test))]
pub(super) mod fuzz;
mod keep;
mod page;
mod place;
mod row;
mod store;
mod tally;

use std::{
    mem,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::SystemTime,
};

pub(crate) use keep::keep;
pub(crate) use page::ReplicaPage;
pub(crate) use place::Place;

use crate::{
    azure::{self, UserChange, UserQuery},
    config::ReplicaSettings,
    metrics::{Metrics, RoundOutcome},
};
use store::{Round, Store};

/// Every user of the tenant, for all workers.
///
/// [`keep()`] keeps it; until that has heard of everybody, and when there are too
/// many, it gives no answers.
#[derive(Clone)]
pub(crate) struct Replica(Arc<Inner>);

struct Inner {
    settings: ReplicaSettings,
    metrics: Metrics,
    /// Held for the copying of a page at most, and never over an await.
    contents: RwLock<Contents>,
}

#[derive(Default)]
struct Contents {
    store: Store,
    phase: Phase,
    /// Why the round under way is held up.
    trouble: Option<azure::Error>,
}

#[derive(Clone, Copy, Default)]
enum Phase {
    #[default]
    Warming,
    Ready(SystemTime),
    TooLarge,
}

/// How the replica is.
#[derive(Clone, Debug)]
pub(crate) enum Status {
    /// Not everybody has been heard of yet; Graph is asked meanwhile.
    Warming {
        /// How many have.
        users: usize,
        /// Why it does not go on, when it does not.
        trouble: Option<azure::Error>,
    },
    /// Listings are answered.
    Ready {
        users: usize,
        /// When the last whole round of questions for changes began.
        as_of: SystemTime,
        /// Why the next does not come to its end, when it does not.
        trouble: Option<azure::Error>,
    },
    /// There are more users than `limit`, and Graph is asked.
    TooLarge { limit: usize },
}

impl Replica {
    /// A replica of nobody yet.
    pub(crate) fn new(settings: ReplicaSettings, metrics: Metrics) -> Self {
        metrics.replica_kept();
        Self(Arc::new(Inner {
            settings,
            metrics,
            contents: RwLock::default(),
        }))
    }

    /// The users of `query` from after `after` on; `None` while Graph has to be
    /// asked.
    pub(crate) fn page(&self, query: &UserQuery, after: Option<&Place>) -> Option<ReplicaPage> {
        page::page(&self.read(), query, after)
    }

    /// When the last whole round of questions for changes began; `None` while Graph
    /// has to be asked.
    pub(crate) fn as_of(&self) -> Option<SystemTime> {
        match self.read().phase {
            Phase::Ready(as_of) => Some(as_of),
            Phase::Warming | Phase::TooLarge => None,
        }
    }

    /// Whether anybody in it has a department: Graph did not leave departments out.
    pub(crate) fn shows_departments(&self) -> bool {
        self.read().store.has_departments()
    }

    /// How it is.
    pub(crate) fn status(&self) -> Status {
        let contents = self.read();
        let (users, trouble) = (contents.store.len(), contents.trouble.clone());
        match contents.phase {
            Phase::Warming => Status::Warming { users, trouble },
            Phase::Ready(as_of) => Status::Ready {
                users,
                as_of,
                trouble,
            },
            Phase::TooLarge => Status::TooLarge {
                limit: self.0.settings.most_users,
            },
        }
    }

    /// Takes a page of `round` in. `false` says that there are too many users,
    /// and that none is held any more.
    ///
    /// Before a round ends, who has left may not have been removed yet: so many more
    /// are held, and not counted against the limit. What memory takes stays bounded.
    fn apply(&self, changes: Vec<UserChange>, round: Round) -> bool {
        self.0.metrics.replica_changes(changes.len());
        let mut contents = self.write();
        contents.trouble = None;
        for change in changes {
            contents.store.apply(change, round);
        }
        let (users, most) = (contents.store.len(), self.0.settings.most_users);
        let certain = match round {
            Round::Full(_) => contents.store.told(),
            Round::Changes(_) => 0,
        };
        if certain > most || users > most.saturating_mul(2) {
            self.give_up(contents);
            return false;
        }
        drop(contents);
        self.0.metrics.replica_users(users);
        true
    }

    /// `round`, whose first page was asked for at `as_of`, is complete. `false` says
    /// that there are too many users, and that none is held any more.
    fn complete(&self, round: Round, as_of: SystemTime) -> bool {
        if let Round::Full(number) = round {
            self.sweep(number);
        }
        let mut contents = self.write();
        let users = contents.store.len();
        if users > self.0.settings.most_users {
            self.give_up(contents);
            return false;
        }
        contents.phase = Phase::Ready(as_of);
        drop(contents);
        let metrics = &self.0.metrics;
        metrics.replica_users(users);
        metrics.replica_as_of(Some(as_of));
        metrics.replica_round(RoundOutcome::Ok);
        true
    }

    fn give_up(&self, mut contents: RwLockWriteGuard<'_, Contents>) {
        contents.phase = Phase::TooLarge;
        let all = mem::take(&mut contents.store);
        drop(contents);
        // Many, and nobody is to wait for their end.
        drop(all);
        self.0.metrics.replica_users(0);
        self.0.metrics.replica_as_of(None);
    }

    /// Nobody whom the full synchronization did not tell of stays.
    fn sweep(&self, number: u32) {
        let departments = self.read().store.departments();
        for department in departments {
            self.write().store.sweep(&department, number);
        }
    }

    /// The round under way is held up by `error`, with `outcome`. Who is refused has
    /// nothing to show any more: Graph is asked, and its refusal told, until a
    /// whole round has been let through again.
    fn held_up(&self, error: azure::Error, outcome: RoundOutcome) {
        let is_refused = outcome == RoundOutcome::Failed && !error.is_passing();
        let mut contents = self.write();
        contents.trouble = Some(error);
        if is_refused && matches!(contents.phase, Phase::Ready(_)) {
            contents.phase = Phase::Warming;
            self.0.metrics.replica_as_of(None);
        }
        drop(contents);
        self.0.metrics.replica_round(outcome);
    }

    fn read(&self) -> RwLockReadGuard<'_, Contents> {
        let contents = self.0.contents.read();
        contents.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Contents> {
        let contents = self.0.contents.write();
        contents.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

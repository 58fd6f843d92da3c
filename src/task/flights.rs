//! Work that several callers wait for, done once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::rt::time;
use tokio::sync::watch;

use super::Unfinished;

/// What is under way, by key, in all workers. Locked when work is joined or
/// ends, and never over an await.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, Seat<T>>>>);

/// What somebody who comes finds.
pub(crate) enum Joined<K: Eq + Hash, T> {
    /// It is done.
    Landed(T),
    /// Somebody else is at it.
    Waiting(Seat<T>),
    /// Nobody is: it is for this one to do.
    First(Landing<K, T>),
}

/// A place among those who wait.
pub(crate) struct Seat<T>(watch::Receiver<Option<Landed<T>>>);

/// What came of the work, if it came to its end.
type Landed<T> = Result<T, Unfinished>;

impl<T: Clone> Seat<T> {
    /// What came of it.
    pub(crate) async fn outcome(mut self) -> Landed<T> {
        let outcome = self.0.wait_for(Option::is_some).await;
        let outcome = outcome.map_err(|_| Unfinished::Stopped)?;
        outcome.clone().unwrap_or(Err(Unfinished::Stopped))
    }

    /// The same, if it comes within `patience`: whoever is at it may have more time.
    pub(crate) async fn outcome_within(self, patience: Duration) -> Result<Option<T>, Unfinished> {
        let outcome = time::timeout(patience, self.outcome()).await;
        outcome.ok().transpose()
    }
}

impl<T> Clone for Seat<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Clone + Eq + Hash, T> Flights<K, T> {
    /// Joins the work for `key`, or begins it. `known` is asked under the lock
    /// whether it is done: it may have landed a moment ago.
    pub(crate) fn join(&self, key: &K, known: impl FnOnce() -> Option<T>) -> Joined<K, T> {
        let mut flights = self.flights();
        if let Some(done) = known() {
            return Joined::Landed(done);
        }
        if let Some(seat) = flights.get(key) {
            return Joined::Waiting(seat.clone());
        }
        let (sender, seat) = watch::channel(None);
        flights.insert(key.clone(), Seat(seat));
        Joined::First(Landing {
            flights: self.clone(),
            key: key.clone(),
            sender,
            outcome: None,
        })
    }
}

impl<K, T> Flights<K, T> {
    fn flights(&self) -> MutexGuard<'_, HashMap<K, Seat<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> Clone for Flights<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Work under way. Dropped before it lands, it lets those who wait know that
/// nothing comes of it.
///
/// They hear of either once nobody can join any more: to whom it will not do may
/// begin anew.
pub(crate) struct Landing<K: Eq + Hash, T> {
    flights: Flights<K, T>,
    key: K,
    sender: watch::Sender<Option<Landed<T>>>,
    outcome: Option<T>,
}

impl<K: Eq + Hash, T> Landing<K, T> {
    /// A place among those who wait.
    pub(crate) fn seat(&self) -> Seat<T> {
        Seat(self.sender.subscribe())
    }

    /// Hands `outcome` to everybody who waits. What those who come later are to
    /// know has to be kept before.
    pub(crate) fn land(mut self, outcome: T) {
        self.outcome = Some(outcome);
    }
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.flights.flights().remove(&self.key);
        let outcome = self.outcome.take().ok_or_else(Unfinished::on_drop);
        // Nobody may wait, and nobody can join any more.
        let _ = self.sender.send(Some(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Tasks, *};

    fn first(flights: &Flights<u8, u8>) -> Landing<u8, u8> {
        match flights.join(&1, || None) {
            Joined::First(landing) => landing,
            Joined::Landed(_) | Joined::Waiting(_) => panic!("it is under way"),
        }
    }

    #[actix_web::test]
    async fn those_who_come_in_the_meantime_wait_for_the_first() {
        let flights = Flights::default();
        let landing = first(&flights);
        let Joined::Waiting(seat) = flights.join(&1, || None) else {
            panic!("it is done twice");
        };
        assert!(matches!(flights.join(&2, || None), Joined::First(_)));
        assert!(matches!(flights.join(&1, || Some(7)), Joined::Landed(7)));
        landing.land(9);
        assert_eq!(seat.outcome().await, Ok(9));
        first(&flights);
    }

    #[actix_web::test]
    async fn what_breaks_off_can_be_begun_again() {
        let flights = Flights::default();
        let landing = first(&flights);
        let Joined::Waiting(seat) = flights.join(&1, || None) else {
            panic!("it is done twice");
        };
        drop(landing);
        assert_eq!(seat.outcome().await, Err(Unfinished::Stopped));
        first(&flights);
    }

    #[actix_web::test]
    async fn a_panic_of_whoever_is_at_it_is_no_end_of_the_gateway_to_those_who_wait() {
        let flights = Flights::default();
        let landing = first(&flights);
        let Joined::Waiting(seat) = flights.join(&1, || None) else {
            panic!("it is done twice");
        };
        let broken = Tasks::default().finish(async move {
            let _landing = landing;
            panic!("on purpose")
        });
        let outcome: Result<(), _> = broken.await;
        assert_eq!(outcome, Err(Unfinished::Panicked));
        assert_eq!(seat.outcome().await, Err(Unfinished::Panicked));
    }
}

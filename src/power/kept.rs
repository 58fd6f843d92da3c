//! The operations that are known here, by their ids.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;

use super::{Operation, OperationId, seat::Seat};

/// Operations are kept for this long after they were last heard of.
///
/// Source: microsoft/api-guidelines `azure/Guidelines.md`,
/// `lro-status-monitor-retention`.
pub(super) const RETENTION: Duration = Duration::from_hours(24);

/// More are never kept; the ones longest not heard of and not asked for go first.
const CAPACITY: usize = 10_000;

/// Where each of them can be watched. A lock is held for a moment, and costs less than a
/// cache that needs none: an order writes three times.
pub(super) struct Kept(Mutex<LruCache<OperationId, Heard>>);

/// What is kept of an operation.
struct Heard {
    /// Nothing where the id is taken, and nothing more is known.
    seat: Option<Seat>,
    at: Instant,
}

impl Kept {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }

    /// Where the operation `id` can be watched.
    pub(super) fn seat(&self, id: &OperationId) -> Option<Seat> {
        seat(&mut self.lock(), id)
    }

    /// The operation `id` can be watched from `seat`.
    pub(super) fn insert(&self, id: OperationId, seat: Seat) {
        put(&mut self.lock(), id, Some(seat), Instant::now());
    }

    /// Nothing is known of the operation `id`.
    pub(super) fn forget(&self, id: &OperationId) {
        self.lock().pop(id);
    }

    /// Whether `id` was free; it is not any more.
    pub(super) fn reserve(&self, id: &OperationId) -> bool {
        let mut kept = self.lock();
        let is_free = !kept.contains(id);
        if is_free {
            put(&mut kept, id.clone(), None, Instant::now());
        }
        is_free
    }

    /// Where `id` is watched, if somebody still tells it or what is known is `enough`.
    /// Else `before` takes its place, and what was known is the error.
    pub(super) fn watch(
        &self,
        id: &OperationId,
        before: Seat,
        enough: impl Fn(&Operation) -> bool,
    ) -> Result<Seat, Option<Box<Operation>>> {
        let mut kept = self.lock();
        let held = seat(&mut kept, id);
        let known = held.as_ref().and_then(Seat::operation);
        match held {
            Some(held) if held.is_told() || known.as_ref().is_some_and(enough) => Ok(held),
            Some(_) | None => {
                put(&mut kept, id.clone(), Some(before), Instant::now());
                Err(known.map(Box::new))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<OperationId, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seat(kept: &mut LruCache<OperationId, Heard>, id: &OperationId) -> Option<Seat> {
    let heard = kept.get(id)?;
    let seat = heard.seat.clone();
    seat.filter(|_| heard.at.elapsed() < RETENTION)
}

/// Keeps `seat`, and lets go of what is too old or too much.
fn put(kept: &mut LruCache<OperationId, Heard>, id: OperationId, seat: Option<Seat>, at: Instant) {
    kept.put(id, Heard { seat, at });
    let is_over =
        |(_, oldest): (&OperationId, &Heard)| at.saturating_duration_since(oldest.at) >= RETENTION;
    while kept.len() > CAPACITY || kept.peek_lru().is_some_and(is_over) {
        kept.pop_lru();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch::Sender;

    use super::{super::seat::Stage, *};

    fn id(number: usize) -> OperationId {
        let id = format!("web-01.deallocate.{number:011x}00000000");
        id.parse().unwrap()
    }

    fn nobody() -> Seat {
        Seat::before(&Sender::new(Stage::Sending))
    }

    #[test]
    fn an_id_is_taken_once_and_leads_nowhere_before_it_is_told() {
        let kept = Kept::new();
        assert!(kept.reserve(&id(1)) && !kept.reserve(&id(1)));
        assert!(kept.seat(&id(1)).is_none());
        kept.insert(id(1), nobody());
        assert!(kept.seat(&id(1)).is_some() && !kept.reserve(&id(1)));
        kept.forget(&id(1));
        assert!(kept.reserve(&id(1)));
    }

    #[test]
    fn those_longest_not_heard_of_go_when_there_are_too_many() {
        let kept = Kept::new();
        for number in 0..CAPACITY {
            kept.insert(id(number), nobody());
        }
        assert!(kept.seat(&id(0)).is_some());
        kept.insert(id(CAPACITY), nobody());
        assert!(kept.seat(&id(0)).is_some() && kept.seat(&id(1)).is_none());
        assert_eq!(kept.lock().len(), CAPACITY);
    }

    #[test]
    fn what_was_not_heard_of_for_a_day_is_forgotten() {
        let kept = Kept::new();
        let now = Instant::now();
        put(&mut kept.lock(), id(1), Some(nobody()), now);
        put(&mut kept.lock(), id(2), None, now + RETENTION / 2);
        put(&mut kept.lock(), id(3), None, now + RETENTION);
        assert_eq!(kept.lock().len(), 2);
        assert!(!kept.lock().contains(&id(1)));
    }
}

//! The operations that are known here, by their ids.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;

use super::{Operation, OperationId, watcher::Watcher};

/// Operations are kept for this long after they were last heard of.
///
/// Source: microsoft/api-guidelines `azure/Guidelines.md`,
/// `lro-status-monitor-retention`.
pub(super) const RETENTION: Duration = Duration::from_hours(24);

/// Operations ordered here that are kept beside those that may be under way; the ones
/// longest not heard of and not asked for go first.
const ORDERED: usize = 10_000;

/// The same for those of which a look told. Their ids can be invented, and take no place
/// of one ordered here.
const SEEN: usize = 1_000;

/// Where each of them can be watched. A lock is held for a moment, and costs less than a
/// cache that needs none: an order writes three times.
pub(super) struct Kept(Mutex<Known>);

struct Known {
    /// With [`Kept::reserve`], an operation comes here, until it is [refused](Kept::refuse).
    ordered: Shelf,
    /// All others.
    seen: Shelf,
}

/// Operations, so many at most.
struct Shelf {
    kept: LruCache<OperationId, Heard>,
    capacity: usize,
}

/// What is kept of an operation.
struct Heard {
    /// Nothing where the id is taken, and nothing more is known.
    watcher: Option<Watcher>,
    at: Instant,
}

impl Kept {
    /// None yet; `most` that were ordered here may be under way at once.
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(Known {
            ordered: Shelf::of(ORDERED.saturating_add(most)),
            seen: Shelf::of(SEEN),
        }))
    }

    /// Where the operation `id` can be watched.
    pub(super) fn watcher(&self, id: &OperationId) -> Option<Watcher> {
        self.lock().of(id).watcher(id)
    }

    /// The operation `id` can be watched by `watcher`.
    pub(super) fn insert(&self, id: OperationId, watcher: Watcher) {
        let mut known = self.lock();
        known.of(&id).put(id, Some(watcher), Instant::now());
    }

    /// The operation `id`, of which the look that `own` watches has told, can be watched by
    /// `watcher`, or nothing is known of it without one. Who follows it may have told it
    /// meanwhile, and knows better.
    pub(super) fn learn(&self, id: &OperationId, own: &Watcher, watcher: Option<Watcher>) {
        let mut known = self.lock();
        let is_ordered = known.ordered.kept.contains(id);
        let among = known.of(id);
        if among.watcher(id).is_some_and(|held| !held.is_beside(own)) {
            return;
        }
        if watcher.is_none() && !is_ordered {
            among.kept.pop(id);
        } else {
            among.put(id.clone(), watcher, Instant::now());
        }
    }

    /// Nothing came of the operation `id`, and nobody was told of it: it takes no place of
    /// one that was begun. Its id stays taken, as the record of changes may name it.
    pub(super) fn refuse(&self, id: &OperationId) {
        let mut known = self.lock();
        known.ordered.kept.pop(id);
        known.seen.put(id.clone(), None, Instant::now());
    }

    /// Whether `id` was free; it is not any more.
    pub(super) fn reserve(&self, id: &OperationId) -> bool {
        let mut known = self.lock();
        let is_free = !known.of(id).kept.contains(id);
        if is_free {
            known.ordered.put(id.clone(), None, Instant::now());
        }
        is_free
    }

    /// Where `id` is watched, if somebody still tells it or what is known is `enough`.
    /// Else the watcher `before` takes its place, and what was known is the error.
    pub(super) fn watch(
        &self,
        id: &OperationId,
        before: impl FnOnce(Option<&Operation>) -> Watcher,
        enough: impl Fn(&Operation) -> bool,
    ) -> Result<Watcher, Option<Box<Operation>>> {
        let mut all = self.lock();
        let among = all.of(id);
        let held = among.watcher(id);
        let known = held.as_ref().and_then(Watcher::operation);
        match held {
            Some(held) if held.is_told() || known.as_ref().is_some_and(enough) => Ok(held),
            Some(_) | None => {
                let before = before(known.as_ref());
                among.put(id.clone(), Some(before), Instant::now());
                Err(known.map(Box::new))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Where `id` is kept, or would be.
    fn of(&mut self, id: &OperationId) -> &mut Shelf {
        if self.ordered.kept.contains(id) {
            &mut self.ordered
        } else {
            &mut self.seen
        }
    }
}

impl Shelf {
    fn of(capacity: usize) -> Self {
        let kept = LruCache::unbounded();
        Self { kept, capacity }
    }

    fn watcher(&mut self, id: &OperationId) -> Option<Watcher> {
        let heard = self.kept.get(id)?;
        let watcher = heard.watcher.clone();
        watcher.filter(|_| heard.at.elapsed() < RETENTION)
    }

    /// Keeps `watcher`, and lets go of what is too old or too much, but for what is told
    /// here: it runs.
    fn put(&mut self, id: OperationId, watcher: Option<Watcher>, at: Instant) {
        self.kept.put(id, Heard { watcher, at });
        for _ in 0..self.kept.len() {
            let Some((id, oldest)) = self.kept.peek_lru() else {
                return;
            };
            let is_old = at.saturating_duration_since(oldest.at) >= RETENTION;
            if !is_old && self.kept.len() <= self.capacity {
                return;
            }
            if oldest.watcher.as_ref().is_some_and(Watcher::is_told) {
                let id = id.clone();
                self.kept.promote(&id);
            } else {
                self.kept.pop_lru();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch::Sender;

    use super::{super::watcher::Stage, *};

    fn id(number: usize) -> OperationId {
        let id = format!("web-01.deallocate.{number:011x}00000000");
        id.parse().unwrap()
    }

    fn nobody() -> Watcher {
        Watcher::of(&Sender::new(Stage::Sending))
    }

    #[test]
    fn an_id_is_taken_once_and_leads_nowhere_before_it_is_told() {
        let kept = Kept::new(0);
        assert!(kept.reserve(&id(1)) && !kept.reserve(&id(1)));
        assert!(kept.watcher(&id(1)).is_none());
        kept.insert(id(1), nobody());
        assert!(kept.watcher(&id(1)).is_some() && !kept.reserve(&id(1)));
    }

    #[test]
    fn a_look_takes_no_place_of_who_follows_the_operation() {
        let kept = Kept::new(0);
        let [looking, followed] = [nobody(), nobody()];
        assert!(kept.reserve(&id(1)));
        assert!(kept.watch(&id(1), |_| looking.clone(), |_| false).is_err());
        kept.learn(&id(1), &looking, None);
        assert!(kept.watcher(&id(1)).is_none() && !kept.reserve(&id(1)));
        kept.insert(id(1), followed.clone());
        for learnt in [None, Some(nobody())] {
            kept.learn(&id(1), &looking, learnt);
            assert!(kept.watcher(&id(1)).unwrap().is_beside(&followed));
        }
        assert!(kept.watch(&id(2), |_| looking.clone(), |_| false).is_err());
        kept.learn(&id(2), &looking, None);
        assert!(kept.reserve(&id(2)));
    }

    fn ordered(kept: &Kept, number: usize) {
        assert!(kept.reserve(&id(number)));
        kept.insert(id(number), nobody());
    }

    #[test]
    fn those_longest_not_heard_of_go_when_there_are_too_many() {
        let kept = Kept::new(0);
        for number in 0..ORDERED {
            ordered(&kept, number);
        }
        assert!(kept.watcher(&id(0)).is_some());
        ordered(&kept, ORDERED);
        assert!(kept.watcher(&id(0)).is_some() && kept.watcher(&id(1)).is_none());
        assert_eq!(kept.lock().ordered.kept.len(), ORDERED);
    }

    #[test]
    fn what_was_only_seen_takes_no_place_of_what_was_ordered() {
        let kept = Kept::new(0);
        ordered(&kept, 0);
        for number in 1..=ORDERED {
            assert!(kept.watch(&id(number), |_| nobody(), |_| false).is_err());
            kept.insert(id(number), nobody());
        }
        assert!(kept.watcher(&id(0)).is_some());
        assert!(kept.watcher(&id(ORDERED - SEEN)).is_none());
        assert!(kept.watcher(&id(ORDERED)).is_some());
        assert_eq!(kept.lock().seen.kept.len(), SEEN);
    }

    #[test]
    fn what_was_refused_takes_no_place_of_what_was_begun() {
        let kept = Kept::new(0);
        ordered(&kept, 0);
        for number in 1..=ORDERED {
            assert!(kept.reserve(&id(number)));
            kept.refuse(&id(number));
        }
        assert!(kept.watcher(&id(0)).is_some());
        assert!(kept.watcher(&id(ORDERED)).is_none() && !kept.reserve(&id(ORDERED)));
    }

    #[test]
    fn what_runs_is_kept_however_many_come_after_it() {
        let kept = Kept::new(1);
        let stage = Sender::new(Stage::Sending);
        assert!(kept.reserve(&id(0)));
        kept.insert(id(0), Watcher::of(&stage));
        for number in 1..2 * ORDERED {
            ordered(&kept, number);
        }
        assert!(kept.watcher(&id(0)).is_some());
        drop(stage);
        for number in 2 * ORDERED..4 * ORDERED {
            ordered(&kept, number);
        }
        assert!(kept.watcher(&id(0)).is_none());
    }

    #[test]
    fn what_was_not_heard_of_for_a_day_is_forgotten() {
        let (mut shelf, now) = (Shelf::of(3), Instant::now());
        shelf.put(id(1), Some(nobody()), now);
        shelf.put(id(2), None, now + RETENTION / 2);
        shelf.put(id(3), None, now + RETENTION);
        assert_eq!(shelf.kept.len(), 2);
        assert!(!shelf.kept.contains(&id(1)));
    }
}

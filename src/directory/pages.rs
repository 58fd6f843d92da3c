//! Pages that Graph gave out a moment ago, shared by all workers.

use std::{
    hash::{BuildHasher as _, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{Cursor, Error, Page};
use crate::{
    azure::{Department, UserQuery},
    config::PageSettings,
    task::{Flights, Joined, Landing},
};

/// How long Graph is not asked again for a page after it failed to give it out,
/// if there is an older one to go on with.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// What an entry takes beside its rows and its key.
const OVERHEAD: usize = 256;

/// How a page was come by.
pub(super) type Outcome = Result<Arc<Page>, Error>;

/// How old a page a caller puts up with; of no age, only a new one. `None` is as
/// old as the cache keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Freshness(Option<Duration>);

impl Freshness {
    /// Not older than `age`.
    pub(crate) const fn within(age: Duration) -> Self {
        Self(Some(age))
    }

    /// Whether something of `age` will do.
    pub(super) fn is_met_by(self, age: Duration) -> bool {
        self.0.is_none_or(|most| age < most)
    }
}

/// What a page is kept under: all that was asked for, and where in the listing. It is
/// looked up some six times for a page, and hashed once.
#[derive(Clone, Debug)]
pub(super) struct Key(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    query: UserQuery,
    cursor: Option<Cursor>,
    hash: u64,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let (this, other) = (&self.0, &other.0);
        Arc::ptr_eq(this, other) || (this.query == other.query && this.cursor == other.cursor)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl Key {
    /// That of the page of `query` at `cursor`; of the first one without.
    pub(super) fn new(query: UserQuery, cursor: Option<Cursor>) -> Self {
        // Its keys are random: nobody can choose departments that collide.
        static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let hash = HASHES.hash_one((&query, &cursor));
        Self(Arc::new(Asked {
            query,
            cursor,
            hash,
        }))
    }

    pub(super) fn query(&self) -> &UserQuery {
        &self.0.query
    }

    /// About what it takes on the heap.
    fn size(&self) -> usize {
        let departments = self.0.query.departments.iter();
        let link = match &self.0.cursor {
            Some(Cursor::Graph { link, .. }) => link.len(),
            Some(Cursor::Replica { .. }) | None => 0,
        };
        link + departments.map(Department::size).sum::<usize>()
    }
}

/// A page that is kept.
pub(super) enum Kept {
    /// Young enough for the cache as well.
    Fresh(Arc<Page>),
    /// For a caller to whom nothing better can be given.
    Stale(Arc<Page>),
}

/// The pages that are kept, and those that are being asked for.
#[derive(Clone)]
pub(crate) struct KnownPages(Arc<Inner>);

struct Inner {
    pages: Cache<Key, Arc<Page>>,
    failed: Cache<Key, ()>,
    flights: Flights<Key, Outcome>,
    settings: PageSettings,
}

impl KnownPages {
    /// No pages yet.
    pub(crate) fn new(settings: PageSettings) -> Self {
        let capacity = settings.capacity as u64;
        Self(Arc::new(Inner {
            pages: Cache::builder()
                .weigher(|key: &Key, page: &Arc<Page>| {
                    // Where it goes on is about as long as where it is.
                    let bytes = 2 * key.size() + page.document.len() + OVERHEAD;
                    u32::try_from(bytes).unwrap_or(u32::MAX)
                })
                .max_capacity(capacity)
                // By use, a page that is new would be turned away while there are older ones
                // that were asked for as often, which few are more than once.
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(settings.max_age + settings.stale_if_error)
                .build(),
            failed: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(LEFT_ALONE)
                .build(),
            flights: Flights::default(),
            settings,
        }))
    }

    /// The page at `key`, if it is young enough for the caller.
    pub(super) fn kept(&self, key: &Key, freshness: Freshness) -> Option<Kept> {
        let page = self.0.pages.get(key)?;
        let (age, settings) = (page.age(Instant::now()), &self.0.settings);
        if !freshness.is_met_by(age) {
            None
        } else if age < settings.max_age {
            Some(Kept::Fresh(page))
        } else {
            let is_good = age < settings.max_age + settings.stale_if_error;
            is_good.then_some(Kept::Stale(page))
        }
    }

    /// Whether Graph failed to give out the page at `key` a moment ago.
    pub(super) fn has_just_failed(&self, key: &Key) -> bool {
        self.0.failed.contains_key(key)
    }

    /// Joins those who ask for the page at `key`, or begins.
    pub(super) fn join(&self, key: &Key, freshness: Freshness) -> Joined<Key, Outcome> {
        let known = || match self.kept(key, freshness)? {
            Kept::Fresh(page) => Some(Ok(page)),
            Kept::Stale(_) => None,
        };
        self.0.flights.join(key, known)
    }

    /// Keeps the page at `key`, and hands `outcome` to everybody who waits for
    /// `landing`.
    pub(super) fn land(&self, key: Key, landing: Landing<Key, Outcome>, outcome: &Outcome) {
        match outcome {
            Ok(page) => self.0.pages.insert(key, Arc::clone(page)),
            // Who is refused what is there now has no right to what was there.
            Err(error) if !error.is_passing() => self.0.pages.invalidate(&key),
            // It is asked for only beside an older page.
            Err(_) if self.0.pages.contains_key(&key) => self.0.failed.insert(key, ()),
            Err(_) => {}
        }
        landing.land(outcome.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use actix_web::web::Bytes;

    use super::*;

    const NOW: Freshness = Freshness::within(Duration::ZERO);

    fn pages(max_age: u64, stale_if_error: u64, capacity: usize) -> KnownPages {
        KnownPages::new(PageSettings {
            max_age: Duration::from_secs(max_age),
            stale_if_error: Duration::from_secs(stale_if_error),
            capacity,
        })
    }

    fn key(department: &str) -> Key {
        Key::new(UserQuery::of(&[department], 10), None)
    }

    fn keep(pages: &KnownPages, department: &str, age: u64, size: usize) {
        let key = key(department);
        let read = Instant::now().checked_sub(Duration::from_secs(age));
        let page = Page {
            document: Bytes::from(vec![b' '; size]),
            next: None,
            tag: 0,
            read: read.unwrap(),
            as_of: SystemTime::now(),
        };
        let Joined::First(landing) = pages.join(&key, NOW) else {
            panic!("nobody asks");
        };
        pages.land(key, landing, &Ok(Arc::new(page)));
    }

    /// Whether the page of `k` is fresh, if there is one to be given.
    fn is_fresh(pages: &KnownPages, freshness: Freshness) -> Option<bool> {
        let kept = pages.kept(&key("k"), freshness)?;
        Some(matches!(kept, Kept::Fresh(_)))
    }

    #[test]
    fn a_page_is_fresh_then_stale_then_gone() {
        let pages = pages(30, 60, 1 << 20);
        let any = Freshness::default();
        for (age, expected) in [(0, Some(true)), (31, Some(false)), (91, None)] {
            keep(&pages, "k", age, 10);
            assert_eq!(is_fresh(&pages, any), expected, "{age}");
        }
    }

    #[test]
    fn a_caller_may_want_it_younger() {
        let pages = pages(30, 60, 1 << 20);
        keep(&pages, "k", 10, 10);
        for (freshness, expected) in [
            (Freshness::default(), Some(true)),
            (Freshness::within(Duration::from_secs(20)), Some(true)),
            (Freshness::within(Duration::from_secs(5)), None),
            (NOW, None),
        ] {
            assert_eq!(is_fresh(&pages, freshness), expected);
        }
    }

    #[test]
    fn pages_take_no_more_room_than_they_are_given() {
        let pages = pages(30, 60, 100_000);
        for number in 0..100 {
            keep(&pages, &number.to_string(), 0, 10_000);
        }
        pages.0.pages.run_pending_tasks();
        assert!(pages.0.pages.weighted_size() <= 100_000);
        assert!(pages.0.pages.entry_count() > 0);
        // The last one is no better known than those before, and is wanted now.
        assert!(pages.kept(&key("99"), Freshness::default()).is_some());
    }
}

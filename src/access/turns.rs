//! Whose tokens the API server reviews at the same time.

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::validated::Digest;

/// The API server is everybody's; no more than so many are asked of it at a time.
pub(super) const AT_ONCE: usize = 64;

/// So many of them are of tokens that it has not found good yet: anybody can make those
/// up, and callers who are known keep the rest.
const STRANGERS: usize = 48;

/// Tokens that are known: those that were last found good. What is past its end is refused
/// before.
const KNOWN: u64 = 10_000;

/// The turns of all workers.
pub(super) struct Turns {
    all: Semaphore,
    strangers: Semaphore,
    known: Cache<Digest, ()>,
}

/// A place among those whose tokens are reviewed, until it is dropped.
pub(super) struct Turn<'a>(
    #[expect(dead_code, reason = "they are there to be dropped")] [Option<SemaphorePermit<'a>>; 2],
);

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            all: Semaphore::new(AT_ONCE),
            strangers: Semaphore::new(STRANGERS),
            // By default what is new gives way where nothing tells how often it is used, and
            // nothing does: tokens that have long expired would keep all places.
            known: Cache::builder()
                .max_capacity(KNOWN)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        }
    }

    /// Resolves when it is `token`'s turn.
    pub(super) async fn take(&self, token: &Digest) -> Turn<'_> {
        // Before the one among all: who waits for it keeps nobody who is known waiting.
        let stranger = if self.known.contains_key(token) {
            None
        } else {
            self.strangers.acquire().await.ok()
        };
        Turn([stranger, self.all.acquire().await.ok()])
    }

    /// `token` has been found good.
    pub(super) fn know(&self, token: Digest) {
        self.known.insert(token, ());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn token(number: usize) -> Digest {
        Digest::of(&number.to_string())
    }

    #[test]
    fn strangers_leave_turns_to_those_who_are_known() {
        let turns = Turns::new();
        let take = |number| turns.take(&token(number)).now_or_never();
        let strangers: Vec<_> = (0..STRANGERS).map(take).collect();
        assert!(strangers.iter().all(Option::is_some));
        assert!(take(STRANGERS).is_none());

        let known = STRANGERS..=AT_ONCE;
        known.clone().for_each(|number| turns.know(token(number)));
        let mut taken: Vec<_> = known.map(take).collect();
        assert!(taken.pop().unwrap().is_none());
        assert!(taken.iter().all(Option::is_some));

        drop(strangers);
        assert!(take(AT_ONCE).is_some() && take(AT_ONCE + 1).is_some());
    }

    #[test]
    fn those_who_were_found_good_last_are_known() {
        let turns = Turns::new();
        let most = usize::try_from(KNOWN).unwrap();
        for number in 0..2 * most {
            turns.know(token(number));
        }
        turns.known.run_pending_tasks();
        let is_known = |number| turns.known.contains_key(&token(number));
        assert!((most..2 * most).all(is_known));
        assert!(!is_known(0));
    }
}

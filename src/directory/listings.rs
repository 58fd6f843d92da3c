//! How many whole listings are on their way at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Error;
use crate::http::CallerKey;

/// Of all callers: one that is read slowly, or not at all for a while, holds a page, and
/// what is written of it, some 0.5 MB.
pub(super) const AT_ONCE: usize = 32;

/// Of one caller; no single one keeps the others out.
pub(super) const OF_ONE: usize = 8;

/// The listings of all workers, each by whose it is.
#[derive(Clone, Default)]
pub(crate) struct Listings(Arc<Mutex<Vec<CallerKey>>>);

/// Room for one of them, until it is dropped.
pub(super) struct Room {
    listings: Listings,
    caller: CallerKey,
}

impl Listings {
    /// Room for one more of `caller`'s.
    pub(super) fn room(&self, caller: CallerKey) -> Result<Room, Error> {
        let mut callers = self.callers();
        let own = callers.iter().filter(|it| **it == caller).count();
        if own >= OF_ONE || callers.len() >= AT_ONCE {
            return Err(Error::Crowded);
        }
        callers.push(caller);
        Ok(Room {
            listings: self.clone(),
            caller,
        })
    }

    fn callers(&self) -> MutexGuard<'_, Vec<CallerKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut callers = self.listings.callers();
        if let Some(own) = callers.iter().position(|it| *it == self.caller) {
            callers.swap_remove(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_share_and_all_have_no_more_than_there_is() {
        let listings = Listings::default();
        let room = |caller| listings.room(CallerKey(caller)).ok();
        let callers = (1..=4).flat_map(|caller| [caller; OF_ONE]);
        let mut taken: Vec<_> = callers.map(room).collect();
        assert!(taken.iter().all(Option::is_some));
        assert!(room(9).is_none());
        taken.pop();
        assert!(room(1).is_none());
        assert!(room(9).is_some());
    }
}

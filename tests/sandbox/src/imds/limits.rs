//! What a node's identity endpoint bears: 20 requests a second, five at a time.
//!
//! Source: "Azure Instance Metadata Service", rate limiting.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What all programs of one node share.
#[derive(Default)]
pub(crate) struct NodeLimits(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    arrivals: VecDeque<Instant>,
    under_way: usize,
}

impl NodeLimits {
    const A_SECOND: usize = 20;
    const AT_A_TIME: usize = 5;

    /// A place for one more request, if there is one.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let now = Instant::now();
        let mut recent = self.recent();
        let is_old = |arrival: &Instant| now.duration_since(*arrival) >= Duration::from_secs(1);
        while recent.arrivals.front().is_some_and(is_old) {
            recent.arrivals.pop_front();
        }
        if recent.arrivals.len() >= Self::A_SECOND || recent.under_way >= Self::AT_A_TIME {
            return None;
        }
        recent.arrivals.push_back(now);
        recent.under_way += 1;
        Some(Place(self))
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request at the node's identity endpoint.
pub(crate) struct Place<'a>(&'a NodeLimits);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.recent().under_way -= 1;
    }
}

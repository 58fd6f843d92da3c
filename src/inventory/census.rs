//! How many virtual machines there are in each power state, counted while whole
//! listings pass by.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{Cursor, Listing};
use crate::{
    azure::{ListedMachine, PowerState},
    metrics::{Metrics, VmCount},
};

/// A listing whose next page nobody has asked for by then is not waited for: what was
/// on its first pages is no longer so.
const PATIENCE: Duration = Duration::from_mins(5);

/// Listings that have begun and not ended; the oldest are given up first.
const CAPACITY: u64 = 1_000;

/// Shared by all workers.
#[derive(Clone)]
pub(crate) struct Census {
    /// What the pages before a cursor had.
    begun: Cache<Cursor, Count>,
    metrics: Metrics,
}

#[derive(Clone)]
struct Count {
    since: Instant,
    machines: BTreeMap<PowerState, usize>,
}

impl Census {
    /// Nothing is counted yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            begun: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(PATIENCE)
                // By itself it would turn a new one away for old ones that were asked for once.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            metrics,
        }
    }

    /// Counts a page of `listing`, asked for at `asked`, if it is one of everything
    /// that is served: the page at `cursor`, with `next` after it. The page is as Azure
    /// gave it, and not yet what one caller may see.
    pub(super) fn page(
        &self,
        listing: &Listing,
        asked: Instant,
        (cursor, next): (Option<&Cursor>, Option<&Cursor>),
        machines: &[ListedMachine],
    ) {
        if !listing.is_whole() {
            return;
        }
        let before = match cursor {
            None => Some(Count::since(asked)),
            // Another replica may have given out the pages before, or nobody did; and
            // of two listings with the same cursor the later is counted.
            Some(cursor) => self.begun.get(cursor).filter(|it| it.since <= asked),
        };
        let Some(mut count) = before else { return };
        for machine in machines {
            *count.machines.entry(machine.power_state).or_default() += 1;
        }
        match next {
            Some(next) => self.begun.insert(next.clone(), count),
            None => self.metrics.vms_listed(count.since, count.told()),
        }
    }
}

impl Count {
    fn since(since: Instant) -> Self {
        Self {
            since,
            machines: BTreeMap::new(),
        }
    }

    /// Every power state, also those that no machine is in.
    fn told(&self) -> impl Iterator<Item = VmCount> {
        PowerState::ALL.into_iter().map(|state| VmCount {
            power_state: state.as_str(),
            billed: state.is_billed(),
            count: self.machines.get(&state).copied().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn cursor(number: u64) -> Cursor {
        let text = URL_SAFE_NO_PAD.encode(format!("01234567{number}"));
        text.parse().unwrap()
    }

    #[test]
    fn the_oldest_listing_is_given_up_for_a_new_one() {
        let (census, listing) = (Census::new(Metrics::new().unwrap()), Listing::default());
        let page = |at: Option<&Cursor>, next: Option<&Cursor>| {
            census.page(&listing, Instant::now(), (at, next), &[]);
        };
        for at in (0..CAPACITY).map(cursor) {
            page(None, Some(&at));
            page(Some(&at), None);
        }
        let new = cursor(CAPACITY);
        page(None, Some(&new));
        census.begun.run_pending_tasks();
        assert!(census.begun.contains_key(&new));
        assert!(!census.begun.contains_key(&cursor(0)));
    }
}

//! How many calls may be made again, of all workers together.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Calls for each of which one may be made again.
const CALLS: u32 = 10;

/// Calls that may be made again before others were made.
const SAVED: u32 = 20;

/// One call in ten may be made again, beside a few that are saved up: an upstream that
/// fails for everybody is not asked three times as often for it.
#[derive(Clone, Debug)]
pub(crate) struct RetryBudget(Arc<AtomicU32>);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(SAVED * CALLS)))
    }
}

impl RetryBudget {
    /// A call is made for the first time.
    pub(super) fn earn(&self) {
        self.change(|balance| (balance < SAVED * CALLS).then_some(balance + 1));
    }

    /// Whether a call may be made again; it is counted.
    pub(super) fn spend(&self) -> bool {
        self.change(|balance| balance.checked_sub(CALLS))
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        let order = Ordering::Relaxed;
        self.0.fetch_update(order, order, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(budget: &RetryBudget) -> usize {
        let again = std::iter::repeat_with(|| budget.spend()).take_while(|may| *may);
        again.take(1_000).count()
    }

    #[test]
    fn one_call_in_ten_is_made_again_beside_those_saved() {
        let budget = RetryBudget::default();
        assert_eq!(saved(&budget), 20);
        let again = (0..1_000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert_eq!(again.count(), 100);
    }

    #[test]
    fn no_more_than_a_few_are_saved() {
        let budget = RetryBudget::default();
        (0..10_000).for_each(|_| budget.earn());
        assert_eq!(saved(&budget), 20);
    }
}

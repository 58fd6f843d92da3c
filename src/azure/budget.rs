//! How often Azure may be asked in the background, by subscription.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::Semaphore;

/// Resource Manager gives a principal 250 reads of a subscription at once, and
/// 25 a second after that. Background work takes at most 20 a second, so that
/// it alone never uses up what flows back.
///
/// Source: "Understand how Azure Resource Manager throttles requests".
const SPACING: Duration = Duration::from_millis(50);

/// Reads left, and how much rarer background work becomes below that. What is
/// left is for callers.
const THRESHOLDS: [(u32, u32); 3] = [(25, 20), (75, 4), (125, 2)];

/// A subscription is asked again at least so often, however long Azure would be
/// left alone: its quotas are counted by the hour at most.
///
/// Source: "Understand how Azure Resource Manager throttles requests".
const LONGEST_REST: Duration = Duration::from_hours(1);

/// The budgets of all subscriptions, shared by all workers.
#[derive(Clone, Default)]
pub(crate) struct Budgets(Arc<Mutex<HashMap<String, Arc<Budget>>>>);

/// A turnstile, and when it opens.
struct Budget {
    /// Whoever is at the head of the queue, which is fair and may be left.
    head: Semaphore,
    pace: Mutex<Pace>,
}

/// When background calls may be made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    last: Option<Instant>,
    reads_left: Option<u32>,
    rests_until: Option<Instant>,
}

impl Budgets {
    /// Waits for the turn to make a background call for `subscription_id`.
    pub(super) async fn turn(&self, subscription_id: &str) {
        let budget = self.of(subscription_id);
        // Never closed: an error would let a call pass, which is no harm.
        let _head = budget.head.acquire().await;
        loop {
            let now = Instant::now();
            let pause = budget.pace().pause(now);
            if pause.is_zero() {
                return budget.pace().taken(now);
            }
            time::sleep(pause).await;
        }
    }

    /// Notes what Azure says is left of a subscription's reads.
    pub(super) fn learn(&self, subscription_id: &str, reads_left: u32) {
        self.of(subscription_id).pace().learn(reads_left);
    }

    /// No background call for `subscription_id` for so long: Azure throttles it.
    pub(super) fn rest(&self, subscription_id: &str, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST_REST);
        self.of(subscription_id).pace().rest(until);
    }

    fn of(&self, subscription_id: &str) -> Arc<Budget> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = subscription_id.to_ascii_lowercase();
        Arc::clone(budgets.entry(key).or_insert_with(|| {
            Arc::new(Budget {
                head: Semaphore::new(1),
                pace: Mutex::default(),
            })
        }))
    }
}

impl Budget {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    /// How long the next background call has to wait, as far as is known now.
    pub(crate) fn pause(&self, now: Instant) -> Duration {
        let next = self.last.map(|last| last + self.spacing());
        let opens = next.max(self.rests_until).unwrap_or(now);
        opens.saturating_duration_since(now)
    }

    /// A background call is made.
    pub(crate) fn taken(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Azure says what is left.
    pub(crate) fn learn(&mut self, reads_left: u32) {
        self.reads_left = Some(reads_left);
    }

    fn rest(&mut self, until: Instant) {
        self.rests_until = self.rests_until.max(Some(until));
    }

    fn spacing(&self) -> Duration {
        let left = self.reads_left.unwrap_or(u32::MAX);
        let scarce = THRESHOLDS.iter().find(|(threshold, _)| left < *threshold);
        SPACING * scarce.map_or(1, |(_, times)| *times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spaced_the_more_the_less_is_left() {
        for (left, times) in [(249, 1), (124, 2), (74, 4), (24, 20), (0, 20)] {
            let (mut pace, now) = (Pace::default(), Instant::now());
            assert_eq!(pace.pause(now), Duration::ZERO);
            pace.taken(now);
            pace.learn(left);
            assert_eq!(pace.pause(now), SPACING * times, "{left} left");
        }
    }

    #[test]
    fn what_is_learnt_while_waiting_counts() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.taken(now);
        assert_eq!(pace.pause(now + SPACING), Duration::ZERO);
        pace.learn(0);
        assert_eq!(pace.pause(now + SPACING), SPACING * 19);
    }

    #[test]
    fn a_throttled_subscription_is_left_alone() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let six = Duration::from_secs(6);
        pace.rest(now + six);
        pace.rest(now + Duration::from_secs(1));
        assert_eq!(pace.pause(now), six);
        assert_eq!(pace.pause(now + six), Duration::ZERO);
    }

    #[test]
    fn no_subscription_is_left_alone_for_ever() {
        let budgets = Budgets::default();
        budgets.rest("a", Duration::from_secs(u64::MAX));
        let pause = budgets.of("a").pace().pause(Instant::now());
        assert!(pause <= Duration::from_hours(1), "{pause:?}");
    }

    #[actix_web::test]
    async fn subscriptions_do_not_wait_for_each_other_and_who_leaves_holds_up_nobody() {
        let budgets = Budgets::default();
        budgets.rest("A", Duration::from_hours(1));
        let left = time::timeout(Duration::from_millis(1), budgets.turn("a")).await;
        assert!(left.is_err());
        budgets.turn("b").await;
        assert_eq!(budgets.of("a").head.available_permits(), 1);
    }
}

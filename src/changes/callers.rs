//! How often each caller may have something, such as a change: a bucket that is full at
//! first and filled all the time, so that in the first of them there may be nearly twice as
//! many.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
};
use lru::LruCache;

use super::{Exceeded, Left};
use crate::config::Rate;

pub(super) const NAME: &str = "caller";

/// Of each caller, so many in a time. One takes some 300 bytes.
pub(crate) struct CallerLimit {
    rate: Rate,
    /// More callers are never told apart; the bucket longest not taken from goes first.
    most_callers: usize,
    quota: Quota,
    buckets: Mutex<LruCache<String, Bucket>>,
}

struct Bucket {
    left: DefaultDirectRateLimiter<StateInformationMiddleware>,
    taken: Instant,
}

impl CallerLimit {
    /// Nobody has had any yet.
    pub(crate) fn new(rate: Rate, most_callers: usize) -> Self {
        let pause = rate.per / rate.most.get();
        let quota = Quota::with_period(pause.max(Duration::from_millis(1)));
        let quota = quota.unwrap_or(Quota::per_second(rate.most));
        Self {
            rate,
            most_callers,
            quota: quota.allow_burst(rate.most),
            buckets: Mutex::new(LruCache::unbounded()),
        }
    }

    /// One more for `caller`, or that there are none left.
    pub(crate) fn take(&self, caller: &str, now: Instant) -> Result<Left, Exceeded> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut buckets, now);
        let bucket = buckets.get_or_insert_mut_ref(caller, || self.full());
        bucket.taken = now;
        let left = |remaining, reset| Left {
            name: NAME,
            rate: self.rate,
            remaining,
            reset,
        };
        match bucket.left.check() {
            Ok(state) => {
                let pause = self.rate.per / self.rate.most.get();
                Ok(left(state.remaining_burst_capacity(), pause))
            }
            Err(early) => {
                let wait = early.wait_time_from(DefaultClock::default().now());
                Err(Exceeded(left(0, wait)))
            }
        }
    }

    fn full(&self) -> Bucket {
        Bucket {
            left: RateLimiter::direct(self.quota).with_middleware(),
            taken: Instant::now(),
        }
    }

    /// Forgets those whose buckets are full again, and who are too many for one more.
    fn make_room(&self, buckets: &mut LruCache<String, Bucket>, now: Instant) {
        while let Some((_, oldest)) = buckets.peek_lru() {
            let is_full = now.saturating_duration_since(oldest.taken) > self.rate.per;
            if !is_full && buckets.len() < self.most_callers {
                return;
            }
            buckets.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const MOST: usize = 1_000;

    fn three_an_hour() -> CallerLimit {
        let rate = Rate {
            most: NonZeroU32::new(3).unwrap(),
            per: Duration::from_hours(1),
        };
        CallerLimit::new(rate, MOST)
    }

    fn count(limit: &CallerLimit) -> usize {
        limit.buckets.lock().unwrap().len()
    }

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        let (limit, now) = (three_an_hour(), Instant::now());
        let take = |who: &str| limit.take(who, now);

        let left: Vec<_> = (0..3).map(|_| take("a").unwrap().remaining).collect();

        assert_eq!(left, [2, 1, 0]);
        let Exceeded(refused) = take("a").unwrap_err();
        assert_eq!(refused.remaining, 0);
        let twenty = Duration::from_mins(20);
        assert!(refused.reset <= twenty && refused.reset > twenty / 2);
        assert_eq!(take("b").unwrap().remaining, 2);
    }

    #[test]
    fn whose_bucket_is_full_again_is_forgotten() {
        let (limit, now) = (three_an_hour(), Instant::now());
        limit.take("a", now).unwrap();
        limit.take("b", now + Duration::from_mins(30)).unwrap();
        limit.take("c", now + Duration::from_mins(61)).unwrap();
        assert_eq!(count(&limit), 2);
        limit.take("c", now + Duration::from_hours(3)).unwrap();
        assert_eq!(count(&limit), 1);
    }

    #[test]
    fn callers_are_not_told_apart_without_end() {
        let (limit, now) = (three_an_hour(), Instant::now());
        for number in 0..=MOST {
            limit.take(&number.to_string(), now).unwrap();
        }
        assert_eq!(count(&limit), MOST);
        assert_eq!(limit.take(&MOST.to_string(), now).unwrap().remaining, 1);
    }
}

//! How many changes each caller may order: a bucket that is full at first and filled all
//! the time, so that in the first of them there may be nearly twice as many.

use std::time::Duration;

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
};

use super::{Exceeded, Left};
use crate::config::Rate;

pub(super) const NAME: &str = "caller";

/// Callers whose buckets are full again are forgotten from so many on.
const MANY: usize = 10_000;

pub(super) struct CallerLimit {
    rate: Rate,
    buckets: DefaultKeyedRateLimiter<String, StateInformationMiddleware>,
}

impl CallerLimit {
    pub(super) fn new(rate: Rate) -> Self {
        let pause = rate.per / rate.most.get();
        let quota = Quota::with_period(pause.max(Duration::from_millis(1)));
        let quota = quota.unwrap_or(Quota::per_second(rate.most));
        let buckets = RateLimiter::keyed(quota.allow_burst(rate.most));
        Self {
            rate,
            buckets: buckets.with_middleware(),
        }
    }

    pub(super) fn take(&self, caller: &str) -> Result<Left, Exceeded> {
        if self.buckets.len() > MANY {
            self.buckets.retain_recent();
        }
        let left = |remaining, reset| Left {
            name: NAME,
            rate: self.rate,
            remaining,
            reset,
        };
        match self.buckets.check_key(&caller.to_owned()) {
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
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        let limit = CallerLimit::new(Rate {
            most: NonZeroU32::new(3).unwrap(),
            per: Duration::from_hours(1),
        });
        let take = |who: &str| limit.take(who);

        let left: Vec<_> = (0..3).map(|_| take("a").unwrap().remaining).collect();

        assert_eq!(left, [2, 1, 0]);
        let Exceeded(refused) = take("a").unwrap_err();
        assert_eq!(refused.remaining, 0);
        let twenty = Duration::from_mins(20);
        assert!(refused.reset <= twenty && refused.reset > twenty / 2);
        assert_eq!(take("b").unwrap().remaining, 2);
    }
}

//! One bucket of requests.

use std::time::{Duration, Instant};

/// How much a bucket holds, and how it is refilled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    burst: u32,
    refill: Refill,
    /// How much one request takes.
    cost: u32,
}

#[derive(Clone, Copy, Debug)]
enum Refill {
    /// So many each second, a fraction at a time.
    EachSecond(u32),
    /// So many at once when a minute is over.
    EachMinute(u32),
}

#[derive(Debug)]
pub(super) struct Bucket {
    /// Requests, and fractions of one.
    left: f64,
    refilled: Instant,
}

const MINUTE: Duration = Duration::from_mins(1);

impl Limit {
    pub(super) fn each_second(burst: u32, refill: u32) -> Self {
        Self::new(burst, Refill::EachSecond(refill))
    }

    pub(super) fn each_minute(burst: u32, refill: u32) -> Self {
        Self::new(burst, Refill::EachMinute(refill))
    }

    fn new(burst: u32, refill: Refill) -> Self {
        Self {
            burst,
            refill,
            cost: 1,
        }
    }

    /// The same for requests of which each takes `cost`.
    pub(super) fn costing(self, cost: u32) -> Self {
        Self { cost, ..self }
    }

    pub(super) fn refill(self) -> u32 {
        match self.refill {
            Refill::EachSecond(each) | Refill::EachMinute(each) => each,
        }
    }

    pub(super) fn full(self, now: Instant) -> Bucket {
        Bucket {
            left: f64::from(self.burst),
            refilled: now,
        }
    }
}

impl Bucket {
    pub(super) fn refill(&mut self, limit: Limit, now: Instant) {
        let since = now.duration_since(self.refilled);
        let (come_back, refilled) = match limit.refill {
            Refill::EachSecond(each) => (since.as_secs_f64() * f64::from(each), now),
            Refill::EachMinute(each) => {
                let minutes = u32::try_from(since.as_secs() / 60).unwrap_or(u32::MAX);
                (
                    f64::from(minutes) * f64::from(each),
                    self.refilled + MINUTE * minutes,
                )
            }
        };
        self.left = (self.left + come_back).min(f64::from(limit.burst));
        self.refilled = refilled;
    }

    /// Whole seconds until there is enough for a request, where there is not.
    pub(super) fn wait(&self, limit: Limit, now: Instant) -> Option<u64> {
        let missing = f64::from(limit.cost) - self.left;
        let wait = match limit.refill {
            _ if missing <= 0.0 => return None,
            Refill::EachSecond(each) => Duration::from_secs_f64(missing / f64::from(each)),
            Refill::EachMinute(_) => MINUTE.saturating_sub(now.duration_since(self.refilled)),
        };
        let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Some(whole.max(1))
    }

    pub(super) fn take(&mut self, limit: Limit) {
        self.left -= f64::from(limit.cost);
    }

    /// Whole requests.
    pub(super) fn left(&self) -> u32 {
        // Never below none, nor above the burst, which is a u32.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the fraction is meant to go, and the value is within a burst"
        )]
        let whole = self.left.max(0.0) as u32;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_of_a_second_refills_all_the_time() {
        let (limit, now) = (Limit::each_second(200, 10), Instant::now());
        let mut bucket = emptied(limit, now);
        assert_eq!(bucket.wait(limit, now), Some(1));

        bucket.refill(limit, now + Duration::from_millis(350));
        assert_eq!(bucket.left(), 3);
    }

    #[test]
    fn a_bucket_of_a_minute_refills_at_once() {
        let (limit, now) = (Limit::each_minute(12, 4), Instant::now());
        let mut bucket = emptied(limit, now);
        assert_eq!(bucket.wait(limit, now + Duration::from_secs(20)), Some(40));

        bucket.refill(limit, now + Duration::from_secs(59));
        assert_eq!(bucket.left(), 0);
        bucket.refill(limit, now + Duration::from_secs(61));
        assert_eq!(bucket.left(), 4);
        bucket.refill(limit, now + Duration::from_secs(119));
        assert_eq!(bucket.left(), 4);
        bucket.refill(limit, now + Duration::from_mins(10));
        assert_eq!(bucket.left(), 12);
    }

    #[test]
    fn a_request_that_costs_two_is_not_paid_with_one() {
        let (limit, now) = (Limit::each_minute(3, 1).costing(2), Instant::now());
        let mut bucket = limit.full(now);
        assert_eq!(bucket.wait(limit, now), None);
        bucket.take(limit);
        assert_eq!((bucket.left(), bucket.wait(limit, now)), (1, Some(60)));
    }

    fn emptied(limit: Limit, now: Instant) -> Bucket {
        let mut bucket = limit.full(now);
        while bucket.wait(limit, now).is_none() {
            bucket.take(limit);
        }
        bucket
    }
}

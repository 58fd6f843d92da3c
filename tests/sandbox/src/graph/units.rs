//! Resource units: what a request costs, and what an application has used.
//!
//! Source: "Microsoft Graph service-specific throttling limits", identity and
//! access: a token bucket for each application in a tenant.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::query::Query;

/// Of a tenant of more than 500 users.
const UNITS: u32 = 8_000;
const WINDOW: Duration = Duration::from_secs(10);

/// From this share on it is told, and requests of low priority are refused.
const NEARLY_USED: f64 = 0.8;

/// The highest share that is told, and counted.
const MOST_USED: f64 = 1.8;

/// How much of Graph's bucket each application has used, by client id.
pub(super) struct Units {
    each_window: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    used: f64,
    at: Instant,
}

/// `x-ms-throttle-priority`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    Low,
    /// Normal or high, which differ only between themselves.
    Other,
}

/// What came of taking units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Charge {
    pub(super) cost: u32,
    /// Whole seconds, where there were too few.
    pub(super) retry_after: Option<u64>,
    /// How much of the bucket is used, where that is told.
    pub(super) share: Option<f64>,
}

/// A list of users costs two units, every other request one; `$select` and fewer
/// than 20 users cost one less, `$expand` one more. Nothing is free.
pub(super) fn cost(path: &[&str], query: &Query) -> u32 {
    let base = if path == ["v1.0", "users"] { 2 } else { 1 };
    let top: Option<u32> = query.get("$top").and_then(|top| top.parse().ok());
    let more = u32::from(query.get("$expand").is_some());
    let less = u32::from(query.get("$select").is_some()) + u32::from(top.is_some_and(|it| it < 20));
    (base + more).saturating_sub(less).max(1)
}

impl Priority {
    pub(super) fn of(header: Option<&str>) -> Self {
        match header {
            Some(text) if text.eq_ignore_ascii_case("low") => Self::Low,
            _ => Self::Other,
        }
    }
}

impl Units {
    pub(super) fn new(each_window: Option<u32>) -> Self {
        Self {
            each_window: each_window.unwrap_or(UNITS),
            buckets: Mutex::default(),
        }
    }

    /// Takes `cost` of what `application` has.
    pub(super) fn charge(
        &self,
        application: &str,
        cost: u32,
        priority: Priority,
        now: Instant,
    ) -> Charge {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry(application.to_owned())
            .or_insert(Bucket { used: 0.0, at: now });
        bucket.charge(self.each_window, cost, priority, now)
    }
}

impl Bucket {
    /// What is refused is counted all the same: "all requests accrue against your
    /// usage limits" ("Microsoft Graph throttling guidance"). But for what is
    /// refused for its low priority, which would else use up what is kept for
    /// others; that is an assumption.
    fn charge(&mut self, size: u32, cost: u32, priority: Priority, now: Instant) -> Charge {
        let (size, taken) = (f64::from(size), f64::from(cost));
        let each_second = size / WINDOW.as_secs_f64();
        let comes_back = now.duration_since(self.at).as_secs_f64() * each_second;
        (self.used, self.at) = ((self.used - comes_back).max(0.0), now);

        let limit = match priority {
            Priority::Low => size * NEARLY_USED,
            Priority::Other => size,
        };
        let is_refused = self.used + taken > limit;
        if priority == Priority::Other || !is_refused {
            self.used = (self.used + taken).min(size * MOST_USED);
        }
        let wait = (self.used + taken - limit) / each_second;
        let share = self.used / size;
        Charge {
            cost,
            retry_after: is_refused.then(|| whole_seconds(wait)),
            share: (share > NEARLY_USED).then_some(share),
        }
    }
}

/// At least one.
fn whole_seconds(wait: f64) -> u64 {
    let wait = Duration::try_from_secs_f64(wait).unwrap_or_default();
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    whole.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_costs_by_its_path_and_its_options() {
        for (path, query, units) in [
            (&["v1.0", "users"][..], "", 2),
            (&["v1.0", "users"][..], "$top=20", 2),
            (&["v1.0", "users"][..], "$top=19", 1),
            (&["v1.0", "users"][..], "$select=id", 1),
            (&["v1.0", "users"][..], "$select=id&$top=1", 1),
            (&["v1.0", "users"][..], "$expand=manager", 3),
            (&["v1.0", "users"][..], "$expand=manager&$select=id", 2),
            (&["v1.0", "users", "delta"][..], "", 1),
            (&["v1.0", "users", "delta"][..], "$select=id", 1),
            (&["v1.0", "users", "$count"][..], "", 1),
        ] {
            assert_eq!(cost(path, &Query::parse(query)), units, "{path:?}?{query}");
        }
    }

    #[test]
    fn a_bucket_that_is_used_up_refills_within_ten_seconds() {
        let now = Instant::now();
        let mut bucket = used(100.0, now);

        let refused = bucket.charge(100, 1, Priority::Other, now);
        let later = bucket.charge(100, 1, Priority::Other, now + Duration::from_secs(10));

        assert_eq!(refused.retry_after, Some(1));
        assert_eq!((later.retry_after, later.share), (None, None));
    }

    #[test]
    fn refused_requests_count_up_to_what_is_told() {
        let now = Instant::now();
        let mut bucket = used(100.0, now);

        let charges: Vec<_> = (0..100)
            .map(|_| bucket.charge(100, 2, Priority::Other, now))
            .collect();

        assert_eq!(charges[0].share, Some(1.02));
        assert_eq!(charges[99].share, Some(1.8));
        assert_eq!(charges[99].retry_after, Some(9));
    }

    #[test]
    fn who_waits_as_long_as_is_told_is_served() {
        let now = Instant::now();
        let mut bucket = used(163.0, now);

        let wait = bucket.charge(100, 2, Priority::Other, now).retry_after;
        let again = now + Duration::from_secs(wait.unwrap());

        assert_eq!(wait, Some(7));
        assert_eq!(
            bucket.charge(100, 2, Priority::Other, again).retry_after,
            None
        );
    }

    #[test]
    fn low_priority_is_refused_first_and_takes_nothing_then() {
        let now = Instant::now();
        let mut bucket = used(80.0, now);

        let low = bucket.charge(100, 1, Priority::Low, now);
        let other = bucket.charge(100, 1, Priority::Other, now);

        assert_eq!((low.retry_after, low.share), (Some(1), None));
        assert_eq!((other.retry_after, other.share), (None, Some(0.81)));
    }

    #[test]
    fn a_share_is_told_from_beyond_four_fifths() {
        let now = Instant::now();
        let mut bucket = used(79.0, now);

        let shares = [(); 2].map(|()| bucket.charge(100, 1, Priority::Other, now).share);

        assert_eq!(shares, [None, Some(0.81)]);
    }

    fn used(used: f64, at: Instant) -> Bucket {
        Bucket { used, at }
    }
}

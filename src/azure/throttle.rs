//! When Graph may be asked, as its own answers have it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::http::StatusCode;

use super::graph::Priority;

/// The time over which Graph counts the reads of an application in a tenant.
///
/// Source: "Microsoft Graph service-specific throttling limits", identity and
/// access.
const WINDOW: Duration = Duration::from_secs(10);

/// From this share of the limit on, what can wait does.
///
/// Source: "Microsoft Graph throttling guidance": the share comes from 0.8 on,
/// and reaches 1.8.
const PRESSING: f64 = 0.8;

const MOST_PRESSING: f64 = 1.8;

/// The first pause where Graph does not say how long, and the longest.
const SHORTEST: Duration = Duration::from_secs(1);

const LONGEST: Duration = Duration::from_mins(1);

/// Graph is asked again at least so often, whatever it says: of its limits on
/// reads and writes of users none is counted over a longer time.
///
/// Source: as for `WINDOW`.
pub(crate) const LONGEST_GRAPH_PAUSE: Duration = Duration::from_mins(5);

/// What all workers know of how Graph throttles us.
#[derive(Clone)]
pub(crate) struct Throttle(Arc<Inner>);

struct Inner {
    born: Instant,
    /// Nothing is asked before; in nanoseconds after `born`.
    opens: AtomicU64,
    /// The status of the refusal that named this moment.
    closed_by: AtomicU16,
    /// Nothing is asked before that can wait; counted in the same way.
    eases: AtomicU64,
    /// Refusals in a row that did not say for how long.
    untold: AtomicU32,
}

impl Throttle {
    /// Graph has said nothing yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self(Arc::new(Inner {
            born: now,
            opens: AtomicU64::new(0),
            closed_by: AtomicU16::new(StatusCode::TOO_MANY_REQUESTS.as_u16()),
            eases: AtomicU64::new(0),
            untold: AtomicU32::new(0),
        }))
    }

    /// How long a call has to wait, as far as is known now.
    pub(super) fn pause(&self, priority: Priority, now: Instant) -> Duration {
        let opens = self.until(&self.0.opens, now);
        match priority {
            Priority::Normal => opens,
            Priority::Low => opens.max(self.until(&self.0.eases, now)),
        }
    }

    /// How Graph refused what closed it: throttling is not an outage.
    pub(super) fn closed_by(&self) -> StatusCode {
        let status = self.0.closed_by.load(Ordering::Relaxed);
        StatusCode::from_u16(status).unwrap_or(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Graph has answered, and said that `used` of its limit is used.
    pub(super) fn answered(&self, used: Option<f64>, now: Instant) {
        if let Some(used) = used.filter(|used| *used >= PRESSING) {
            let pause = WINDOW.mul_f64(used.clamp(1.0, MOST_PRESSING));
            self.extend(&self.0.eases, pause, now);
        }
        // An answer to what was asked before says nothing of what is asked now.
        if self.until(&self.0.opens, now).is_zero() {
            self.0.untold.store(0, Ordering::Relaxed);
        }
    }

    /// Graph has refused with `status`, and may have said for how long: nobody asks
    /// before what is returned has passed. `spread` is within 0 to 1.
    pub(super) fn refused(
        &self,
        status: StatusCode,
        asked: Option<Duration>,
        spread: f64,
        now: Instant,
    ) -> Duration {
        match asked.filter(|pause| !pause.is_zero()) {
            Some(pause) => self.close(status, pause.min(LONGEST_GRAPH_PAUSE), now),
            // One refusal, however many calls were under way.
            None if self.until(&self.0.opens, now).is_zero() => {
                let before = self.0.untold.fetch_add(1, Ordering::Relaxed);
                self.close(status, backoff(before, spread), now);
            }
            None => {}
        }
        let opens = self.until(&self.0.opens, now);
        // Callers first.
        self.extend(&self.0.eases, opens + WINDOW, now);
        opens
    }

    fn until(&self, moment: &AtomicU64, now: Instant) -> Duration {
        match moment.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            nanos => Duration::from_nanos(nanos).saturating_sub(self.age(now)),
        }
    }

    /// The refusal that closes it for longest is the one that is told.
    fn close(&self, status: StatusCode, pause: Duration, now: Instant) {
        if self.extend(&self.0.opens, pause, now) {
            self.0.closed_by.store(status.as_u16(), Ordering::Relaxed);
        }
    }

    /// Whether that is later than before.
    fn extend(&self, moment: &AtomicU64, pause: Duration, now: Instant) -> bool {
        let nanos = (self.age(now) + pause).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        moment.fetch_max(nanos, Ordering::Relaxed) < nanos
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0.born)
    }
}

/// A random pause below a ceiling that doubles.
fn backoff(before: u32, spread: f64) -> Duration {
    let ceiling = (SHORTEST * 2).saturating_mul(2_u32.saturating_pow(before));
    let reach = ceiling.min(LONGEST).saturating_sub(SHORTEST);
    SHORTEST + reach.mul_f64(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const THROTTLED: StatusCode = StatusCode::TOO_MANY_REQUESTS;

    const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

    fn open() -> (Throttle, Instant) {
        let now = Instant::now();
        (Throttle::new(now), now)
    }

    #[test]
    fn nobody_asks_before_the_time_that_graph_named() {
        let (throttle, now) = open();
        assert_eq!(throttle.pause(Priority::Low, now), Duration::ZERO);
        let pause = throttle.refused(AWAY, Some(7 * SECOND), 0.0, now);
        assert_eq!(pause, 7 * SECOND);
        // A shorter pause does not shorten a longer one, and is not what closes it.
        throttle.refused(THROTTLED, Some(SECOND), 0.0, now);
        assert_eq!(throttle.pause(Priority::Normal, now), 7 * SECOND);
        assert_eq!(throttle.closed_by(), AWAY);
        let then = now + 7 * SECOND;
        assert_eq!(throttle.pause(Priority::Normal, then), Duration::ZERO);
        assert_eq!(throttle.pause(Priority::Low, then), WINDOW);
    }

    #[test]
    fn graph_is_not_left_alone_for_ever() {
        let (throttle, now) = open();
        let day = Duration::from_hours(24);
        let pause = throttle.refused(THROTTLED, Some(day), 0.0, now);
        assert_eq!(pause, LONGEST_GRAPH_PAUSE);
    }

    #[test]
    fn without_a_named_time_pauses_grow_to_a_minute_until_a_success() {
        let (throttle, mut now) = open();
        let mut pauses = Vec::new();
        let refused = |asked, spread, now| throttle.refused(THROTTLED, asked, spread, now);
        for _ in 0..9 {
            let pause = refused(None, 1.0, now);
            // The others that were under way do not count.
            assert_eq!(refused(Some(Duration::ZERO), 1.0, now), pause);
            throttle.answered(None, now);
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60, 60, 60]);
        throttle.answered(None, now);
        assert_eq!(refused(None, 0.0, now), SECOND);
    }

    #[test]
    fn what_can_wait_does_from_four_fifths_of_the_limit_on() {
        let (throttle, now) = open();
        throttle.answered(Some(0.79), now);
        assert_eq!(throttle.pause(Priority::Low, now), Duration::ZERO);
        throttle.answered(Some(0.8), now);
        assert_eq!(throttle.pause(Priority::Low, now), WINDOW);
        assert_eq!(throttle.pause(Priority::Normal, now), Duration::ZERO);
        throttle.answered(Some(f64::INFINITY), now);
        assert_eq!(throttle.pause(Priority::Low, now), 18 * SECOND);
        throttle.answered(Some(f64::NAN), now);
        assert_eq!(throttle.pause(Priority::Low, now), 18 * SECOND);
    }
}

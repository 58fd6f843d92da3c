//! When an acquisition tries again.
//!
//! The pauses follow Microsoft's guidance for the token endpoint of virtual
//! machines (how-to-use-vm-token, "Retry guidance"): 404, 410, 429 and 5xx are
//! passing, and an identity service under update (410) is back within 70
//! seconds. Nothing else is repeated.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;

use super::TokenError;
use crate::http;

/// Ceilings of the jittered pauses, in seconds.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];

/// 410 pauses: seven times ten seconds are the 70 seconds of the guidance.
const GONE_PAUSE: Duration = Duration::from_secs(10);
const GONE_PAUSES: u32 = 7;

/// The identity endpoint of a container starts beside it: a refused connection
/// is met with short pauses for this long.
const BOOT_GRACE: Duration = Duration::from_secs(30);
const BOOT_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_BOOT_PAUSE: Duration = Duration::from_millis(500);

/// A longer `Retry-After` ends the acquisition instead of pausing it.
const LONGEST_WAITED: Duration = Duration::from_secs(30);

/// The state of one acquisition's retries.
pub(crate) struct Schedule {
    started: Instant,
    tries: usize,
    gone: u32,
    boot_pause: Duration,
}

impl Schedule {
    /// A schedule that begins `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            started: now,
            tries: 0,
            gone: 0,
            boot_pause: BOOT_PAUSE,
        }
    }

    /// The pause before the next try, or `None` when `failure` is final.
    pub(crate) fn pause(&mut self, failure: &TokenError, now: Instant) -> Option<Duration> {
        let asked = failure.asked_pause().unwrap_or_default();
        if asked > LONGEST_WAITED {
            return None;
        }
        let own = match failure {
            TokenError::Unavailable(http::Error::ConnectionRefused) => self.booting(now),
            TokenError::Unavailable(http::Error::Refused(refusal))
                if refusal.status == StatusCode::GONE =>
            {
                self.updating()
            }
            TokenError::Unavailable(_) | TokenError::Throttled(_) => self.failing(),
            TokenError::Refused(_)
            | TokenError::Local(_)
            | TokenError::Unusable(_)
            | TokenError::Waiting
            | TokenError::Unchanged
            | TokenError::Unfinished(_) => None,
        };
        own.map(|pause| pause.max(asked))
    }

    fn booting(&mut self, now: Instant) -> Option<Duration> {
        if now.saturating_duration_since(self.started) >= BOOT_GRACE {
            return None;
        }
        let pause = self.boot_pause;
        self.boot_pause = (pause * 2).min(LONGEST_BOOT_PAUSE);
        Some(pause)
    }

    fn updating(&mut self) -> Option<Duration> {
        self.gone += 1;
        (self.gone <= GONE_PAUSES).then_some(GONE_PAUSE)
    }

    fn failing(&mut self) -> Option<Duration> {
        let ceiling = Duration::from_secs(*PAUSES.get(self.tries)?);
        self.tries += 1;
        Some(ceiling.mul_f64(fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn answered(status: u16, retry_after: Option<&'static str>) -> TokenError {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = http::Refusal::read(status, &headers, b"");
        TokenError::from_exchange(http::Error::Refused(Box::new(refusal)))
    }

    fn pauses(failure: &TokenError) -> Vec<Duration> {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        std::iter::from_fn(|| schedule.pause(failure, now))
            .take(99)
            .collect()
    }

    #[test]
    fn t3_an_endpoint_under_update_is_given_its_seventy_seconds() {
        let pauses = pauses(&answered(410, None));
        assert_eq!(pauses.iter().sum::<Duration>(), Duration::from_secs(70));
    }

    #[test]
    fn t4_a_failing_endpoint_is_asked_six_times_within_31_seconds() {
        for status in [404, 429, 500, 503] {
            let pauses = pauses(&answered(status, None));
            assert_eq!(pauses.len(), 5, "{status}");
            assert!(pauses.iter().sum::<Duration>() <= Duration::from_secs(31));
        }
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        assert!(pauses(&answered(400, None)).is_empty());
    }

    #[test]
    fn t6_retry_after_is_kept_and_a_long_one_ends_the_acquisition() {
        let failure = answered(429, Some("3"));
        assert!(pauses(&failure).iter().all(|pause| pause.as_secs() >= 3));
        assert!(pauses(&answered(429, Some("90"))).is_empty());
    }

    #[test]
    fn a_container_that_boots_is_asked_often_and_for_thirty_seconds() {
        let failure = TokenError::from_exchange(http::Error::ConnectionRefused);
        let mut schedule = Schedule::new(Instant::now());
        let start = Instant::now();
        let first: Vec<_> = (0..5)
            .filter_map(|_| schedule.pause(&failure, start))
            .collect();
        let expected = [50, 100, 200, 400, 500].map(Duration::from_millis);
        assert_eq!(first, expected);
        assert_eq!(schedule.pause(&failure, start + BOOT_GRACE), None);
    }
}

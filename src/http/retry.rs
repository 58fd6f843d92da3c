//! Which failures are worth another try, and after how long.

use std::time::{Duration, SystemTime};

use actix_web::http::StatusCode;

use super::{Effect, Error};

/// How often an exchange is repeated within its deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    retries: u32,
    base: Duration,
}

impl RetryPolicy {
    /// No second try.
    pub(crate) const NEVER: Self = Self {
        retries: 0,
        base: Duration::ZERO,
    };

    /// For calls that somebody waits for: two more tries, soon.
    pub(crate) const INLINE: Self = Self {
        retries: 2,
        base: Duration::from_millis(200),
    };

    /// The pause before try number `attempt + 2`, or `None` when `error` is
    /// final.
    ///
    /// Only what is safe is repeated: what changes nothing, or has certainly not
    /// reached the other end. A pause is full jitter over a doubling base,
    /// and never shorter than the answer's `Retry-After`.
    pub(super) fn pause(self, attempt: u32, effect: Effect, error: &Error) -> Option<Duration> {
        if attempt >= self.retries || !is_repeatable(effect, error) {
            return None;
        }
        let ceiling = self.base * 2_u32.saturating_pow(attempt);
        let asked = error.refusal().and_then(|refusal| refusal.retry_after);
        Some(
            ceiling
                .mul_f64(fastrand::f64())
                .max(asked.unwrap_or_default()),
        )
    }
}

fn is_repeatable(effect: Effect, error: &Error) -> bool {
    let is_safe = effect == Effect::Reads;
    match error {
        Error::ConnectionRefused | Error::Unreachable(_) => true,
        Error::Interrupted(_) | Error::Truncated(_) => is_safe,
        Error::Refused(refusal) => is_safe && is_passing(refusal.status),
        Error::Untrusted(_)
        | Error::Timeout(_)
        | Error::TooLong(_)
        | Error::Malformed(_)
        | Error::Open(_)
        | Error::Busy(_) => false,
    }
}

/// Statuses that Azure's own clients repeat.
///
/// Source: Azure/azure-sdk-for-go `sdk/azcore/policy`, `RetryOptions`.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// No quota of Azure takes longer to fill; sums with a much longer pause would
/// be beyond what a clock can show.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// `Retry-After` as seconds or as a date, at most a day; a date that has passed
/// is zero.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number can hold are more than a day as well.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_PAUSE));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let pause = until.duration_since(now).unwrap_or_default();
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::http::{Cause, Refusal};

    fn refused(status: u16) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::Refused(Box::new(Refusal::read(status, &HeaderMap::new(), b"")))
    }

    #[test]
    fn only_what_cannot_have_reached_azure_is_sent_twice_when_it_changes_something() {
        let policy = RetryPolicy::INLINE;
        let post = |error: &Error| policy.pause(0, Effect::Changes, error).is_some();
        assert!(post(&Error::ConnectionRefused));
        assert!(!post(&Error::Interrupted(Cause::said("reset"))));
        assert!(!post(&refused(503)));
        assert!(!post(&Error::Timeout(Duration::ZERO)));
    }

    #[test]
    fn a_read_is_repeated_twice_and_not_for_ever() {
        let policy = RetryPolicy::INLINE;
        let tries = (0..9).take_while(|n| policy.pause(*n, Effect::Reads, &refused(503)).is_some());
        assert_eq!(tries.count(), 2);
        for error in [refused(404), Error::TooLong(1)] {
            assert!(policy.pause(0, Effect::Reads, &error).is_none(), "{error}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_negative() {
        let now = httpdate::parse_http_date("Tue, 24 Nov 2026 10:00:00 GMT").unwrap();
        let seconds = |value| retry_after(value, now).map(|pause| pause.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Tue, 24 Nov 2026 10:02:05 GMT"), Some(125));
        assert_eq!(seconds("Tue, 24 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(seconds("18446744073709551615"), Some(24 * 3_600));
        assert_eq!(seconds("Sun, 24 Nov 2126 10:00:00 GMT"), Some(24 * 3_600));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-3"), None);
    }
}

//! Why there is no token, and for how long that is worth remembering.

use std::time::Duration;

use super::{LocalFault, diagnosis::Diagnosis};
use crate::{http, task::Unfinished};

/// Right after its assignment, or the start of its host, an identity may not be
/// found for a while.
const SETTLING: Duration = Duration::from_mins(5);

/// The longest pause that the endpoint is granted.
const LONGEST_GRANTED: Duration = Duration::from_mins(5);

/// Told apart by what a caller, and the next acquisition, would do.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The identity or the resource is not as configured: asking again is of
    /// no use until somebody mends it.
    #[error("the identity endpoint refuses this identity")]
    Refused(#[source] http::Error),
    /// Too many requests from this host.
    #[error("the identity endpoint is throttling")]
    Throttled(#[source] http::Error),
    /// The endpoint does not answer, fails, or is being updated.
    #[error("the identity endpoint gives no token")]
    Unavailable(#[source] http::Error),
    /// A step beside the request is in the way.
    #[error("this host does not let a token be asked for")]
    Local(#[from] LocalFault),
    /// An answer, but no token in it.
    #[error("the identity endpoint's answer is not usable")]
    Unusable(#[source] Unusable),
    /// The acquisition goes on; this caller's patience ended.
    #[error("a token is being fetched and has not arrived yet")]
    Waiting,
    /// Azure rejects the token, and there is no other to be had.
    #[error("Azure rejects the token that the identity endpoint hands out")]
    Unchanged,
    /// The acquisition did not come to its end.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

impl TokenError {
    /// What a failed exchange means.
    pub(crate) fn from_exchange(error: http::Error) -> Self {
        let error = match error {
            http::Error::TooLong(_) => return Self::Unusable(Unusable::TooLong),
            http::Error::Untrusted(cause) => return LocalFault::Untrusted(cause).into(),
            error => error,
        };
        let Some(status) = error.refusal().map(|refusal| refusal.status.as_u16()) else {
            return Self::Unavailable(error);
        };
        match status {
            429 => Self::Throttled(error),
            404 | 408 | 410 | 500..=599 => Self::Unavailable(error),
            _ => Self::Refused(error),
        }
    }

    /// What is wrong, in a word that stays; the outcome in metrics, too.
    pub(crate) fn code(&self) -> &'static str {
        self.diagnosis().code()
    }

    /// What it comes to.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        Diagnosis::of(self)
    }

    /// What mends it, where somebody has to.
    pub(crate) fn mend(&self) -> Option<&'static str> {
        self.diagnosis().mend()
    }

    /// Whether a token came, and was not the one that was asked for.
    pub(crate) fn is_of_another(&self) -> bool {
        let other = [Unusable::WrongAudience, Unusable::WrongIdentity];
        matches!(self, Self::Unusable(why) if other.contains(why))
    }

    /// The endpoint's own words, when it refused.
    pub(crate) fn refusal(&self) -> Option<&http::Refusal> {
        match self {
            Self::Refused(error) | Self::Throttled(error) | Self::Unavailable(error) => {
                error.refusal()
            }
            Self::Local(_)
            | Self::Unusable(_)
            | Self::Waiting
            | Self::Unchanged
            | Self::Unfinished(_) => None,
        }
    }

    /// What the identity endpoint asked for by `Retry-After`, within reason.
    pub(crate) fn asked_pause(&self) -> Option<Duration> {
        let asked = self.refusal()?.retry_after?;
        Some(asked.min(LONGEST_GRANTED))
    }

    /// The same, told when there is `left` of the pause that was asked for, if any was.
    pub(super) fn with_pause_left(mut self, left: Duration) -> Self {
        if let Self::Refused(error) | Self::Throttled(error) | Self::Unavailable(error) = &mut self
            && let http::Error::Refused(refusal) = error
            && let Some(asked) = &mut refusal.retry_after
        {
            *asked = left;
        }
        self
    }

    /// For how long callers are told of this failure without asking again;
    /// `previous` is what the last failure in a row was remembered for, `age`
    /// how long the gateway has run.
    ///
    /// Transport faults are short: a restarted endpoint is back at once.
    /// Throttling, and what somebody has to mend, backs off with decorrelated
    /// jitter from 5 to 60 seconds. What the endpoint asks for is kept, within
    /// reason. An identity that was assigned a moment ago is not known at once.
    pub(crate) fn memory(&self, previous: Duration, age: Duration) -> Duration {
        const STEP: Duration = Duration::from_secs(5);
        const LONGEST: Duration = Duration::from_mins(1);
        let settled = if age < SETTLING { STEP } else { LONGEST };
        let own = match self {
            // Files come late, and are near.
            Self::Local(fault) if fault.is_of_a_file() => Duration::from_secs(2),
            Self::Refused(_) => settled,
            // Some hosts say by 404 what others say by 400.
            Self::Unavailable(_) if Diagnosis::of(self).is_of_the_identity() => settled,
            Self::Throttled(_) | Self::Unusable(_) | Self::Local(_) => {
                let reach = (previous * 3).saturating_sub(STEP);
                (STEP + reach.mul_f64(fastrand::f64())).min(LONGEST)
            }
            Self::Unavailable(_) | Self::Waiting | Self::Unchanged | Self::Unfinished(_) => {
                Duration::from_secs(1)
            }
        };
        let asked = self.asked_pause().unwrap_or_default();
        own.max(asked)
    }
}

/// Why an answer of status 2xx holds no token to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// HTML from a proxy in the path, as a rule.
    #[error("it is not JSON; a proxy may have answered instead of the identity endpoint")]
    NotJson,
    /// Empty or absent.
    #[error("it has no access_token")]
    NoToken,
    /// Not fit for a header.
    #[error("its access_token has characters that no token has")]
    NotText,
    /// In none of the known forms.
    #[error("its expires_on or expires_in is in no known form")]
    UnknownExpiry,
    /// Neither the answer nor the token says.
    #[error("nothing in it says when the token expires")]
    NoExpiry,
    /// In the past.
    #[error("its token has expired already")]
    Expired,
    /// The endpoint answered for another resource.
    #[error("its token is for another API than the one asked for")]
    WrongAudience,
    /// The endpoint took another identity than the one that is configured.
    #[error("its token is of another identity than the one asked for")]
    WrongIdentity,
    /// No token is that long.
    #[error("it is longer than any answer with a token")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use actix_web::http::{
        StatusCode,
        header::{HeaderMap, HeaderValue, RETRY_AFTER},
    };

    use super::*;

    fn answered(status: u16) -> TokenError {
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = http::Refusal::read(status, &HeaderMap::new(), b"");
        TokenError::from_exchange(http::Error::Refused(Box::new(refusal)))
    }

    #[test]
    fn what_may_pass_is_told_from_what_somebody_has_to_mend() {
        for status in [400, 401, 403, 405, 302] {
            assert!(
                matches!(answered(status), TokenError::Refused(_)),
                "{status}"
            );
        }
        for status in [404, 408, 410, 500, 501, 503, 511] {
            assert!(
                matches!(answered(status), TokenError::Unavailable(_)),
                "{status}"
            );
        }
        assert!(matches!(answered(429), TokenError::Throttled(_)));
    }

    const OLD: Duration = Duration::from_hours(1);

    #[test]
    fn throttling_is_remembered_for_longer_and_never_beyond_a_minute() {
        let throttled = answered(429);
        let mut memory = Duration::ZERO;
        for _ in 0..50 {
            memory = throttled.memory(memory, OLD);
            assert!(memory >= Duration::from_secs(5) && memory <= Duration::from_mins(1));
        }
    }

    #[test]
    fn a_file_is_looked_for_soon_and_what_somebody_has_to_mend_less_and_less() {
        let cause = || http::Cause::said("no");
        for (fault, longest) in [
            (LocalFault::NoAssertion, 2..=2),
            (LocalFault::AssertionUnreadable(cause()), 2..=2),
            (LocalFault::KeyUnreadable(cause()), 2..=2),
            (LocalFault::NotHonoured, 30..=60),
            (LocalFault::Untrusted(cause()), 30..=60),
            (LocalFault::NoCli(cause()), 30..=60),
            (LocalFault::CliRefused(cause()), 30..=60),
            (LocalFault::CliTooOld, 30..=60),
        ] {
            let failure = TokenError::Local(fault);
            let mut previous = Duration::ZERO;
            let memories = std::iter::repeat_with(|| {
                previous = failure.memory(previous, OLD);
                previous.as_secs()
            });
            let reached = memories.take(50).max().unwrap();
            assert!(longest.contains(&reached), "{failure:?}: {reached}");
        }
    }

    #[test]
    fn an_endpoint_that_fails_is_not_said_not_to_answer() {
        for status in [404, 500, 503] {
            let told = answered(status).to_string();
            assert_eq!(told, "the identity endpoint gives no token", "{status}");
        }
    }

    #[test]
    fn what_the_endpoint_asks_for_is_kept_within_reason() {
        for (status, seconds, least, most) in [
            (429, "0", 5, 5),
            (429, "20", 20, 20),
            (429, "99999999", 300, 300),
            (503, "0", 1, 1),
            (503, "90", 90, 90),
        ] {
            let failure = asked(status, seconds);
            let memory = failure.memory(Duration::ZERO, OLD).as_secs();
            assert!(
                (least..=most).contains(&memory),
                "{status} {seconds}: {memory}"
            );
        }
    }

    #[test]
    fn a_refusal_is_remembered_for_longer_once_the_identity_must_be_known() {
        let refused = answered(400);
        assert_eq!(refused.memory(Duration::ZERO, Duration::ZERO).as_secs(), 5);
        assert_eq!(refused.memory(Duration::ZERO, OLD).as_secs(), 60);
    }

    #[test]
    fn an_identity_that_is_not_found_is_remembered_as_a_refusal_whatever_its_status() {
        let body = br#"{"error":"not_found","error_description":"No MSI found"}"#;
        let refusal = http::Refusal::read(StatusCode::NOT_FOUND, &HeaderMap::new(), body);
        let unknown = TokenError::from_exchange(http::Error::Refused(Box::new(refusal)));
        assert_eq!(unknown.memory(Duration::ZERO, Duration::ZERO).as_secs(), 5);
        assert_eq!(unknown.memory(Duration::ZERO, OLD).as_secs(), 60);
        assert_eq!(answered(404).memory(Duration::ZERO, OLD).as_secs(), 1);
    }

    fn asked(status: u16, retry_after: &'static str) -> TokenError {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        let refusal = http::Refusal::read(status, &headers, b"");
        TokenError::from_exchange(http::Error::Refused(Box::new(refusal)))
    }
}

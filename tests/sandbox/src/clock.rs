//! What time it is in this Azure.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};

/// A clock that may be off.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    offset: SignedDuration,
}

impl Clock {
    /// A clock that goes ahead by so many seconds, or behind.
    pub(crate) fn off_by(seconds: i64) -> Self {
        Self {
            offset: SignedDuration::from_secs(seconds),
        }
    }

    pub(crate) fn time(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.offset).unwrap_or(now)
    }

    /// Seconds since 1970.
    pub(crate) fn now(self) -> u64 {
        self.time().as_second().try_into().unwrap_or_default()
    }

    /// The time as a `Date` header has it (RFC 9110, 5.6.7).
    pub(crate) fn http_date(self) -> String {
        DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.time())
            .unwrap_or_default()
    }
}

//! What time it is in this Azure.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};

/// A clock that may be off, by seconds; all who hold it see it set.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that goes ahead by so many seconds, or behind.
    pub(crate) fn off_by(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    /// From now on it is off by so many seconds.
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.shows(Timestamp::now())
    }

    /// What it shows, as it is set now, of a moment told by a clock that is right.
    pub(crate) fn shows(&self, moment: Timestamp) -> Timestamp {
        let offset = SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        moment.checked_add(offset).unwrap_or(moment)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.time().as_second().try_into().unwrap_or_default()
    }

    /// The time as a `Date` header has it (RFC 9110, 5.6.7).
    pub(crate) fn http_date(&self) -> String {
        DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.time())
            .unwrap_or_default()
    }
}

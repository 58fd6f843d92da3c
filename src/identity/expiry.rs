//! The forms in which endpoints write down when a token expires.
//!
//! Seconds as text come from IMDS, numbers from Service Fabric, dates from App
//! Service 2017-09-01 and from `MSAL`'s own test suites.

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::Offset};
use serde_json::Value;

use super::failure::Unusable;

/// Below this an `expires_on` is a number of seconds from now.
///
/// 2001-01-01, as in AzureAD/microsoft-authentication-library-for-dotnet
/// `DateTimeHelpers`.
const FIRST_EPOCH: i64 = 978_307_200;

/// No endpoint issues longer tokens; more is taken for a week.
const LONGEST: Duration = Duration::from_hours(24 * 7);

/// A moment as seen from now; the order is that of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Expiry {
    /// Now or before.
    Past,
    /// This far ahead.
    In(Duration),
}

impl Expiry {
    /// The moment `epoch`, in seconds since 1970.
    pub(crate) fn at(epoch: i64, now: Timestamp) -> Self {
        Self::after(epoch.saturating_sub(now.as_second()))
    }

    fn after(seconds: i64) -> Self {
        match u64::try_from(seconds) {
            Ok(ahead) if ahead > 0 => Self::In(Duration::from_secs(ahead).min(LONGEST)),
            _ => Self::Past,
        }
    }
}

/// Reads `expires_on`; absent, null and empty say nothing.
pub(crate) fn on(value: Option<&Value>, now: Timestamp) -> Result<Option<Expiry>, Unusable> {
    let Some(value) = stated(value) else {
        return Ok(None);
    };
    if let Some(number) = number(value) {
        let relative = number < FIRST_EPOCH;
        let expiry = if relative {
            Expiry::after(number)
        } else {
            Expiry::at(number, now)
        };
        return Ok(Some(expiry));
    }
    let date = value
        .as_str()
        .and_then(date)
        .ok_or(Unusable::UnknownExpiry)?;
    Ok(Some(Expiry::at(date.as_second(), now)))
}

/// Reads `expires_in`; absent, null and empty say nothing.
pub(crate) fn within(value: Option<&Value>) -> Result<Option<Expiry>, Unusable> {
    let Some(value) = stated(value) else {
        return Ok(None);
    };
    let seconds = number(value).ok_or(Unusable::UnknownExpiry)?;
    Ok(Some(Expiry::after(seconds)))
}

fn stated(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// ISO 8601, or US order or ISO order with a space; without a zone it is UTC.
///
/// App Service was seen to write `PM` behind a 24-hour clock, 15 or 00: there
/// it changes nothing, so that no token is believed to live longer than it does.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let (text, afternoon) = without_meridiem(text);
    let text = text.trim_end_matches("+00:00").trim_end();
    let date = ["%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"]
        .into_iter()
        .find_map(|format| strtime::parse(format, text).ok()?.to_datetime().ok())?;
    utc(adjusted(date, afternoon))
}

fn without_meridiem(text: &str) -> (String, Option<Meridiem>) {
    for (mark, meridiem) in [(" AM", Meridiem::Am), (" PM", Meridiem::Pm)] {
        if text.contains(mark) {
            return (text.replacen(mark, "", 1), Some(meridiem));
        }
    }
    (text.to_owned(), None)
}

#[derive(Clone, Copy)]
enum Meridiem {
    Am,
    Pm,
}

fn adjusted(date: DateTime, meridiem: Option<Meridiem>) -> DateTime {
    let hour = match (meridiem, date.hour()) {
        (Some(Meridiem::Am), 12) => 0,
        (Some(Meridiem::Pm), hour @ 1..12) => hour + 12,
        (_, hour) => hour,
    };
    date.with().hour(hour).build().unwrap_or(date)
}

fn utc(date: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_app_service_are_read_and_never_late() {
        for (text, iso) in [
            ("06/19/2019 23:42:01 +00:00", "2019-06-19T23:42:01Z"),
            ("9/14/2017 3:04:05 PM +00:00", "2017-09-14T15:04:05Z"),
            ("9/14/2017 15:04:05 PM +00:00", "2017-09-14T15:04:05Z"),
            ("09/14/2017 00:00:00 PM +00:00", "2017-09-14T00:00:00Z"),
            ("9/14/2017 12:04:05 AM +00:00", "2017-09-14T00:04:05Z"),
            ("9/14/2017 12:04:05 PM +00:00", "2017-09-14T12:04:05Z"),
        ] {
            assert_eq!(date(text), iso.parse().ok(), "{text}");
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_none() {
        for text in ["02/30/2019 10:00:00 +00:00", "tomorrow", "2019", "25:00"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}

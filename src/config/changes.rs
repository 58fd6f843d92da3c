//! How many changes there may be.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use super::reader::{Faulty, Reader, duration};

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) most: NonZeroU32,
    pub(crate) per: Duration,
}

/// What is not limited is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes {
    /// Of one caller.
    pub(crate) of_caller: Option<Rate>,
    /// Virtual machines of one resource group that are changed, by whomever.
    pub(crate) in_group: Option<Rate>,
}

const RATE: &str = "off, or a number of changes and a time from 1s to 60m, such as 60/1m";

const TIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

impl Changes {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let of_caller = reader.required("MIG_CALLER_CHANGES", RATE, rate);
        let in_group = reader.required("MIG_GROUP_CHANGES", RATE, rate);
        Ok(Self {
            of_caller: of_caller?,
            in_group: in_group?,
        })
    }
}

#[expect(clippy::option_option, reason = "read, and then off")]
fn rate(text: &str) -> Option<Option<Rate>> {
    if text == "off" {
        return Some(None);
    }
    let (most, per) = text.split_once('/')?;
    let (most, per) = (most.parse().ok()?, duration(per)?);
    TIMES.contains(&per).then_some(Some(Rate { most, per }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        let of = |most, seconds| Rate {
            most: NonZeroU32::new(most).unwrap(),
            per: Duration::from_secs(seconds),
        };
        for (text, expected) in [
            ("off", Some(None)),
            ("60/1m", Some(Some(of(60, 60)))),
            ("5/600s", Some(Some(of(5, 600)))),
            ("0/1m", None),
            ("5", None),
            ("5/", None),
            ("5/500ms", None),
            ("5/61m", None),
            ("-5/1m", None),
        ] {
            assert_eq!(rate(text), expected, "{text}");
        }
    }
}

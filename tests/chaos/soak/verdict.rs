//! Whether what a gateway takes has grown.
//!
//! The first third is for warming up. Of the rest, the median of the first quarter is
//! held against that of the last: a median is not moved by a peak, and a slow leak moves
//! it by three quarters of all that it leaks.

use std::fmt;

use super::{load::Calls, sample::Sample};

/// By how much memory may grow.
const MEMORY: i64 = 2 << 20;

/// Connections come and go: by so many descriptors two medians may differ.
const DESCRIPTORS: i64 = 2;

/// What a run came to.
pub(super) struct Verdict {
    minutes: f64,
    warm_up: f64,
    answered: u64,
    errors: u64,
    tokens: u64,
    resident: Growth,
    anonymous: Growth,
    descriptors: Growth,
    threads: Growth,
}

/// The medians of two quarters.
#[derive(Clone, Copy, Debug)]
struct Growth {
    first: i64,
    last: i64,
}

impl Growth {
    fn of(samples: &[&Sample], value: impl Fn(&Sample) -> u64) -> Self {
        let quarter = samples.len().div_ceil(4);
        let median = |samples: &[&Sample]| {
            let mut values: Vec<_> = samples.iter().map(|it| value(it)).collect();
            values.sort_unstable();
            let middle = values.get(values.len() / 2).copied().unwrap_or_default();
            i64::try_from(middle).unwrap_or(i64::MAX)
        };
        Self {
            first: median(&samples[..quarter]),
            last: median(&samples[samples.len() - quarter..]),
        }
    }

    fn by(self) -> i64 {
        self.last - self.first
    }
}

impl Verdict {
    pub(super) fn of(samples: &[Sample], calls: &Calls, tokens: u64) -> Self {
        let seconds = samples.last().map_or(0.0, |last| last.seconds);
        let warm_up = seconds / 3.0;
        let warm: Vec<_> = samples.iter().filter(|it| it.seconds >= warm_up).collect();
        Self {
            minutes: seconds / 60.0,
            warm_up,
            answered: calls.answered,
            errors: calls.failed,
            tokens,
            resident: Growth::of(&warm, |it| it.vitals.resident),
            anonymous: Growth::of(&warm, |it| it.vitals.anonymous),
            descriptors: Growth::of(&warm, |it| it.vitals.descriptors),
            threads: Growth::of(&warm, |it| it.vitals.threads),
        }
    }

    /// The seconds that are not looked at.
    pub(super) fn warm_up(&self) -> f64 {
        self.warm_up
    }

    /// Whether nothing has grown beyond what it may.
    pub(super) fn is_flat(&self) -> bool {
        self.resident.by() <= MEMORY
            && self.anonymous.by() <= MEMORY
            && self.descriptors.by() <= DESCRIPTORS
            && self.threads.by() <= 0
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a process, for people")]
fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = if self.is_flat() && self.errors == 0 {
            "flat"
        } else {
            "NOT flat"
        };
        writeln!(
            f,
            "{passed}: {:.1} minutes, of which {:.1} to warm up; {} calls, {} of them errors; \
             {} requests for tokens\n",
            self.minutes,
            self.warm_up / 60.0,
            self.answered,
            self.errors,
            self.tokens
        )?;
        writeln!(
            f,
            "| Median of a quarter | First | Last | Growth | Allowed |"
        )?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (name, growth) in [
            ("Memory (VmRSS), MiB", self.resident),
            ("RssAnon, MiB", self.anonymous),
        ] {
            let [first, last, by] = [growth.first, growth.last, growth.by()].map(mebibytes);
            let allowed = mebibytes(MEMORY);
            writeln!(
                f,
                "| {name} | {first:.2} | {last:.2} | {by:+.2} | {allowed:.0} |"
            )?;
        }
        for (name, growth, allowed) in [
            ("Descriptors", self.descriptors, DESCRIPTORS),
            ("Threads", self.threads, 0),
        ] {
            let Growth { first, last } = growth;
            writeln!(
                f,
                "| {name} | {first} | {last} | {:+} | {allowed} |",
                growth.by()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vitals::Vitals;

    /// A look each five seconds for half an hour, at what `resident` gives for each.
    fn verdict(resident: impl Fn(u32) -> u64) -> Verdict {
        let samples: Vec<_> = (0..360)
            .map(|number| Sample {
                seconds: f64::from(number * 5),
                vitals: Vitals {
                    resident: resident(number),
                    ..Vitals::default()
                },
                answered: 0,
                errors: 0,
            })
            .collect();
        Verdict::of(&samples, &Calls::default(), 1)
    }

    #[test]
    fn a_leak_is_growth_and_a_peak_or_a_warm_up_is_none() {
        let leak = |number: u32| 20_000_000 + u64::from(number) * 20_000;
        assert!(!verdict(leak).is_flat());
        let peak = |number: u32| {
            if number % 50 == 7 {
                90_000_000
            } else {
                20_000_000
            }
        };
        assert!(verdict(peak).is_flat());
        let warm_up = |number: u32| 20_000_000 + u64::from(number.min(110)) * 100_000;
        assert!(verdict(warm_up).is_flat());
    }
}

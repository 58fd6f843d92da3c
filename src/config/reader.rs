//! Reads variables one by one and collects what is wrong with them.

use std::{borrow::Cow, ops::RangeInclusive, str::FromStr, time::Duration};

use super::{Config, Faults, PREFIX, VARIABLES};

/// The faults found so far, and what is no fault and has to be told.
#[derive(Default)]
pub(super) struct Reader {
    faults: Vec<String>,
    warnings: Vec<&'static str>,
}

impl Reader {
    /// Notes a fault in words of its own.
    pub(super) fn fault(&mut self, words: impl Into<String>) {
        self.faults.push(words.into());
    }

    /// Notes what the gateway does not do although it was told to.
    pub(super) fn warn(&mut self, words: &'static str) {
        self.warnings.push(words);
    }

    /// The configuration, if nothing was wrong with it.
    pub(super) fn finish(self, config: Option<Config>) -> Result<Config, Faults> {
        let config = config.filter(|_| self.faults.is_empty());
        let config = config.ok_or(Faults(self.faults))?;
        let warnings = self.warnings;
        Ok(Config { warnings, ..config })
    }

    /// Refuses a name that only looks like ours: a misspelt variable would be
    /// overlooked without a word.
    pub(super) fn refuse_misspelt(&mut self, name: &str) {
        if !name.starts_with(PREFIX) {
            return;
        }
        let upper = name.to_ascii_uppercase();
        let nearest = VARIABLES
            .iter()
            .map(|variable| variable.name)
            .filter(|known| known.starts_with(PREFIX))
            .min_by_key(|known| strsim::damerau_levenshtein(known, &upper));
        let hint = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        self.fault(format!("{name} is not a variable of mi-gateway{hint}"));
    }

    /// A variable that has a default, or has to be set.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        given: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = given.or_else(|| default(name)) else {
            self.fault(format!("{name} is required: {expected}"));
            return None;
        };
        let parsed = parse(value.trim());
        if parsed.is_none() {
            let shown = shown(value);
            self.fault(format!("{name} is {shown:?}, expected {expected}"));
        }
        parsed
    }

    /// A variable that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        given: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        given?;
        self.required(name, given, expected, parse)
    }

    /// A variable whose type reads itself from text.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        given: Option<&str>,
        expected: &str,
    ) -> Option<T> {
        self.required(name, given, expected, |text| text.parse().ok())
    }

    /// Something that is on or off.
    pub(super) fn switch(&mut self, name: &str, given: Option<&str>) -> Option<bool> {
        self.required(name, given, "on or off", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    /// A time within `range`.
    pub(super) fn duration(
        &mut self,
        name: &str,
        given: Option<&str>,
        range: &RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let expected = format!(
            "a time such as 500ms, 10s or 2m, from {:?} to {:?}",
            range.start(),
            range.end()
        );
        self.required(name, given, &expected, |text| {
            duration(text).filter(|time| range.contains(time))
        })
    }

    /// A number of bytes within `range`.
    pub(super) fn bytes(
        &mut self,
        name: &str,
        given: Option<&str>,
        range: &RangeInclusive<usize>,
    ) -> Option<usize> {
        self.within(name, given, "a number of bytes", range)
    }

    /// A number within `range`.
    pub(super) fn number(
        &mut self,
        name: &str,
        given: Option<&str>,
        range: &RangeInclusive<usize>,
    ) -> Option<usize> {
        self.within(name, given, "a number", range)
    }

    fn within(
        &mut self,
        name: &str,
        given: Option<&str>,
        what: &str,
        range: &RangeInclusive<usize>,
    ) -> Option<usize> {
        let expected = format!("{what} from {} to {}", range.start(), range.end());
        self.required(name, given, &expected, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }
}

fn default(name: &str) -> Option<&'static str> {
    let variable = VARIABLES.iter().find(|variable| variable.name == name)?;
    variable.default
}

/// A whole number with a unit; without one it counts seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number = digits.parse().ok()?;
    match &text[digits.len()..] {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

/// `value` without what may be a secret in a URL: the part before the host, and the
/// query.
fn shown(value: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = value.split_once("://") else {
        return Cow::Borrowed(value);
    };
    let (user, rest) = rest
        .rsplit_once('@')
        .map_or(("", rest), |(_, it)| ("…@", it));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(it, _)| (it, "?…"));
    Cow::Owned(format!("{scheme}://{user}{rest}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_in_a_url_is_not_shown() {
        for (value, expected) in [
            ("http://user:password@host:4318/v1", "http://…@host:4318/v1"),
            ("https://host/?key=secret", "https://host/?…"),
            ("https://user:p@ss?key@host", "https://…@host"),
            ("https://host/", "https://host/"),
            ("10 s?", "10 s?"),
        ] {
            assert_eq!(shown(value), expected);
        }
    }

    #[test]
    fn times_are_read_with_and_without_a_unit() {
        for (text, millis) in [("250ms", 250), ("3", 3_000), ("3s", 3_000), ("2m", 120_000)] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "s", "1.5s", "-1", "soon", "1h", "1 s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}

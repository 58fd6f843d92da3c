//! Reads variables one by one and collects what is wrong with them.

use std::{
    collections::BTreeMap, ffi::OsString, ops::RangeInclusive, str::FromStr, time::Duration,
};

use super::{Faults, PREFIX, environment, variables};

/// What is set, the faults found so far, and what is no fault and has to be told.
#[derive(Default)]
pub(super) struct Reader {
    /// By name in lower case, as `envy` has them.
    given: BTreeMap<String, String>,
    faults: Vec<String>,
    warnings: Vec<&'static str>,
}

impl Reader {
    /// What of `vars` is ours.
    pub(super) fn new(
        vars: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Faults> {
        let mut reader = Self::default();
        let ours = environment::ours(&mut reader, vars);
        let given = envy::from_iter(ours).map_err(|error| Faults(vec![error.to_string()]))?;
        Ok(Self { given, ..reader })
    }

    /// What the variable is set to.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        debug_assert!(environment::is_ours(name), "{name} has no row");
        let value = self.given.get(&name.to_ascii_lowercase());
        value.map(String::as_str)
    }

    /// Whether the variable is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Notes a fault in words of its own.
    pub(super) fn fault(&mut self, words: impl Into<String>) -> Faulty {
        self.faults.push(words.into());
        Faulty
    }

    /// Notes what the gateway does not do although it was told to.
    pub(super) fn warn(&mut self, words: &'static str) {
        self.warnings.push(words);
    }

    /// What was warned of so far.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        self.warnings.clone()
    }

    /// What was `read`, if nothing was wrong.
    pub(super) fn finish<T>(self, read: Result<T, Faulty>) -> Result<T, Faults> {
        let read = read.ok().filter(|_| self.faults.is_empty());
        read.ok_or(Faults(self.faults))
    }

    /// Refuses a name that only looks like ours: a misspelt variable would be
    /// overlooked without a word.
    pub(super) fn refuse_misspelt(&mut self, name: &str) {
        if !name.starts_with(PREFIX) {
            return;
        }
        let upper = name.to_ascii_uppercase();
        let nearest = variables()
            .map(|variable| variable.name)
            .filter(|known| known.starts_with(PREFIX))
            .map(|known| (strsim::damerau_levenshtein(known, &upper), known))
            .min_by_key(|(faults, _)| *faults);
        let hint = match nearest {
            // With more of them it is not that name misspelt, but another.
            Some((faults, known)) if faults <= upper.len() / 3 => {
                format!("; did you mean {known}?")
            }
            _ => String::new(),
        };
        self.fault(format!("{name} is not a variable of mi-gateway{hint}"));
    }

    /// A variable that has a default, or has to be set.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Faulty> {
        self.required_or(name, default(name), expected, parse)
    }

    /// The same, where `default` counts if it is unset.
    pub(super) fn required_or<T>(
        &mut self,
        name: &str,
        default: Option<&str>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Faulty> {
        let Some(value) = self.given(name).or(default) else {
            return Err(self.fault(format!("{name} is required: {expected}")));
        };
        if let Some(parsed) = parse(value.trim()) {
            return Ok(parsed);
        }
        let shown = shown(value);
        Err(self.fault(format!("{name} is {shown:?}, expected {expected}")))
    }

    /// A variable that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Faulty> {
        if !self.has(name) {
            return Ok(None);
        }
        self.required(name, expected, parse).map(Some)
    }

    /// A variable whose type reads itself from text.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Result<T, Faulty> {
        self.required(name, expected, |text| text.parse().ok())
    }

    /// Something that is on or off.
    pub(super) fn switch(&mut self, name: &str) -> Result<bool, Faulty> {
        self.required(name, "on or off", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    /// A time within `range`.
    pub(super) fn duration(
        &mut self,
        name: &str,
        range: &RangeInclusive<Duration>,
    ) -> Result<Duration, Faulty> {
        let expected = format!(
            "a time such as 500ms, 10s or 2m, from {} to {}",
            spelt(*range.start()),
            spelt(*range.end())
        );
        self.required(name, &expected, |text| {
            duration(text).filter(|time| range.contains(time))
        })
    }

    /// A number of bytes within `range`.
    pub(super) fn bytes(
        &mut self,
        name: &str,
        range: &RangeInclusive<usize>,
    ) -> Result<usize, Faulty> {
        self.within(name, "a number of bytes", range)
    }

    /// A number within `range`.
    pub(super) fn number(
        &mut self,
        name: &str,
        range: &RangeInclusive<usize>,
    ) -> Result<usize, Faulty> {
        self.within(name, "a number", range)
    }

    fn within(
        &mut self,
        name: &str,
        what: &str,
        range: &RangeInclusive<usize>,
    ) -> Result<usize, Faulty> {
        let expected = format!("{what} from {} to {}", range.start(), range.end());
        self.required(name, &expected, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }
}

/// A variable is at fault, and that is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faulty;

fn default(name: &str) -> Option<&'static str> {
    let variable = variables().find(|variable| variable.name == name)?;
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

/// `time` as a variable could have it, in the unit that makes it shortest.
fn spelt(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, 0) => "0".to_owned(),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        _ => format!("{}ms", time.as_millis()),
    }
}

/// `value` without what may be a secret in a URL: the part before the host, and the
/// query. Whoever forgot the scheme has not forgotten the password.
fn shown(value: &str) -> String {
    let end = value.find("://").map(|start| start + "://".len());
    // Before another URL of a list, there may be a secret as well.
    let scheme = end.filter(|end| !value[..*end].contains(['@', '?']));
    let (scheme, rest) = value.split_at(scheme.unwrap_or_default());
    let (user, rest) = rest
        .rsplit_once('@')
        .map_or(("", rest), |(_, it)| ("…@", it));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(it, _)| (it, "?…"));
    format!("{scheme}{user}{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "MIG_LISTN has no row")]
    fn a_name_that_no_row_has_is_not_read() {
        Reader::default().given("MIG_LISTN");
    }

    #[test]
    fn what_may_be_a_secret_in_a_url_is_not_shown() {
        for (value, expected) in [
            ("http://user:password@host:4318/v1", "http://…@host:4318/v1"),
            ("https://host/?key=secret", "https://host/?…"),
            ("https://user:p@ss?key@host", "https://…@host"),
            ("https://host/", "https://host/"),
            ("api:hunter2@host:4318", "…@host:4318"),
            ("host/?api-key=hunter2", "host/?…"),
            ("http:/u:hunter2@host", "…@host"),
            ("u:hunter2@host", "…@host"),
            ("u:hunter2@host=aud", "…@host=aud"),
            (
                "u:hunter2@host=aud,https://other=aud",
                "…@host=aud,https://other=aud",
            ),
            ("host?key=hunter2,https://other", "host?…"),
            ("10 s?", "10 s?…"),
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
        for text in ["0", "250ms", "3s", "90s", "2m", "1440m"] {
            assert_eq!(spelt(duration(text).unwrap()), text);
        }
        for text in ["", "s", "1.5s", "-1", "soon", "1h", "1 s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}

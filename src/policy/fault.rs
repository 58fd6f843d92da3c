//! What is wrong with policies, and where.

use std::{fmt, io};

use miette::Diagnostic;

use super::{Source, misspelt};

/// What is said before a warning.
pub(crate) const ODD: &str = "a policy is odd";

/// One fault of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) file: String,
    /// Where it begins; `None` where it is of the file as a whole.
    pub(crate) place: Option<Place>,
    pub(crate) reason: String,
}

/// A place in a text. Both count from 1, columns by characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// That of the byte `offset` of `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line,
            column: last.chars().count() + 1,
        }
    }
}

impl Fault {
    /// Of the file as a whole.
    pub(super) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            reason: reason.into(),
        }
    }

    /// At `place` of the file.
    pub(super) fn at(file: &str, place: Place, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: Some(place),
            reason: reason.into(),
        }
    }

    /// Its file, line and column.
    pub(crate) fn whereabouts(&self) -> String {
        let file = &self.file;
        match self.place {
            Some(Place { line, column }) => format!("{file}:{line}:{column}"),
            None => file.clone(),
        }
    }

    /// What Cedar says of `text`, with its advice.
    pub(super) fn told(file: &str, text: &str, diagnostic: &dyn Diagnostic) -> Self {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let mut reason = diagnostic.to_string();
        let of_label = label.as_ref().and_then(|label| label.label());
        let help = || diagnostic.help().map(|help| help.to_string());
        let of_all = misspelt::advice(&reason).or_else(help);
        for more in of_label.map(str::to_owned).into_iter().chain(of_all) {
            if !reason.contains(&more) {
                reason.push_str("; ");
                reason.push_str(&more);
            }
        }
        Self {
            file: file.to_owned(),
            place: label.map(|label| Place::of(text, label.offset())),
            reason,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.whereabouts(), self.reason)
    }
}

/// Everything that is wrong with a set of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Which texts these are; `None` where they could not be read, which may pass
    /// without a change of them.
    pub(super) version: Option<String>,
    pub(crate) errors: Vec<Fault>,
    /// What would be no reason to refuse them.
    pub(crate) warnings: Vec<Fault>,
}

impl Faults {
    /// Why policies could not be read.
    pub(super) fn unread(errors: Vec<Fault>) -> Self {
        Self {
            version: None,
            errors,
            warnings: Vec::new(),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the policies are not usable")?;
        for fault in &self.errors {
            write!(formatter, "\n  {fault}")?;
        }
        let mut warnings = self.warnings.iter();
        warnings.try_for_each(|warning| write!(formatter, "\n  {ODD}: {warning}"))
    }
}

impl std::error::Error for Faults {}

/// Why there are no policies.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Faults(#[from] Faults),
    /// It may pass, and says nothing of them.
    #[error("no thread could be had to read policies")]
    Thread(#[source] io::Error),
}

impl Error {
    /// The same as a fault of `source`, for whoever has to know no more than that.
    pub(crate) fn into_faults(self, source: &Source) -> Faults {
        match self {
            Self::Faults(faults) => faults,
            Self::Thread(error) => {
                let reason = format!("no thread could be had to read it: {error}");
                Faults::unread(vec![Fault::of_file(&source.words(), reason)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_by_characters() {
        let text = "a\n  é x";
        let place = |offset| Place::of(text, offset);
        assert_eq!(place(0), Place { line: 1, column: 1 });
        assert_eq!(place(7), Place { line: 2, column: 5 });
        assert_eq!(place(99).line, 2);
    }
}

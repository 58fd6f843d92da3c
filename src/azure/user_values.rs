//! The values of a query, as types that are safe to send.

use std::{collections::HashSet, str::FromStr};

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{odata::encoded, user_property::NAMES};

/// The longest department that Graph keeps, in characters.
///
/// Source: the `user` resource type of Microsoft Graph v1.0.
const LONGEST_VALUE: usize = 64;

/// The largest page that Graph gives out.
///
/// Source: "List users" of Microsoft Graph v1.0.
const LARGEST_PAGE: u16 = 999;

/// More departments than these are more than one request may ask for.
const MOST_DEPARTMENTS: usize = 60;

/// Departments of more characters in all, percent-encoded, do not fit into links:
/// a link carries them, and part of them once more in its cursor.
const LONGEST_DEPARTMENTS: usize = 4 * 1024;

/// Why a query is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidQuery {
    #[error(
        "department has 1 to 64 characters, no control characters, and is in Unicode normalization \
         form C"
    )]
    Department,
    #[error(
        "department is needed; it may be repeated, for up to 60 departments of together at most \
         4096 characters, percent-encoded"
    )]
    Departments,
    #[error(
        "search is the beginning of a name: 1 to 64 characters, no control characters, in Unicode \
         normalization form C"
    )]
    Search,
    #[error("select is a comma-separated list of {}", NAMES.join(", "))]
    Select,
    #[error("top is a number from 1 to 999")]
    Top,
    #[error("enabled is true or false")]
    Enabled,
    #[error("userType is member or guest")]
    UserType,
}

/// Whether Graph could hold `text`, in the form in which it would.
fn is_value(text: &str) -> bool {
    (1..=LONGEST_VALUE).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

/// A department, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Department(pub(super) String);

impl Department {
    /// The same for every way to write it: Graph does not tell case apart.
    pub(crate) fn lowered(&self) -> String {
        lowered(&self.0)
    }

    /// Its bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }
}

/// `text` as far as Graph tells texts apart; policies fold more into one. There is one small
/// sigma: that of the end of a word, which the standard library writes, is not found within
/// one.
pub(crate) fn lowered(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

impl FromStr for Department {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_value(text)
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidQuery::Department)
    }
}

/// One department or several, each once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Departments(pub(super) Vec<Department>);

impl Departments {
    /// Those of `names`, in their order; from 1 to 60.
    pub(crate) fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidQuery> {
        let mut known = HashSet::new();
        let mut departments = Vec::new();
        let mut length = 0;
        for name in names {
            let department: Department = name.parse()?;
            length += encoded(name).to_string().len();
            if known.insert(department.lowered()) {
                departments.push(department);
            }
        }
        let fits = (1..=MOST_DEPARTMENTS).contains(&departments.len());
        (fits && length <= LONGEST_DEPARTMENTS)
            .then_some(Self(departments))
            .ok_or(InvalidQuery::Departments)
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Department> {
        self.0.iter()
    }
}

/// The beginning of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prefix(pub(super) String);

impl Prefix {
    /// As written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_value(text)
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidQuery::Search)
    }
}

/// Whether a user is one of the tenant's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UserType {
    Member,
    Guest,
}

impl UserType {
    /// As Graph has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Guest => "Guest",
        }
    }
}

impl FromStr for UserType {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Member, Self::Guest]
            .into_iter()
            .find(|it| it.as_str().eq_ignore_ascii_case(text))
            .ok_or(InvalidQuery::UserType)
    }
}

/// The size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Top(pub(super) u16);

impl Top {
    /// The most that Graph gives out.
    pub(crate) const MOST: Self = Self(LARGEST_PAGE);

    /// The number.
    pub(crate) const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for Top {
    /// Graph's own default.
    fn default() -> Self {
        Self(100)
    }
}

impl FromStr for Top {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let top = text
            .parse()
            .ok()
            .filter(|top| (1..=LARGEST_PAGE).contains(top) && !text.starts_with('+'));
        top.map(Self).ok_or(InvalidQuery::Top)
    }
}

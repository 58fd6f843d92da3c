//! What can be asked of Graph about users.

use super::{
    Department, Departments, Prefix, Top, UserProperty, UserType,
    odata::{Filter, Literal, encoded},
    user_property::Select,
};

/// More clauses than these Graph does not take in one filter.
///
/// Source: its answer in microsoftgraph/microsoft-graph-docs#21098: "Too many
/// child clauses specified in search filter expression containing 'OR'
/// operators: 16. Max allowed: 15."
const CLAUSES: usize = 15;

/// Literals of more characters than these, percent-encoded, are asked for one
/// department after the other: so a URL has hardly more than the 2,048 characters
/// that "Advanced query capabilities on Microsoft Entra ID objects" names; for other
/// queries no limit is documented.
const LONGEST_LIST: usize = 1_200;

/// Room for most queries.
const USUAL: usize = 256;

/// The users of some departments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserQuery {
    pub(crate) departments: Departments,
    /// Only those whose account is, or is not, enabled.
    pub(crate) enabled: Option<bool>,
    /// Only those of this type.
    pub(crate) user_type: Option<UserType>,
    /// Only those whose display, given or family name begins like this.
    pub(crate) search: Option<Prefix>,
    pub(crate) select: Select,
    pub(crate) top: Top,
}

/// A part of a query that Graph takes at once.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    query: &'a UserQuery,
    departments: &'a [Department],
}

impl UserQuery {
    /// What Graph takes at once, one part after the other: no user is in two,
    /// as each has one department.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk<'_>> {
        let taken = self
            .search
            .as_ref()
            .map_or(0, |_| UserProperty::SEARCHED.len());
        let search = self.search.as_ref().map_or(0, |it| length(&it.0));
        let room = LONGEST_LIST.saturating_sub(taken * search);
        let mut rest = &self.departments.0[..];
        std::iter::from_fn(move || {
            let (departments, more) = rest.split_at(fitting(rest, CLAUSES - taken, room));
            rest = more;
            (!departments.is_empty()).then_some(Chunk {
                query: self,
                departments,
            })
        })
    }
}

/// The characters of `text` as a literal in a URL.
fn length(text: &str) -> usize {
    const QUOTE: usize = "%27".len();
    let inner: usize = encoded(text).map(str::len).sum();
    // Those around it, and each within once more.
    inner + QUOTE * (2 + text.matches('\'').count())
}

/// How many of `departments` fit into one filter: at most `clauses`, in so much
/// `room`, and one in any case.
fn fitting(departments: &[Department], clauses: usize, room: usize) -> usize {
    let mut taken = 0;
    let fits = |department: &&Department| {
        let first = taken == 0;
        taken += length(&department.0);
        first || taken <= room
    };
    departments.iter().take(clauses).take_while(fits).count()
}

impl UserQuery {
    /// All that is asked for, as text: the same for the same question alone.
    pub(crate) fn key(&self) -> String {
        let parts: Vec<_> = self.chunks().map(|chunk| chunk.first_page()).collect();
        parts.join("\n")
    }
}

impl Chunk<'_> {
    /// The query string that asks Graph for the first page.
    pub(super) fn first_page(&self) -> String {
        let mut query = String::with_capacity(USUAL);
        for (name, value) in self.parameters() {
            let before = if query.is_empty() { "" } else { "&" };
            query.extend([before, name, "="]);
            query.extend(encoded(&value));
        }
        query
    }

    /// The query, parameter by parameter.
    pub(super) fn parameters(&self) -> [(&'static str, String); 3] {
        [
            ("$select", self.query.select.parameter()),
            ("$filter", self.filter().to_string()),
            ("$top", self.query.top.0.to_string()),
        ]
    }

    fn filter(&self) -> Filter<'_> {
        let query = self.query;
        let mut filters = vec![in_departments(self.departments)];
        filters.extend(
            query
                .enabled
                .map(|it| Filter::Equals("accountEnabled", Literal::Bool(it))),
        );
        filters.extend(
            query
                .user_type
                .map(|it| Filter::Equals("userType", Literal::Text(it.as_str()))),
        );
        filters.extend(query.search.as_ref().map(|it| begins_with(&it.0)));
        Filter::All(filters)
    }
}

fn in_departments(departments: &[Department]) -> Filter<'_> {
    match departments {
        [only] => Filter::Equals("department", Literal::Text(&only.0)),
        several => {
            let values = several.iter().map(|it| Literal::Text(&it.0));
            Filter::In("department", values.collect())
        }
    }
}

fn begins_with(prefix: &str) -> Filter<'_> {
    let begins = |it: UserProperty| Filter::StartsWith(it.name(), Literal::Text(prefix));
    Filter::Any(UserProperty::SEARCHED.map(begins).into())
}

#[cfg(test)]
impl UserQuery {
    /// Everybody of `departments`, by ids alone, `top` on a page.
    pub(crate) fn of(departments: &[&str], top: u16) -> Self {
        Self {
            departments: Departments::read(departments.iter().copied()).unwrap(),
            enabled: None,
            user_type: None,
            search: None,
            select: "id".parse().unwrap(),
            top: Top(top),
        }
    }
}

#[cfg(test)]
mod tests;

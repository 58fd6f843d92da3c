//! A row as the operators leave it, and expressions over it.

use std::borrow::Cow;

use serde_json::json;

use super::{
    cell::Cell,
    query::{Comparison, Expression, Function, Query, Set, Step},
    resource::Resource,
};

/// What a row is made of.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    Resource(&'a Resource<'a>),
    /// The one row of `count`.
    Count(usize),
}

/// A row with its columns. They have values once they are asked for: of ten
/// thousand ordered rows, a page shows a few.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) base: Base<'a>,
    /// `project` and `extend`, in their order.
    pub(super) layers: &'a [&'a Step],
}

impl<'a> Row<'a> {
    pub(super) fn value(self, expression: &'a Expression) -> Cell<'a> {
        match expression {
            Expression::Path(path) => self.at(path),
            Expression::Literal(value) => Cell::of(Some(value)),
            Expression::Call(function, argument) => {
                let argument = self.value(argument);
                match function {
                    Function::ToText => Cell::Text(Cow::Owned(argument.text().into_owned())),
                    Function::IsEmpty => Cell::truth(argument.text().is_empty()),
                    Function::IsNotEmpty => Cell::truth(!argument.text().is_empty()),
                }
            }
            Expression::Compare(..)
            | Expression::OneOf(..)
            | Expression::All(_)
            | Expression::Any(_) => Cell::truth(self.meets(expression)),
        }
    }

    /// Whether `condition` is true of this row.
    pub(super) fn meets(self, condition: &'a Expression) -> bool {
        match condition {
            Expression::Compare(comparison, left, right) => {
                compare(*comparison, &self.value(left), &self.value(right))
            }
            Expression::OneOf(value, set) => is_in(set, &self.value(value)),
            Expression::All(parts) => parts.iter().all(|part| self.meets(part)),
            Expression::Any(parts) => parts.iter().any(|part| self.meets(part)),
            Expression::Path(_) | Expression::Literal(_) | Expression::Call(..) => {
                self.value(condition).is_true()
            }
        }
    }

    /// What stands at `path`, which begins with a column.
    pub(super) fn at(self, path: &'a [String]) -> Cell<'a> {
        let Some((column, below)) = path.split_first() else {
            return Cell::of(None);
        };
        let Some((last, layers)) = self.layers.split_last() else {
            return match self.base {
                Base::Resource(resource) => resource.at(path),
                Base::Count(rows) => Cell::Json(Cow::Owned(json!(rows))),
            };
        };
        let before = Self { layers, ..self };
        match last {
            Step::Project(columns) | Step::Extend(columns) => {
                match columns.iter().find(|(name, _)| name == column) {
                    Some((_, value)) => before.value(value).at(below),
                    None => before.at(path),
                }
            }
            Step::Where(_) | Step::Order(_) | Step::Take(_) | Step::Count => before.at(path),
        }
    }
}

impl Query {
    /// Whether `resource` passes the filters.
    pub(super) fn keeps<'a>(&'a self, resource: &'a Resource<'a>) -> bool {
        let base = Base::Resource(resource);
        let row = Row { base, layers: &[] };
        self.filters.iter().all(|condition| row.meets(condition))
    }
}

fn compare(comparison: Comparison, left: &Cell<'_>, right: &Cell<'_>) -> bool {
    let (left, right) = (left.text(), right.text());
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::EqualFolded => is_same(&left, &right),
        Comparison::NotEqualFolded => !is_same(&left, &right),
        Comparison::Contains => left.to_lowercase().contains(&right.to_lowercase()),
        Comparison::StartsWith => left.to_lowercase().starts_with(&right.to_lowercase()),
    }
}

/// Without regard to case. Almost all is ASCII, where nothing is copied.
fn is_same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase())
}

fn is_in(set: &Set, value: &Cell<'_>) -> bool {
    let value = value.text();
    if set.is_folded {
        return set.values.contains(&value.to_lowercase());
    }
    set.values.contains(&*value)
}

//! A row on its way through the operators, and expressions over it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{
    cell::Cell,
    query::{Comparison, Expression, Function, Query, Set},
    resource::Resource,
};

/// What operators have made of a resource.
#[derive(Clone)]
pub(super) struct Row<'a> {
    /// `None` once columns were chosen.
    resource: Option<&'a Resource<'a>>,
    made: Map<String, Value>,
}

impl<'a> Row<'a> {
    pub(super) fn of(resource: &'a Resource<'a>) -> Self {
        Self {
            resource: Some(resource),
            made: Map::new(),
        }
    }

    /// The one row of `count`.
    pub(super) fn count(rows: usize) -> Self {
        let made = [("Count".to_owned(), json!(rows))];
        Self {
            resource: None,
            made: made.into_iter().collect(),
        }
    }

    pub(super) fn project(&self, columns: &[(String, Expression)]) -> Self {
        Self {
            resource: None,
            made: self.values(columns).collect(),
        }
    }

    pub(super) fn extend(mut self, columns: &[(String, Expression)]) -> Self {
        let added: Vec<_> = self.values(columns).collect();
        self.made.extend(added);
        self
    }

    /// Every column.
    pub(super) fn into_object(self) -> Map<String, Value> {
        let mut columns = self.resource.map_or_else(Map::new, |it| it.whole().clone());
        columns.extend(self.made);
        columns
    }

    fn values(&self, columns: &[(String, Expression)]) -> impl Iterator<Item = (String, Value)> {
        columns
            .iter()
            .map(|(name, value)| (name.clone(), self.value(value).into_json()))
    }

    pub(super) fn value<'b>(&'b self, expression: &'b Expression) -> Cell<'b> {
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
    pub(super) fn meets(&self, condition: &Expression) -> bool {
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

    fn at<'b>(&'b self, path: &'b [String]) -> Cell<'b> {
        let Some((column, below)) = path.split_first() else {
            return Cell::of(None);
        };
        match (self.made.get(column), self.resource) {
            (Some(made), _) => Cell::below(Some(made), below),
            (None, Some(resource)) => resource.at(path),
            (None, None) => Cell::of(None),
        }
    }
}

impl Query {
    /// Whether `resource` passes the filters.
    pub(super) fn keeps(&self, resource: &Resource<'_>) -> bool {
        let row = Row::of(resource);
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

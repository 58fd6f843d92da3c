//! The operators of a query, one after the other.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use super::{
    cell::Cell,
    query::{Column, Direction, Expression, Query, Step},
    resource::Resource,
    row::{Base, Row},
};

/// The rows of a result, of which nothing was made yet.
pub(super) struct Found<'a> {
    bases: Vec<Base<'a>>,
    layers: Vec<&'a Step>,
}

/// What `query` makes of the `resources` that pass its filters.
pub(super) fn run<'a>(query: &'a Query, resources: &'a [Resource<'a>]) -> Found<'a> {
    let mut found = Found {
        bases: resources.iter().map(Base::Resource).collect(),
        layers: Vec::new(),
    };
    for step in &query.steps {
        found.apply(step);
    }
    found
}

impl<'a> Found<'a> {
    pub(super) fn total(&self) -> usize {
        self.bases.len()
    }

    /// The values of `columns`, row by row, of one page.
    pub(super) fn page(&self, columns: &[Column], skip: usize, top: usize) -> Vec<Vec<Value>> {
        let paths: Vec<_> = columns.iter().map(|it| [it.name.clone()]).collect();
        let bases = self.bases.iter().skip(skip).take(top);
        bases
            .map(|&base| {
                let row = Row {
                    base,
                    layers: &self.layers,
                };
                paths.iter().map(|path| row.at(path).into_json()).collect()
            })
            .collect()
    }

    fn apply(&mut self, step: &'a Step) {
        match step {
            Step::Project(_) | Step::Extend(_) => self.layers.push(step),
            Step::Where(condition) => {
                let layers = &self.layers;
                self.bases
                    .retain(|&base| Row { base, layers }.meets(condition));
            }
            Step::Order(keys) => self.order(keys),
            Step::Take(most) => self.bases.truncate(*most),
            Step::Count => {
                self.bases = vec![Base::Count(self.bases.len())];
                self.layers.clear();
            }
        }
    }

    fn order(&mut self, keys: &[(Expression, Direction)]) {
        let layers = &self.layers;
        self.bases.sort_by_cached_key(|&base| {
            let row = Row { base, layers };
            Key(keys
                .iter()
                .map(|(key, direction)| (row.value(key).into_json(), *direction))
                .collect())
        });
    }
}

/// By what a row is ordered.
struct Key(Vec<(Value, Direction)>);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let each = self.0.iter().zip(&other.0);
        each.fold(Ordering::Equal, |order, ((own, direction), (other, _))| {
            let next = Cell::Json(Cow::Borrowed(own)).order(&Cell::Json(Cow::Borrowed(other)));
            order.then(match direction {
                Direction::Ascending => next,
                Direction::Descending => next.reverse(),
            })
        })
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

//! The operators of a query, one after the other.

use std::{borrow::Cow, cmp::Ordering};

use super::{
    cell::Cell,
    query::{Direction, Expression, Query, Step},
    resource::Resource,
    row::Row,
};

/// The rows of a result. What makes one row of each is still to be done: it is
/// done to the rows of a page alone.
pub(super) struct Found<'a> {
    pub(super) rows: Vec<Row<'a>>,
    rest: &'a [Step],
}

/// What `query` makes of the `resources` that pass its filters.
pub(super) fn run<'a>(query: &'a Query, resources: &'a [Resource<'a>]) -> Found<'a> {
    let whole = query.steps.iter().rposition(|step| !step.is_row_by_row());
    let (first, rest) = query.steps.split_at(whole.map_or(0, |last| last + 1));
    let rows = resources.iter().map(Row::of).collect();
    let rows = first.iter().fold(rows, |rows, step| apply(step, rows));
    Found { rows, rest }
}

impl<'a> Found<'a> {
    /// The rows of one page, finished.
    pub(super) fn page(self, skip: usize, top: usize) -> Vec<Row<'a>> {
        let rest = self.rest;
        let mut rows: Vec<_> = self.rows.into_iter().skip(skip).take(top).collect();
        for step in rest {
            rows = apply(step, rows);
        }
        rows
    }
}

fn apply<'a>(step: &Step, mut rows: Vec<Row<'a>>) -> Vec<Row<'a>> {
    match step {
        Step::Where(condition) => rows.retain(|row| row.meets(condition)),
        Step::Project(columns) => {
            return rows.iter().map(|row| row.project(columns)).collect();
        }
        Step::Extend(columns) => {
            return rows.into_iter().map(|row| row.extend(columns)).collect();
        }
        Step::Order(keys) => return ordered(rows, keys),
        Step::Take(most) => rows.truncate(*most),
        Step::Count => return vec![Row::count(rows.len())],
    }
    rows
}

fn ordered<'a>(rows: Vec<Row<'a>>, keys: &[(Expression, Direction)]) -> Vec<Row<'a>> {
    let mut keyed: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let values = keys.iter().map(|(key, _)| row.value(key).into_json());
            (values.collect::<Vec<_>>(), row)
        })
        .collect();
    keyed.sort_by(|(left, _), (right, _)| {
        let each = left.iter().zip(right).zip(keys);
        each.fold(Ordering::Equal, |order, ((left, right), (_, direction))| {
            let next = Cell::Json(Cow::Borrowed(left)).order(&Cell::Json(Cow::Borrowed(right)));
            order.then(match direction {
                Direction::Ascending => next,
                Direction::Descending => next.reverse(),
            })
        })
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

//! From the text of a query to what it says.
//!
//! The part of the Kusto language that a client of virtual machines needs; all
//! else is refused as Azure refuses what it does not understand.
//!
//! Sources: "Understanding the Azure Resource Graph query language" (tables and
//! operators); Kusto documentation for each operator.

mod expression;
mod words;

use super::{
    lexer,
    query::{Column, Direction, Expression, Fault, Kind, Query, Step},
    resource,
};
use expression::{expression, kind_of};
use words::Words;

/// What `query` says.
pub(super) fn parse(query: &str) -> Result<Query, Fault> {
    let mut words = Words::new(lexer::words(query)?, query.len());
    let mut parsed = Query {
        filters: Vec::new(),
        steps: Vec::new(),
        columns: resource::columns(),
    };
    // Older queries begin with an operator: `where type =~ …`.
    if words.name_if(|it| it.eq_ignore_ascii_case("resources")) {
        if words.is_at_end() {
            return Ok(parsed);
        }
        words.sign("|")?;
    }
    loop {
        match step(&mut words, &parsed.columns)? {
            Step::Where(condition) if parsed.steps.is_empty() => parsed.filters.push(condition),
            step => {
                parsed.columns = after(&step, parsed.columns);
                parsed.steps.push(step);
            }
        }
        if words.is_at_end() {
            return Ok(parsed);
        }
        words.sign("|")?;
    }
}

fn step(words: &mut Words, columns: &[Column]) -> Result<Step, Fault> {
    let at = words.at();
    let name = words.name()?;
    match name.as_str() {
        "where" => Ok(Step::Where(expression(words, columns)?)),
        "project" => Ok(Step::Project(assignments(words, columns)?)),
        "extend" => Ok(Step::Extend(assignments(words, columns)?)),
        "order" | "sort" => order(words, columns),
        "limit" | "take" => words.number().map(Step::Take),
        "count" => Ok(Step::Count),
        _ => Err(Fault::at(at)),
    }
}

/// `a, b = expression, …`
fn assignments(words: &mut Words, columns: &[Column]) -> Result<Vec<(String, Expression)>, Fault> {
    let mut assigned: Vec<(String, Expression)> = Vec::new();
    loop {
        let at = words.at();
        let given = words.assigned_name();
        let value = expression(words, columns)?;
        // A path without a name of its own gets one, as in Kusto.
        let name = match (given, &value) {
            (Some(name), _) => name,
            (None, Expression::Path(path)) => path.join("_"),
            (None, _) => return Err(Fault::at(at)),
        };
        if assigned.iter().any(|(known, _)| *known == name) {
            return Err(Fault::at(at));
        }
        assigned.push((name, value));
        if !words.sign_if(",") {
            return Ok(assigned);
        }
    }
}

/// Descending, unless it is said otherwise.
fn order(words: &mut Words, columns: &[Column]) -> Result<Step, Fault> {
    words.keyword("by")?;
    let mut keys = Vec::new();
    loop {
        let key = expression(words, columns)?;
        let direction = if words.name_if(|it| it == "asc") {
            Direction::Ascending
        } else {
            words.name_if(|it| it == "desc");
            Direction::Descending
        };
        keys.push((key, direction));
        if !words.sign_if(",") {
            return Ok(Step::Order(keys));
        }
    }
}

/// The columns that `step` leaves of `columns`.
fn after(step: &Step, columns: Vec<Column>) -> Vec<Column> {
    let of = |assigned: &[(String, Expression)]| -> Vec<Column> {
        assigned
            .iter()
            .map(|(name, value)| Column {
                name: name.clone(),
                kind: kind_of(value, &columns),
            })
            .collect()
    };
    match step {
        Step::Where(_) | Step::Order(_) | Step::Take(_) => columns,
        Step::Project(assigned) => of(assigned),
        Step::Extend(assigned) => {
            let added = of(assigned);
            let kept = columns
                .into_iter()
                .filter(|it| added.iter().all(|new| new.name != it.name));
            kept.chain(added.iter().cloned()).collect()
        }
        Step::Count => vec![Column {
            name: "Count".to_owned(),
            kind: Kind::Integer,
        }],
    }
}

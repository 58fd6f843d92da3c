//! What has to hold of cursors that callers send back, and of rows that Graph sends.

use actix_web::web::Bytes;
use serde_json::value::RawValue;

use super::{
    Cursor, Export, Rows,
    position::{Passed, Position},
    replica,
};
use crate::azure::{self, UserChange, UserProperty, UserQuery, fuzz::users};

/// A cursor has one way to write it, and is of the query that it belongs to, if of any.
pub(crate) fn cursor(text: &str) {
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
        for query in users() {
            check_graph(&cursor, query);
        }
    }
    // What has the digest of a query in it is not guessed.
    if let Ok(place) = text.parse() {
        for query in users() {
            check_replica(query, &place);
        }
    }
}

fn check_graph(cursor: &Cursor, query: &UserQuery) {
    if let Ok(place) = cursor.place(query) {
        azure::fuzz::page_link(place.link.as_str());
        assert_eq!(Cursor::new(&place), *cursor);
    }
}

fn check_replica(query: &UserQuery, place: &replica::Place) {
    let given = Cursor::in_replica(query, place.clone());
    assert_eq!(given.to_string().parse(), Ok(given.clone()));
    for other in users() {
        let found = given.place_in_replica(other);
        assert_eq!(found == Ok(Some(place)), other == query, "{given:?}");
        assert!(given.place(other).is_err());
    }
}

/// Changes of the whole directory.
pub(crate) fn changes(changes: Vec<UserChange>) {
    replica::fuzz::changes(changes);
}

/// Rows are the same in every form in which they are handed on, and a listing that is
/// begun again finds where it was.
pub(crate) fn rows(array: &Bytes) {
    let rows = Rows::new(array.clone());
    let Ok(each) = rows.each() else {
        check_refused(&rows);
        return;
    };
    check_lines(&rows, each.len());
    check_table(&rows, each.len());
    check_positions(&each);
}

/// Rows that are no JSON pass through as they are, and are nothing else.
fn check_refused(rows: &Rows) {
    for form in [Export::Csv, Export::Ndjson] {
        assert!(form.part(&UserProperty::ALL, rows).is_err());
    }
}

fn check_lines(rows: &Rows, count: usize) {
    let lines = Export::Ndjson.part(&[], rows);
    let lines = lines.unwrap_or_default();
    assert_eq!(lines.split(|byte| *byte == b'\n').count(), count + 1);
}

/// Nothing in a cell is what a spreadsheet runs.
fn check_table(rows: &Rows, count: usize) {
    // Rows that are no objects, or nested beyond reason, are not Graph's.
    let Ok(table) = Export::Csv.part(&UserProperty::ALL, rows) else {
        return;
    };
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(&table[..]);
    let records: Result<Vec<csv::StringRecord>, _> = reader.records().collect();
    let records = records.unwrap_or_default();
    assert_eq!(records.len(), count);
    for cell in records.iter().flatten() {
        let begins = cell.trim_start_matches([' ', ';', '\t', '\r', '\n']);
        assert!(
            !begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
            "{cell:?}"
        );
    }
}

/// Wherever pages end, the same place is found again.
fn check_positions(each: &[&RawValue]) {
    let all = joined(each);
    let whole = Position::START.after(&all);
    let (first, second) = each.split_at(each.len() / 2);
    let half = Position::START.after(&joined(first));
    assert_eq!(half.after(&joined(second)), whole);
    assert_eq!(half.to_string().parse(), Ok(half));
    match Position::START.towards(half, &all) {
        Passed::Until(rest) => assert_eq!(rest.as_array(), joined(second).as_array()),
        Passed::All | Passed::Differs => panic!("it is the same"),
    }
}

fn joined(rows: &[&RawValue]) -> Rows {
    let rows: Vec<_> = rows.iter().map(|row| row.get()).collect();
    Rows::new(format!("[{}]", rows.join(",")).into())
}

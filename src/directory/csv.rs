//! Users as CSV (RFC 4180), for spreadsheets.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde_json::{Map, Value};

use super::{Rows, export::Unwritable};
use crate::azure::UserProperty;

/// What a spreadsheet takes for the beginning of a formula.
///
/// Source: OWASP, "CSV Injection".
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The same, where a cell begins with it.
const BLANKS: [char; 3] = ['\t', '\r', '\n'];

/// The header row.
pub(super) fn header(columns: &[UserProperty]) -> Result<Vec<u8>, Unwritable> {
    written(|writer| writer.write_record(columns.iter().map(|it| it.name())))
}

/// A record for each of `rows`.
pub(super) fn records(columns: &[UserProperty], rows: &Rows) -> Result<Vec<u8>, Unwritable> {
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(rows.as_array())?;
    written(|writer| {
        rows.iter().try_for_each(|row| {
            let cells = columns.iter().map(|it| cell(row.get(it.name())));
            writer.write_record(cells.map(|cell| inert(&cell).into_owned()))
        })
    })
}

fn written(
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Result<Vec<u8>, Unwritable> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    write(&mut writer)?;
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

/// The text of a value. What is a list has its items joined.
pub(crate) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| cell(Some(item))).collect();
            items.join("; ")
        }
        Some(other) => other.to_string(),
    }
}

/// `text`, with an apostrophe before whatever a spreadsheet would run. One that
/// separates cells by semicolons or tabs sees cells, and rows, within a cell.
fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(SIGNS) && !text.starts_with(BLANKS) {
        return Cow::Borrowed(text);
    }
    let mut inert = String::with_capacity(text.len() + 1);
    if text.starts_with(BLANKS) {
        inert.push('\'');
    }
    let mut begins = true;
    for letter in text.chars() {
        if begins && SIGNS.contains(&letter) {
            inert.push('\'');
        }
        begins = letter == ';' || BLANKS.contains(&letter) || (begins && letter == ' ');
        inert.push(letter);
    }
    Cow::Owned(inert)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [UserProperty; 3] = [
        UserProperty::DisplayName,
        UserProperty::BusinessPhones,
        UserProperty::AccountEnabled,
    ];

    fn record(row: &str) -> String {
        let rows = Rows::new(format!("[{row}]").into());
        String::from_utf8(records(&COLUMNS, &rows).unwrap()).unwrap()
    }

    #[test]
    fn cells_are_in_the_order_of_the_header() {
        let header = String::from_utf8(header(&COLUMNS).unwrap()).unwrap();
        assert_eq!(header, "displayName,businessPhones,accountEnabled\r\n");
        let row = r#"{"accountEnabled":true,"businessPhones":["1","2"],"displayName":"Ada"}"#;
        assert_eq!(record(row), "Ada,1; 2,true\r\n");
        assert_eq!(record(r#"{"displayName":null}"#), ",,\r\n");
    }

    #[test]
    fn what_would_end_a_cell_is_quoted() {
        let row = r#"{"displayName":"a,\"b\"\r\nc"}"#;
        assert_eq!(record(row), "\"a,\"\"b\"\"\r\nc\",,\r\n");
    }

    #[test]
    fn nothing_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"] {
            let row = format!("{{\"displayName\":{text:?}}}");
            assert_eq!(record(&row), format!("'{text},,\r\n"));
        }
        let tab = record(r#"{"displayName":"\t=1"}"#);
        assert_eq!(tab, "'\t'=1,,\r\n");
        let within = record(r#"{"displayName":"x; =1;\t@y - z"}"#);
        assert_eq!(within, "x; '=1;\t'@y - z,,\r\n");
        let phones = record(r#"{"businessPhones":["+1 555"]}"#);
        assert_eq!(phones, ",'+1 555,\r\n");
    }
}

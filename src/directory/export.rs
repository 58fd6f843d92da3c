//! Forms in which a whole listing is handed on, page by page.

use std::io;

use super::{Rows, csv};
use crate::azure::UserProperty;

/// A form in which all pages come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Rows that are not as Graph writes them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    /// They cannot be read.
    #[error("the users cannot be read")]
    Rows(#[from] serde_json::Error),
    /// They do not become a table.
    #[error("the users cannot be written as a table")]
    Csv(#[from] ::csv::Error),
    /// They could not be held.
    #[error("the users cannot be written")]
    Write(#[from] io::Error),
}

impl Export {
    /// What stands ahead of all rows.
    pub(crate) fn head(self, columns: &[UserProperty]) -> Result<Vec<u8>, Unwritable> {
        match self {
            Self::Csv => csv::header(columns),
            Self::Ndjson => Ok(Vec::new()),
        }
    }

    /// `rows`, each with the end of its line.
    pub(crate) fn part(self, columns: &[UserProperty], rows: &Rows) -> Result<Vec<u8>, Unwritable> {
        match self {
            Self::Csv => csv::records(columns, rows),
            Self::Ndjson => Ok(lines(rows)?),
        }
    }
}

/// One row a line. A row has no line break of its own but between its parts.
fn lines(rows: &Rows) -> Result<Vec<u8>, serde_json::Error> {
    let mut lines = Vec::with_capacity(rows.as_array().len() + 1);
    for row in rows.each()? {
        let line = row.get().bytes();
        lines.extend(line.map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                byte
            }
        }));
        lines.push(b'\n');
    }
    Ok(lines)
}

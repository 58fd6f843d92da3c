//! What has to hold of the cursors that callers send back.

use super::Cursor;
use crate::azure::{MachineQuery, MachineTop};

/// A cursor has one way to write it, and leads nowhere in a query that it is not of.
pub(crate) fn cursor(text: &str) {
    let Ok(cursor) = text.parse::<Cursor>() else {
        return;
    };
    assert_eq!(cursor.to_string(), text);
    let query = MachineQuery::listing([].into_iter(), None, MachineTop::default());
    if let Ok(token) = cursor.token(&query) {
        let given = Cursor::new(&query, token.clone());
        assert_eq!(given, cursor);
    }
}

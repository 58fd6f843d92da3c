//! What Graph can be asked here.
//!
//! Sources: "List users", "user: delta".

use std::borrow::Cow;

use super::entry::Entry;
use crate::graph::OPTIONS;

/// The header of advanced queries, and preferences, of which none changes a list
/// of users.
const LISTED: &[&str] = &["consistencylevel", "prefer"];

/// `$top`, `$orderby` and `$expand` are documented as not supported, and refused.
const CHANGES: &[&str] = &[
    "$select",
    "$filter",
    "$skiptoken",
    "$deltatoken",
    "$top",
    "$orderby",
    "$expand",
];

/// Below `/v1.0`. `Prefer` is not known of changes: `return=minimal` would have to
/// leave out what did not change.
pub(super) const USERS: &[Entry] = &[
    Entry::get("/v1.0/users", &OPTIONS).with_headers(LISTED),
    Entry::get("/v1.0/users/$count", &OPTIONS).with_headers(LISTED),
    Entry::get("/v1.0/users/delta", CHANGES),
    Entry::get("/v1.0/users/delta()", CHANGES),
    Entry::get("/v1.0/users/microsoft.graph.delta", CHANGES),
    Entry::get("/v1.0/users/microsoft.graph.delta()", CHANGES),
];

/// `path` without empty parts, as Graph reads it.
pub(super) fn path(path: &str) -> Cow<'_, str> {
    let is_empty = |part: &str| part.is_empty();
    if !path.split('/').skip(1).any(is_empty) {
        return Cow::from(path);
    }
    let parts = path.split('/').filter(|part| !is_empty(part));
    parts
        .fold(String::new(), |path, part| path + "/" + part)
        .into()
}

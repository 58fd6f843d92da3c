//! What shows of a user of what happened since some change.
//!
//! Sources: "Use delta query to track changes in Microsoft Graph data",
//! "Resource representation in the delta query response"; "user: delta".

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    People,
    record::{Record, Removal},
    user::User,
};
use crate::seed;

/// From where on changes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::graph) enum Since {
    /// Nothing is known yet.
    Ever,
    /// What came after this change.
    Change(u64),
}

impl People {
    /// The number of the last change.
    pub(in crate::graph) fn version(&self) -> u64 {
        self.version
    }

    /// How many users there are and were.
    pub(in crate::graph) fn population(&self) -> usize {
        self.records.len()
    }

    /// What is new of user `number`: all of `select` where the user came or came
    /// back, else only what changed, and nothing where that is not selected.
    ///
    /// The overview promises "at least the properties that have been updated";
    /// that "user: delta" has the others come along, unless they are declined
    /// with `Prefer: return=minimal`, is more than a client should build upon.
    pub(in crate::graph) fn news(
        &self,
        number: usize,
        since: Since,
        select: &[&str],
    ) -> Option<Value> {
        let record = self.records.get(number)?.as_deref();
        match (since, record) {
            (Since::Ever, _) => Some(whole(number, record, self.user(number)?, select)),
            (Since::Change(_), None) => None,
            (Since::Change(version), Some(record)) => match record.gone {
                Some(gone) => (gone.since > version).then(|| tombstone(number, gone.how)),
                None if record.appeared > Some(version) => self.present(number, select),
                None => record.touched(number, version, select),
            },
        }
    }

    /// User `number` as it is now.
    pub(in crate::graph) fn present(&self, number: usize, select: &[&str]) -> Option<Value> {
        let record = self.records.get(number)?.as_deref();
        match record.and_then(|record| record.gone) {
            Some(gone) => Some(tombstone(number, gone.how)),
            None => Some(whole(number, record, self.user(number)?, select)),
        }
    }
}

impl Record {
    /// What changed after `version`, null where it was cleared.
    fn touched(&self, number: usize, version: u64, select: &[&str]) -> Option<Value> {
        let is_new = |name: &&&str| self.changed.get(**name) > Some(&version);
        let mut shown: Map<_, _> = select
            .iter()
            .filter(is_new)
            .filter_map(|name| Some(((*name).to_owned(), self.properties.get(*name)?.clone())))
            .collect();
        if shown.is_empty() {
            return None;
        }
        shown.insert("id".to_owned(), json!(seed::user_id(number)));
        Some(Value::Object(shown))
    }
}

/// "If the property has never been set before it will not be included in the
/// response at all"; one that was cleared is null. `id` always comes along. That leaves out
/// what a listing has as null, and so as an empty collection
/// (microsoftgraph/microsoft-graph-docs#4946).
fn whole(number: usize, record: Option<&Record>, user: User<'_>, select: &[&str]) -> Value {
    let was_set = |name: &str| record.is_some_and(|record| record.changed.contains_key(name));
    let mut shown = Map::new();
    for name in select {
        if let Some(value) = user.get(name)
            && (!is_unset(&value) || was_set(name))
        {
            shown.insert((*name).to_owned(), value.into_owned());
        }
    }
    shown.insert("id".to_owned(), json!(seed::user_id(number)));
    Value::Object(shown)
}

fn is_unset(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// `changed`: it can be restored; `deleted`: it cannot.
fn tombstone(number: usize, how: Removal) -> Value {
    let reason = match how {
        Removal::Soft => "changed",
        Removal::Hard => "deleted",
    };
    json!({"id": seed::user_id(number), "@removed": {"reason": reason}})
}

//! What can be done to users.

use serde_json::{Map, Value};

use super::{
    Directory, People,
    record::{Gone, Record, Removal},
};
use crate::seed;

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    #[error("no user {0}")]
    NoUser(String),
    #[error("the user is gone already")]
    Gone,
    #[error("the user is not gone, or for good")]
    NotRemoved,
    #[error("users have no property {0} that can be set")]
    NoProperty(String),
    #[error("{0} cannot have this value")]
    WrongValue(&'static str),
}

impl Directory {
    /// Somebody new, of `department`.
    pub(crate) fn add(&self, department: Option<&str>) -> String {
        seed::user_id(self.write().add(department))
    }

    /// Sets properties; null clears one.
    pub(crate) fn change(
        &self,
        id: &str,
        properties: &Map<String, Value>,
    ) -> Result<(), NotChanged> {
        self.of(id, |people, number| people.change(number, properties))
    }

    /// Takes a user away, so that it can be restored.
    pub(crate) fn remove(&self, id: &str) -> Result<(), NotChanged> {
        self.of(id, People::remove)
    }

    /// Takes a user away for good.
    pub(crate) fn purge(&self, id: &str) -> Result<(), NotChanged> {
        self.of(id, People::purge)
    }

    /// Gets a user back that was removed.
    pub(crate) fn restore(&self, id: &str) -> Result<(), NotChanged> {
        self.of(id, People::restore)
    }

    fn of(
        &self,
        id: &str,
        act: impl FnOnce(&mut People, usize) -> Result<(), NotChanged>,
    ) -> Result<(), NotChanged> {
        let mut people = self.write();
        let number = people.number(id);
        let number = number.ok_or_else(|| NotChanged::NoUser(id.to_owned()))?;
        act(&mut people, number)
    }
}

impl People {
    pub(super) fn add(&mut self, department: Option<&str>) -> usize {
        let number = self.records.len();
        let mut record = Record::of(number);
        for (name, value) in [
            ("department", department.map_or(Value::Null, Value::from)),
            ("accountEnabled", Value::Bool(true)),
        ] {
            record.properties.insert(name.to_owned(), value);
        }
        record.appeared = Some(self.next());
        self.records.push(Some(Box::new(record)));
        number
    }

    /// All of `properties`, or none: a value that is there already is no change.
    pub(super) fn change(
        &mut self,
        number: usize,
        properties: &Map<String, Value>,
    ) -> Result<(), NotChanged> {
        let user = self.user(number).ok_or(NotChanged::Gone)?;
        let mut wanted = Vec::new();
        for (name, value) in properties {
            let name = settable(name, value)?;
            if user.get(name).as_deref() != Some(value) {
                wanted.push((name, value.clone()));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let version = self.next();
        let record = self.record(number);
        for (name, value) in wanted {
            record.properties.insert(name.to_owned(), value);
            record.changed.insert(name, version);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, number: usize) -> Result<(), NotChanged> {
        if self.user(number).is_none() {
            return Err(NotChanged::Gone);
        }
        self.take(number, Removal::Soft);
        self.removed.insert(number);
        Ok(())
    }

    pub(super) fn purge(&mut self, number: usize) -> Result<(), NotChanged> {
        if self.user(number).is_none() && !self.removed.remove(&number) {
            return Err(NotChanged::Gone);
        }
        self.take(number, Removal::Hard);
        Ok(())
    }

    pub(super) fn restore(&mut self, number: usize) -> Result<(), NotChanged> {
        if !self.removed.remove(&number) {
            return Err(NotChanged::NotRemoved);
        }
        let version = self.next();
        let record = self.record(number);
        record.gone = None;
        record.appeared = Some(version);
        Ok(())
    }

    fn take(&mut self, number: usize, how: Removal) {
        let since = self.next();
        self.record(number).gone = Some(Gone { since, how });
    }

    /// The number of the next change.
    fn next(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    fn record(&mut self, number: usize) -> &mut Record {
        self.records[number].get_or_insert_with(|| Box::new(Record::of(number)))
    }
}

/// The name of the property as Graph writes it, where `value` can be one of its.
fn settable(name: &str, value: &Value) -> Result<&'static str, NotChanged> {
    let known = seed::PROPERTIES
        .into_iter()
        .find(|known| *known == name && name != "id")
        .ok_or_else(|| NotChanged::NoProperty(name.to_owned()))?;
    let fits = match known {
        "accountEnabled" => value.is_boolean(),
        "businessPhones" => value
            .as_array()
            .is_some_and(|phones| phones.iter().all(Value::is_string)),
        _ => value.is_string() || value.is_null(),
    };
    fits.then_some(known).ok_or(NotChanged::WrongValue(known))
}

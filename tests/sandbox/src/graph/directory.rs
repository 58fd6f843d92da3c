//! The users as they are now, and when each of them changed.
//!
//! A user that nobody changed is its number: many sandboxes in one process, and
//! one with a hundred thousand users, cost what was changed in them.

mod change;
mod churn;
mod record;
mod since;
mod user;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use serde_json::Value;
use uuid::Uuid;

use super::case::folded;
use crate::seed;
pub(crate) use change::NotChanged;
use record::Record;
pub(super) use since::Since;
pub(super) use user::User;

/// Everybody, behind a lock.
pub(crate) struct Directory(RwLock<People>);

/// Everybody. A user keeps its number, also when it is gone.
pub(super) struct People {
    /// By number; nothing where a user is as the seed has it.
    records: Vec<Option<Box<Record>>>,
    /// How many changes there were.
    version: u64,
    /// Who is gone, but can be restored.
    removed: BTreeSet<usize>,
    /// Numbers by id, as far as they were needed.
    numbers: HashMap<Uuid, usize>,
}

impl Directory {
    /// `users` of them; unless it is said how many, as many as the seed has.
    pub(crate) fn new(users: Option<u32>) -> Self {
        let users = users.map_or(seed::SEED_USERS, |users| users as usize);
        Self(RwLock::new(People {
            records: std::iter::repeat_with(|| None).take(users).collect(),
            version: 0,
            removed: BTreeSet::new(),
            numbers: HashMap::new(),
        }))
    }

    /// Every department that has somebody in it: those of the seed in its order,
    /// then the others. Names that differ in case alone are one.
    pub(crate) fn departments(&self) -> Vec<String> {
        let people = self.read();
        let mut found: HashMap<String, String> = HashMap::new();
        for (_, user) in people.from(0) {
            if let Some(Value::String(name)) = user.get("department").as_deref() {
                found.entry(folded(name)).or_insert_with(|| name.clone());
            }
        }
        let known = seed::departments().filter_map(|name| found.remove(&folded(name)));
        let mut departments: Vec<_> = known.collect();
        let mut others: Vec<_> = found.into_values().collect();
        others.sort();
        departments.append(&mut others);
        departments
    }

    /// The ids of those who are in `department`.
    pub(crate) fn ids(&self, department: &str) -> BTreeSet<String> {
        let department = folded(department);
        let people = self.read();
        let of = |user: &User<'_>| match user.get("department").as_deref() {
            Some(Value::String(own)) => folded(own) == department,
            _ => false,
        };
        let users = people.from(0).filter(|(_, user)| of(user));
        users.map(|(number, _)| seed::user_id(number)).collect()
    }

    /// The numbers of those with these ids; nothing where there are no ids.
    pub(super) fn numbers(&self, ids: &[String]) -> Option<HashSet<usize>> {
        if ids.is_empty() {
            return None;
        }
        let mut people = self.write();
        Some(ids.iter().filter_map(|id| people.number(id)).collect())
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, People> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, People> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    /// Those who are there, with their numbers, from `number` on.
    pub(super) fn from(&self, number: usize) -> impl Iterator<Item = (usize, User<'_>)> {
        (number..self.records.len()).filter_map(|number| Some((number, self.user(number)?)))
    }

    /// User `number`, unless it is gone.
    fn user(&self, number: usize) -> Option<User<'_>> {
        match self.records.get(number)? {
            None => Some(User::Seed(number)),
            Some(record) => record.user(),
        }
    }

    /// The number of the user with this id, gone or not.
    fn number(&mut self, id: &str) -> Option<usize> {
        for number in self.numbers.len()..self.records.len() {
            if let Ok(id) = Uuid::parse_str(&seed::user_id(number)) {
                self.numbers.insert(id, number);
            }
        }
        self.numbers.get(&Uuid::parse_str(id).ok()?).copied()
    }
}

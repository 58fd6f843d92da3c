//! Every user of the tenant, by department and id.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use actix_web::web::Bytes;

use super::row::Row;
use crate::azure::{UserChange, UserProperty};

/// A user's id, held once for both ways to the user.
type Id = Arc<str>;

/// A department, folded, or none: users without one are kept, too, as a change
/// that gives them one need not tell the rest of them.
pub(super) type Home = Option<Arc<str>>;

/// What a page of changes is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// A synchronization of everybody, with this number.
    Full(u32),
    /// The changes since that one.
    Changes(u32),
}

/// Every user, in the order of their ids within each department.
#[derive(Default)]
pub(super) struct Store {
    homes: HashMap<Id, Home>,
    rows: HashMap<Home, BTreeMap<Id, Row>>,
    /// The last full synchronization that told of anybody.
    latest: u32,
    /// How many it, and the changes since, told of.
    told: usize,
}

impl Store {
    /// How many users there are.
    pub(super) fn len(&self) -> usize {
        self.homes.len()
    }

    /// How many of them the last full synchronization, and the changes since, told
    /// of; the others may have left.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// The users of `department`, which is folded, from after `id` on.
    pub(super) fn users<'s>(
        &'s self,
        department: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&'s str, &'s Row)> + use<'s> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let users = self.rows.get(&Some(department.into()));
        users
            .map(|users| users.range::<str, _>((start, Bound::Unbounded)))
            .into_iter()
            .flatten()
            .map(|(id, row)| (&**id, row))
    }

    /// Takes `change` in. The same change twice is as good as once.
    pub(super) fn apply(&mut self, change: UserChange, round: Round) {
        let (Round::Full(number) | Round::Changes(number)) = round;
        if number != self.latest {
            (self.latest, self.told) = (number, 0);
        }
        match change {
            UserChange::Gone(id) => self.remove(&id),
            UserChange::Present { id, properties } => self.put(&id, &properties, round),
        }
    }

    /// Every department there is.
    pub(super) fn departments(&self) -> Vec<Home> {
        self.rows.keys().cloned().collect()
    }

    /// Whether anybody has one.
    pub(super) fn has_departments(&self) -> bool {
        self.rows.len() > usize::from(self.rows.contains_key(&None))
    }

    /// Removes who is of `department` and was not told of in the full
    /// synchronization `round`. One department at a time: the lock that this
    /// stands under is not to be held for long.
    pub(super) fn sweep(&mut self, department: &Home, round: u32) {
        let Some(users) = self.rows.get_mut(department) else {
            return;
        };
        let homes = &mut self.homes;
        users.retain(|id, row| {
            let stays = row.round == round;
            if !stays {
                homes.remove(id);
            }
            stays
        });
        if users.is_empty() {
            self.rows.remove(department);
        }
    }

    fn put(&mut self, id: &str, properties: &[(UserProperty, Bytes)], round: Round) {
        let (Round::Full(number) | Round::Changes(number)) = round;
        let Some((id, home)) = self.homes.get_key_value(id) else {
            return self.insert(id.into(), Row::new(properties, number));
        };
        let (id, home) = (Arc::clone(id), home.clone());
        let known = self.rows.get_mut(&home).and_then(|it| it.get_mut(&id));
        let Some(known) = known else {
            return self.insert(id, Row::new(properties, number));
        };
        // In a full synchronization everything that is set is told: what is not
        // has been cleared while nobody listened. Told again, it may be in part.
        let row = if round == Round::Full(number) && known.round != number {
            Row::new(properties, number)
        } else {
            known.merged(properties, number)
        };
        if row.department().as_deref() == home.as_deref() {
            self.told += usize::from(known.round != number);
            *known = row;
        } else {
            self.leave(&home, &id);
            self.insert(id, row);
        }
    }

    fn insert(&mut self, id: Id, row: Row) {
        let department = row.department().map(Arc::from);
        // The department's name is held once for all of its users.
        let known = self.rows.get_key_value(&department);
        let home = known.map_or(department, |(known, _)| known.clone());
        self.told += usize::from(row.round == self.latest);
        self.homes.insert(Arc::clone(&id), home.clone());
        self.rows.entry(home).or_default().insert(id, row);
    }

    fn remove(&mut self, id: &str) {
        if let Some(home) = self.homes.remove(id) {
            self.leave(&home, id);
        }
    }

    fn leave(&mut self, home: &Home, id: &str) {
        let Some(users) = self.rows.get_mut(home) else {
            return;
        };
        let left = users.remove(id);
        self.told -= usize::from(left.is_some_and(|row| row.round == self.latest));
        if users.is_empty() {
            self.rows.remove(home);
        }
    }
}

#[cfg(test)]
mod tests;

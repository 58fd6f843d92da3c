//! What became of one user.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::user::User;
use crate::seed;

/// A user that is not as the seed has it. Times are the number of a change.
pub(super) struct Record {
    pub(super) properties: Map<String, Value>,
    /// When each property changed last.
    pub(super) changed: BTreeMap<&'static str, u64>,
    /// When the user came, or came back; none: it was always there.
    pub(super) appeared: Option<u64>,
    pub(super) gone: Option<Gone>,
}

/// That a user is not there any more.
#[derive(Clone, Copy)]
pub(super) struct Gone {
    pub(super) since: u64,
    pub(super) how: Removal,
}

/// How a user went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// It can be restored.
    Soft,
    /// It cannot.
    Hard,
}

impl Record {
    /// User `number` as the seed has it.
    pub(super) fn of(number: usize) -> Self {
        Self {
            properties: seed::user(number),
            changed: BTreeMap::new(),
            appeared: None,
            gone: None,
        }
    }

    pub(super) fn user(&self) -> Option<User<'_>> {
        self.gone
            .is_none()
            .then_some(User::Changed(&self.properties))
    }
}

//! A user, to be looked at.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::seed;

/// One user, as the seed has it or as it was changed.
#[derive(Clone, Copy)]
pub(in crate::graph) enum User<'a> {
    Seed(usize),
    Changed(&'a Map<String, Value>),
}

impl<'a> User<'a> {
    /// The property `name`; what many users have in common is lent.
    pub(in crate::graph) fn get(&self, name: &str) -> Option<Cow<'a, Value>> {
        match *self {
            Self::Seed(number) => seed::property(number, name),
            Self::Changed(properties) => properties.get(name).map(Cow::Borrowed),
        }
    }
}

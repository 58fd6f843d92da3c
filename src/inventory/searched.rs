//! Where a virtual machine was looked for, in words.

use std::fmt;

use super::Narrowing;
use crate::config::{ResourceGroup, Scopes, SubscriptionId};

/// More than these are counted and not named.
const NAMED: usize = 5;

/// Where a virtual machine was looked for. `Display` is for the log, and for a command on
/// this host: it has the names of groups and subscriptions that a caller may not know of.
#[derive(Clone, Debug, thiserror::Error)]
#[error("what came into question is {}", words(.scopes))]
pub(crate) struct Searched {
    narrowing: Narrowing,
    scopes: Scopes,
}

impl Searched {
    /// `scopes`, as whoever asked was after `narrowing`.
    pub(super) fn new(narrowing: &Narrowing, scopes: Scopes) -> Self {
        Self {
            narrowing: narrowing.clone(),
            scopes,
        }
    }

    /// In the words of whoever asked: they hear of nothing that they did not name.
    pub(super) fn as_asked(&self) -> impl fmt::Display {
        let Narrowing {
            subscription_id,
            resource_group,
        } = &self.narrowing;
        let subscription = subscription_id.as_ref().map(SubscriptionId::as_str);
        match (
            subscription,
            resource_group.as_ref().map(ResourceGroup::as_str),
        ) {
            (None, None) => "among what is served".to_owned(),
            (Some(id), None) => format!("in the subscription {id}"),
            (None, Some(group)) => format!("in a resource group {group}"),
            (Some(id), Some(group)) => {
                format!("in the resource group {group} of the subscription {id}")
            }
        }
    }
}

fn words(scopes: &Scopes) -> String {
    let mut all = scopes.iter();
    let named: Vec<_> = all.by_ref().take(NAMED).map(ToString::to_string).collect();
    let named = named.join(", ");
    match all.count() {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

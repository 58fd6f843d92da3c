//! What callers may do: decided by Cedar policies, which are read anew when they
//! change.

mod action;
mod ask;
mod decision;
mod fault;
mod fold;
mod index;
mod lint;
mod load;
mod names;
mod set;
mod source;
mod vocabulary;

use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use action::Action;
pub(crate) use ask::{Ask, Machine, fields};
pub(crate) use decision::{Decision, Denial, Grounds, Reason, Shadow};
pub(crate) use fault::{Fault, Faults};
pub(crate) use set::{Entry, PolicySet};
pub(crate) use source::Source;

use crate::access::Caller;

/// The policies that hold, for all workers; cloning it copies nothing.
#[derive(Clone)]
pub(crate) struct Policies(Arc<Inner>);

struct Inner {
    source: Source,
    /// Replaced as a whole: a decision has one set from its beginning to its end.
    held: RwLock<Arc<PolicySet>>,
}

impl Policies {
    /// The policies of `source`, or all that is wrong with them.
    pub(crate) fn load(source: Source) -> Result<Self, Faults> {
        let set = load::load(&source)?;
        Ok(Self(Arc::new(Inner {
            source,
            held: RwLock::new(Arc::new(set)),
        })))
    }

    /// The set that holds now. Decisions that belong together, such as those of a
    /// listing, are made by one.
    pub(crate) fn current(&self) -> Arc<PolicySet> {
        Arc::clone(&self.0.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `caller` may do what is asked.
    pub(crate) fn decide(&self, caller: &Caller, ask: &Ask<'_>) -> Decision {
        self.current().decide(caller, ask)
    }

    /// See [`PolicySet::needs_tags`].
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        self.current().needs_tags(action)
    }

    /// See [`PolicySet::may_ever`].
    pub(crate) fn may_ever(&self, caller: &Caller, action: Action) -> bool {
        self.current().may_ever(caller, action)
    }
}

#[cfg(test)]
mod tests;

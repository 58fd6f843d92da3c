//! What callers may do: decided by Cedar policies, which are read anew when they
//! change.

mod action;
mod annotations;
mod ask;
mod decision;
mod explain;
mod fault;
mod fold;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod index;
mod known;
mod lint;
mod load;
mod names;
mod nesting;
mod reload;
mod set;
mod source;
mod vocabulary;
mod warrant;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

pub(crate) use action::Action;
pub(crate) use ask::{Ask, Machine, OnVm, fields};
pub(crate) use decision::{Decision, Denial, Grounds, Reason, Shadow};
pub(crate) use explain::Bearing;
pub use fault::Faults;
pub(crate) use reload::Standing;
pub(crate) use set::{Entry, PolicySet};
pub(crate) use source::Source;
pub(crate) use warrant::Warrant;

use crate::{access::Caller, metrics::Metrics};

/// The policies that hold, for all workers; cloning it copies nothing.
#[derive(Clone)]
pub(crate) struct Policies(Arc<Inner>);

struct Inner {
    source: Source,
    /// Replaced as a whole: a decision has one set from its beginning to its end.
    held: RwLock<Arc<PolicySet>>,
    refused: Mutex<Option<Faults>>,
    metrics: Metrics,
}

impl Policies {
    /// The policies of `source`, or all that is wrong with them.
    pub(crate) fn load(source: Source, metrics: Metrics) -> Result<Self, Faults> {
        let set = PolicySet::load(&source)?;
        metrics.policies_loaded(&set.summary());
        Ok(Self(Arc::new(Inner {
            source,
            held: RwLock::new(Arc::new(set)),
            refused: Mutex::default(),
            metrics,
        })))
    }

    /// The set that holds now. Decisions that belong together, such as those on the
    /// rows of a listing, are made by one; they are neither counted nor logged.
    pub(crate) fn current(&self) -> Arc<PolicySet> {
        Arc::clone(&self.0.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `caller` may do what is asked. It is counted, and so is what shadow
    /// policies would change, which is logged as well.
    pub(crate) fn decide(&self, caller: &Caller, ask: &Ask<'_>) -> Arc<Decision> {
        let decision = self.current().decide(caller, ask);
        let action = ask.action().as_str();
        self.0.metrics.policy_decided(action, decision.label());
        let shadow = decision.shadow();
        if *shadow != Shadow::Same {
            let (would, policies) = (shadow.label(), shadow.policies().join(", "));
            self.0.metrics.policy_shadow_differs(action, would);
            tracing::info!(
                action,
                would,
                policies,
                "shadow policies would decide otherwise"
            );
        }
        decision
    }

    /// See [`PolicySet::needs_tags`].
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        self.current().needs_tags(action)
    }

    /// Refuses `caller` where no policy could permit `action` on anything, and none in
    /// shadow would have to be asked.
    pub(crate) fn admit(&self, caller: &Caller, action: Action) -> Result<(), Denial> {
        let set = self.current();
        if set.has_shadow(action) || set.may_ever(caller, action) {
            return Ok(());
        }
        let denial = set.none_permits(action);
        let label = denial.reason.label();
        self.0.metrics.policy_decided(action.as_str(), label);
        Err(denial)
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Policies({})", self.current().version)
    }
}

#[cfg(test)]
mod tests;

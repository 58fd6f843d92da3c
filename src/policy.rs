//! What callers may do: decided by Cedar policies, which are read anew when they
//! change.

mod action;
mod annotations;
mod ask;
mod decision;
mod explain;
mod fault;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod index;
mod known;
mod load;
mod misspelt;
mod names;
mod nesting;
mod normalize;
mod reload;
mod set;
mod source;
mod vocabulary;
mod warrant;
mod whom;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

pub(crate) use action::Action;
pub(crate) use ask::{Ask, Machine, OnVm, fields};
pub(crate) use decision::{Decision, Denial, Grounds, Reason, Shadow};
pub(crate) use explain::Bearing;
pub use fault::Faults;
pub(crate) use fault::{Error, Fault, ODD};
pub(crate) use reload::Standing;
pub(crate) use set::{Entry, PolicySet};
pub(crate) use source::Source;
pub(crate) use warrant::Warrant;

use crate::{access::Caller, config::Callers, metrics::Metrics};

/// The policies that hold, for all workers; cloning it copies nothing.
#[derive(Clone)]
pub(crate) struct Policies(Arc<Inner>);

struct Inner {
    source: Source,
    callers: Option<Callers>,
    /// Replaced as a whole: a decision has one set from its beginning to its end.
    held: RwLock<Arc<PolicySet>>,
    refused: Mutex<Option<Faults>>,
    metrics: Metrics,
}

impl Policies {
    /// See [`PolicySet::load`].
    pub(crate) fn load(
        source: Source,
        callers: Option<Callers>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let set = PolicySet::load(&source, callers.as_ref())?;
        set.tell_warnings();
        metrics.policies_loaded(&set.summary());
        Ok(Self(Arc::new(Inner {
            source,
            callers,
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
        let action = ask.action();
        let metrics = &self.0.metrics;
        metrics.policy_decided(action.as_str(), decision.label());
        self.count_shadow(action, decision.shadow());
        decision
    }

    /// Counts what shadow policies that look at tags would change of `what`, which was
    /// permitted without a look at the tags that `machine` has by now.
    pub(crate) fn try_tags(&self, caller: &Caller, what: OnVm, machine: Machine<'_>) {
        let (set, action) = (self.current(), what.action());
        if set.needs_tags(action) || !set.tries_tags(action) {
            return;
        }
        let unseen = Machine {
            tags: None,
            ..machine
        };
        // What the others would change was counted with the decision.
        if *set.decide(caller, &what.to(unseen)).shadow() == Shadow::Same {
            self.count_shadow(action, set.decide(caller, &what.to(machine)).shadow());
        }
    }

    /// See [`PolicySet::needs_tags`].
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        self.current().needs_tags(action)
    }

    /// Refuses `caller` where no policy could permit any of `actions` on anything, each
    /// for itself. Policies in shadow let nobody in: who is refused here must not learn
    /// by a look-up what there is.
    pub(crate) fn admit(&self, caller: &Caller, actions: &[Action]) -> Result<(), Vec<Denial>> {
        let set = self.current();
        if actions.iter().any(|action| set.may_ever(caller, *action)) {
            return Ok(());
        }
        let denials = actions.iter().map(|it| set.none_permits(caller, *it));
        let denials: Vec<_> = denials.collect();
        // It is one call: what its caller is told counts.
        if let Some(told) = denials.first() {
            let (action, reason) = (told.action.as_str(), told.reason.label());
            self.0.metrics.policy_decided(action, reason);
        }
        for denial in &denials {
            self.count_shadow(denial.action, &denial.shadow);
        }
        Err(denials)
    }

    fn count_shadow(&self, action: Action, shadow: &Shadow) {
        if *shadow == Shadow::Same {
            return;
        }
        let (action, would) = (action.as_str(), shadow.label());
        let policies = shadow.policies().join(", ");
        self.0.metrics.policy_shadow_differs(action, would);
        tracing::info!(
            action,
            would,
            policies,
            "shadow policies would decide otherwise"
        );
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Policies({})", self.current().version)
    }
}

#[cfg(test)]
mod tests;

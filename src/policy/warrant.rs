//! What one request may do: whoever makes it, before the policies that hold.

use std::sync::Arc;

use super::{Action, Ask, Decision, Denial, Machine, OnVm, Policies};
use crate::access::Caller;

/// By what right something is done. What may be denied takes one, so that it cannot be
/// reached undecided.
#[derive(Clone, Debug)]
pub(crate) enum Warrant {
    /// A command on this host: whoever may run it holds the identity themselves.
    Host,
    /// A caller of the API.
    Caller(Arc<Caller>, Policies),
}

impl Warrant {
    pub(crate) fn of(caller: Arc<Caller>, policies: Policies) -> Self {
        Self::Caller(caller, policies)
    }

    /// Who it is; nobody is asked on this host.
    pub(crate) fn caller(&self) -> &Caller {
        match self {
            Self::Host => &Caller::Anonymous,
            Self::Caller(caller, _) => caller,
        }
    }

    /// The policies that permit what is asked, by name; none decides on this host.
    pub(crate) fn permits(&self, ask: &Ask<'_>) -> Result<Arc<[String]>, Denial> {
        let Self::Caller(caller, policies) = self else {
            return Ok(Arc::default());
        };
        match &*policies.decide(caller, ask) {
            Decision::Permit(grounds) => Ok(Arc::clone(&grounds.policies)),
            Decision::Deny(denial) => Err(denial.clone()),
        }
    }

    /// The same, and not counted; `None` where it is not permitted.
    pub(crate) fn grounds(&self, ask: &Ask<'_>) -> Option<Arc<[String]>> {
        let Self::Caller(caller, policies) = self else {
            return Some(Arc::default());
        };
        match &*policies.current().decide(caller, ask) {
            Decision::Permit(grounds) => Some(Arc::clone(&grounds.policies)),
            Decision::Deny(_) => None,
        }
    }

    /// For each of `asks`, whether it is permitted: rows of one answer, decided by one
    /// set of policies, and not counted.
    pub(crate) fn sees<'a>(&self, asks: impl IntoIterator<Item = Ask<'a>>) -> Vec<bool> {
        let asks = asks.into_iter();
        match self {
            Self::Host => asks.map(|_| true).collect(),
            Self::Caller(caller, policies) => {
                let set = policies.current();
                asks.map(|ask| set.decide(caller, &ask).is_permit())
                    .collect()
            }
        }
    }

    /// Whether a machine has to be looked at before `action` on it can be decided.
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        match self {
            Self::Host => false,
            Self::Caller(_, policies) => policies.needs_tags(action),
        }
    }

    /// Counts what shadow policies say of `what` that was permitted, now that `machine`
    /// has been looked at for it; they are no reason to look.
    pub(crate) fn tries(&self, what: OnVm, machine: Machine<'_>) {
        match self {
            Self::Host => {}
            Self::Caller(caller, policies) => policies.try_tags(caller, what, machine),
        }
    }

    /// Whether `action` may be permitted on anything at all; it is not counted.
    pub(crate) fn may_ever(&self, action: Action) -> bool {
        match self {
            Self::Host => true,
            Self::Caller(caller, policies) => policies.current().may_ever(caller, action),
        }
    }

    /// Whether any of `actions` may be permitted on anything at all; what is denied
    /// here, each for itself, need not be looked for.
    pub(crate) fn admits(&self, actions: &[Action]) -> Result<(), Vec<Denial>> {
        match self {
            Self::Host => Ok(()),
            Self::Caller(caller, policies) => policies.admit(caller, actions),
        }
    }
}

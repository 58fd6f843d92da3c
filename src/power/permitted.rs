//! Whether who asks for something on a machine may have it.

use std::sync::Arc;

use super::{Error, Power};
use crate::{
    audit::{Denied, Requester},
    azure::{VirtualMachine, VirtualMachineId},
    http::Context,
    inventory,
    policy::{Machine, OnVm, Warrant},
};

impl Power {
    /// Counts a change of `machine` that is about to be sent.
    pub(super) fn count(&self, machine: &VirtualMachineId) -> Result<(), Error> {
        let counted = self.limits.enter(machine);
        counted.map_err(|exceeded| Error::TooMany(machine.name.clone(), exceeded))
    }

    /// `requester`, with the policies that permit it to do `what` to `machine`, which
    /// is looked at first where policies want to know its tags. What is denied is
    /// written down.
    pub(super) async fn permitted(
        &self,
        what: OnVm,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Arc<Requester>, Error> {
        let seen;
        let tags = if requester.warrant.needs_tags(what.action()) {
            seen = self.looked_at(machine, context).await?;
            Some(&seen.tags)
        } else {
            None
        };
        let asked = Machine { id: machine, tags };
        let policies = self.decided(what, asked, requester, context).await?;
        Ok(Arc::new(requester.on(policies)))
    }

    /// `machine` as it is for `what` was permitted: it still has to be by the tags that it
    /// has now, as an order may have waited for another one. With it comes `requester` with
    /// the policies that permit it now. Shadow policies that look at tags have their say.
    pub(super) async fn looked_at_for(
        &self,
        what: OnVm,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<(VirtualMachine, Arc<Requester>), Error> {
        let (seen, warrant) = (self.looked_at(machine, context).await?, &requester.warrant);
        let asked = Machine {
            id: machine,
            tags: Some(&seen.tags),
        };
        let requester = if warrant.needs_tags(what.action()) {
            // Counted once, unless it is another decision.
            let policies = match warrant.grounds(&what.to(asked)) {
                Some(policies) => policies,
                None => self.decided(what, asked, requester, context).await?,
            };
            Arc::new(requester.on(policies))
        } else {
            Arc::clone(requester)
        };
        warrant.tries(what, asked);
        Ok((seen, requester))
    }

    /// The policies that permit `what`. What is denied is written down.
    async fn decided(
        &self,
        what: OnVm,
        machine: Machine<'_>,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Arc<[String]>, Error> {
        let denial = match requester.warrant.permits(&what.to(machine)) {
            Ok(policies) => return Ok(policies),
            Err(denial) => denial,
        };
        let denied = Denied::by_policy(&denial, Some(machine.id.to_string()));
        self.audit.denied(denied, requester);
        let name = machine.id.name.clone();
        let is_seen = self.may(OnVm::Get, machine, requester, context).await?;
        Err(if is_seen {
            Error::Denied(name, denial)
        } else {
            Error::Hidden(name, denial)
        })
    }

    /// Whether `requester`, who was denied something else, may do `what` to `machine`.
    /// Where its tags decide that, it is looked at; not for who could not whatever they are,
    /// as looks are few.
    pub(super) async fn may(
        &self,
        what: OnVm,
        machine: Machine<'_>,
        requester: &Requester,
        context: &Context,
    ) -> Result<bool, Error> {
        let (warrant, action) = (&requester.warrant, what.action());
        let is_blind = machine.tags.is_none() && warrant.needs_tags(action);
        if !is_blind {
            return Ok(is_permitted(warrant, what, machine));
        }
        if !warrant.may_ever(action) {
            return Ok(false);
        }
        match self.looked_at(machine.id, context).await {
            Ok(seen) => {
                let tags = Some(&seen.tags);
                Ok(is_permitted(warrant, what, Machine { tags, ..machine }))
            }
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn is_permitted(warrant: &Warrant, what: OnVm, machine: Machine<'_>) -> bool {
    warrant.grounds(&what.to(machine)).is_some()
}

/// Whether `error` would tell whoever wants to do `what`, and may know of no machine there,
/// whether there is one.
pub(super) fn tells(error: &Error, what: OnVm, requester: &Requester) -> bool {
    let is_looked_at = requester.warrant.needs_tags(what.action());
    matches!(error, Error::Hidden(..)) || (is_looked_at && error.is_not_found())
}

/// `error` as `requester`, who wants to do `what`, may be told it: of several machines,
/// those that they may see or do it to. What tags would decide is left out, as nobody
/// has looked at them.
pub(super) fn known(
    error: inventory::Error,
    what: OnVm,
    requester: &Requester,
) -> inventory::Error {
    let inventory::Error::Ambiguous(namesakes) = error else {
        return error;
    };
    let permitted = |what: OnVm| {
        let machines = namesakes.machines().iter();
        let asks = machines.map(|id| what.to(Machine { id, tags: None }));
        requester.warrant.sees(asks)
    };
    let seen = permitted(OnVm::Get).into_iter().zip(permitted(what));
    let known: Vec<_> = seen.map(|(is_seen, is_done)| is_seen || is_done).collect();
    namesakes.known(&known)
}

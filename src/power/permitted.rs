//! Whether who asks for something on a machine may have it.

use std::sync::Arc;

use super::{Error, Power};
use crate::{
    audit::{Denied, Requester},
    azure::{VirtualMachine, VirtualMachineId},
    http::Context,
    inventory,
    policy::{Machine, OnVm},
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
        let ask = what.to(Machine { id: machine, tags });
        match requester.warrant.permits(&ask) {
            Ok(policies) => Ok(Arc::new(requester.on(policies))),
            Err(denial) => {
                let denied = Denied::by_policy(&denial, Some(machine.to_string()));
                self.audit.denied(denied, requester);
                Err(Error::Denied(machine.name.clone(), denial))
            }
        }
    }
}

/// Lets shadow policies that look at tags have their say on `what` was permitted, now
/// that `machine` was looked at for it.
pub(super) fn tried(
    what: OnVm,
    machine: &VirtualMachineId,
    seen: &VirtualMachine,
    requester: &Requester,
) {
    let tags = Some(&seen.tags);
    requester.warrant.tries(what, Machine { id: machine, tags });
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

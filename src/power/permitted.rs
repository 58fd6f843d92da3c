//! Whether who asks for something on a machine may have it.

use std::sync::Arc;

use super::{Error, Power};
use crate::{
    audit::{Denied, Requester},
    azure::{VirtualMachine, VirtualMachineId},
    http::Context,
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

//! What an order would come to, learnt without sending it.

use std::sync::Arc;

use super::{
    Error, Power, Precedence, Target,
    id::as_written,
    plan::{Intent, plan},
};
use crate::{
    audit::Requester,
    azure::{Order, VirtualMachine, VirtualMachineId},
    http::Context,
    policy::OnVm,
};

/// A machine as it was looked at for an order, and what the order comes to.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    pub(crate) seen: VirtualMachine,
    /// As Azure writes it.
    pub(crate) machine: VirtualMachineId,
    pub(crate) intent: Intent,
    /// With the policies that permit it by the tags that were seen.
    pub(crate) requester: Arc<Requester>,
}

impl Power {
    /// What `order` for the machine at `target` would come to now. It is refused
    /// for what the order itself would be refused for here, but for limits and for a record
    /// that cannot be written; what Azure would say to it is not learnt.
    pub(crate) async fn rehearse(
        &self,
        order: Order,
        target: &Target,
        precedence: Precedence,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Rehearsal, Error> {
        let what = OnVm::Order(order.action);
        self.at(target, (what, requester), context, async |id| {
            let requester = self.permitted(what, &id, requester, context).await?;
            let running = self.operations.order_on(&id);
            let running = running.filter(|(_, operation)| operation.is_running());
            match running {
                Some((other, _)) if other == order => {
                    let seen = self.seen(order, &id, &requester, context).await?;
                    Ok(seen.comes_to(Intent::UnderWay))
                }
                Some((_, operation)) if precedence == Precedence::Wait => {
                    Err(Error::Busy(Box::new(operation)))
                }
                other => {
                    let precedence = (precedence, other.map(|(order, _)| order));
                    self.looked_ahead(order, &id, precedence, &requester, context)
                        .await
                }
            }
        })
        .await
    }

    /// The look before `order`, which `requester` is permitted, and what it comes to by
    /// `precedence` over the order that runs here, if one does.
    pub(super) async fn looked_ahead(
        &self,
        order: Order,
        machine: &VirtualMachineId,
        (precedence, overtaken): (Precedence, Option<Order>),
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Rehearsal, Error> {
        let seen = self.seen(order, machine, requester, context).await?;
        let planned = plan(order, &seen.as_it_is, precedence);
        let intent = planned.map_err(|it| Error::Obstacle(seen.machine.name.clone(), it))?;
        Ok(seen.comes_to(overtaken.map_or(intent, |other| intent.over(other.action))))
    }

    /// `machine`, which may be switched.
    async fn seen(
        &self,
        order: Order,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Seen, Error> {
        let what = OnVm::Order(order.action);
        let (as_it_is, requester) = self
            .looked_at_for(what, machine, requester, context)
            .await?;
        let machine = as_written(&as_it_is, machine.clone());
        self.guard(&machine, &as_it_is, context).await?;
        Ok(Seen {
            as_it_is,
            machine,
            requester,
        })
    }
}

/// A machine that was looked at, before it is known what an order comes to.
struct Seen {
    as_it_is: VirtualMachine,
    machine: VirtualMachineId,
    requester: Arc<Requester>,
}

impl Seen {
    fn comes_to(self, intent: Intent) -> Rehearsal {
        Rehearsal {
            seen: self.as_it_is,
            machine: self.machine,
            intent,
            requester: self.requester,
        }
    }
}

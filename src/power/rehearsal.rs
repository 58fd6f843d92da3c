//! What an order would come to, learnt without sending it.

use std::sync::Arc;

use super::{
    Error, Power, Precedence, Target,
    plan::{Intent, plan},
    send::as_written,
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
}

impl Power {
    /// What `order` for the machine at `target` would come to now. It is refused
    /// for what the order itself would be refused for here; what Azure would say to
    /// it is not learnt. With it comes on what `requester` may order it.
    pub(crate) async fn rehearse(
        &self,
        order: Order,
        target: &Target,
        precedence: Precedence,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<(Rehearsal, Arc<Requester>), Error> {
        let what = OnVm::Order(order.action);
        self.at(target, (what, requester), context, async |id| {
            let requester = self.permitted(what, &id, requester, context).await?;
            let running = self.operations.order_on(&id);
            let running = running.filter(|(_, operation)| operation.is_running());
            let ahead = match running {
                Some((other, _)) if other == order => {
                    let (seen, machine) = self.seen(order, &id, &requester, context).await?;
                    Rehearsal {
                        seen,
                        machine,
                        intent: Intent::UnderWay,
                    }
                }
                Some((_, operation)) if precedence == Precedence::Wait => {
                    return Err(Error::Busy(Box::new(operation)));
                }
                other => {
                    let precedence = (precedence, other.map(|(order, _)| order));
                    self.looked_ahead(order, &id, precedence, &requester, context)
                        .await?
                }
            };
            Ok((ahead, requester))
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
        let (seen, machine) = self.seen(order, machine, requester, context).await?;
        let planned = plan(order, &seen, precedence);
        let intent = planned.map_err(|it| Error::Obstacle(machine.name.clone(), it))?;
        let intent = overtaken.map_or(intent, |other| intent.over(other.action));
        Ok(Rehearsal {
            seen,
            machine,
            intent,
        })
    }

    /// `machine` as it is, which may be switched, and its id as Azure writes it.
    async fn seen(
        &self,
        order: Order,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<(VirtualMachine, VirtualMachineId), Error> {
        let what = OnVm::Order(order.action);
        let seen = self
            .looked_at_for(what, machine, requester, context)
            .await?;
        let machine = as_written(&seen, machine.clone());
        self.guard(&machine, &seen, context).await?;
        Ok((seen, machine))
    }
}

//! A change of a virtual machine that is not one of its power.

use std::{rc::Rc, sync::Arc};

use actix_web::http::header::HeaderValue;

use super::{
    Error, Operation, Power, Target,
    id::as_written,
    in_time,
    operations::{Claim, Room, Teller},
    plan::{Obstacle, changing},
    send::Sent,
};
use crate::{
    audit::Requester,
    azure::{Action, Change, Order, VirtualMachine, VirtualMachineId},
    http::Context,
    policy::OnVm,
};

const CHANGE: Order = Order::graceful(Action::Update);

/// A change, and the version that it is meant for.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) change: Change,
    /// `If-Match`, as the caller sent it.
    pub(crate) if_match: Option<HeaderValue>,
}

impl Power {
    /// Makes `update` and follows the operation to its end, whether or not the
    /// caller stays. Two changes are two operations, also when they are alike.
    pub(crate) async fn update(
        self: &Rc<Self>,
        update: &Update,
        target: &Target,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let what = OnVm::Order(Action::Update);
        self.at(target, (what, requester), context, async |machine| {
            let requester = &self.permitted(what, &machine, requester, context).await?;
            let (power, asked) = (Rc::clone(self), machine.clone());
            let (update, context) = (update.clone(), context.clone());
            let by = Arc::clone(requester);
            let teller = self.held(&machine, &context).await?;
            let watcher = teller.watcher();
            let changing = async move {
                let begun = power.change(&teller, &update, machine, &by, &context);
                let begun = begun.await;
                power.went_on(begun, teller, context).await
            };
            let changed = self.finished(changing, watcher).await;
            changed.inspect_err(|error| self.denied(error, Action::Update, &asked, requester))
        })
        .await
    }

    /// A place of its own for a change of `machine`, which nothing else holds. No other
    /// change is joined.
    async fn held(&self, machine: &VirtualMachineId, context: &Context) -> Result<Teller, Error> {
        loop {
            let mut watcher = match self.operations.claim(machine, CHANGE) {
                Claim::Lead(teller) => return Ok(teller),
                Claim::Join(watcher) | Claim::Behind(watcher) => watcher,
            };
            let told = in_time(context, watcher.sent()).await.ok_or(Error::Held)?;
            if let Some(running) = told.ok().filter(Operation::is_running) {
                return Err(Error::Busy(Box::new(running)));
            }
        }
    }

    async fn change(
        &self,
        teller: &Teller,
        update: &Update,
        machine: VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Sent, Error> {
        let room = self.room()?;
        let what = OnVm::Order(Action::Update);
        let (seen, requester) = self
            .looked_at_for(what, &machine, requester, context)
            .await?;
        let machine = as_written(&seen, machine);
        self.guard(&machine, &seen, context).await?;
        let is_asleep = update.change.resizes(&seen) && seen.is_hibernated();
        let obstacle = is_asleep.then_some(Obstacle::Hibernated);
        if let Some(obstacle) = changing(&seen).or(obstacle) {
            return Err(Error::Obstacle(machine.name.clone(), obstacle));
        }
        let operation = self.operations.begin(CHANGE, machine, &seen);
        let (id, begun) = (operation.id.clone(), (operation, room, seen));
        let submitted = self.submit_change(teller, update, begun, &requester, context);
        submitted.await.inspect_err(|_| self.operations.refuse(&id))
    }

    async fn submit_change(
        &self,
        teller: &Teller,
        update: &Update,
        begun: (Operation, Room, VirtualMachine),
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Sent, Error> {
        let Update { change, if_match } = update;
        let written = self.written(teller, CHANGE, begun, Some(change), requester, context);
        let sending = written.await?;
        let (machine, if_match) = (&sending.operation.machine, if_match.clone());
        let answer = self.arm.update(change, if_match, machine, context).await;
        sending.answered(answer)
    }
}

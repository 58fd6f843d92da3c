//! An operation by its id alone, on whichever replica it is asked for.

use std::{mem, sync::Arc, time::Duration};

use actix_web::rt::time;
use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Operation, OperationId, Power, Status,
    follow::{POLL, gone},
    joined,
    kept::RETENTION,
    operations::{Teller, Watch},
    overcome::is_short,
    permitted::tells,
    verdict::{Ordered, verdict},
};
use crate::{
    audit::Requester,
    azure::VirtualMachineId,
    http::{Context, Deadline},
    policy::{Machine, OnVm},
};

/// How long one look at a machine answers for an operation that is followed by
/// another replica. Azure allows 12 looks a minute.
///
/// Source: "Azure compute throttling limits", `LowCostGet`.
const LOOK_HOLDS: Duration = Duration::from_secs(5);

/// Clocks of replicas differ by less.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Power {
    /// The operation `id` after at most `patience`, ended if that is learnt in
    /// that time. Who may not see it has nothing looked at, and does not learn that there is
    /// such a machine: an id can be invented, and looks at a machine are few.
    pub(crate) async fn operation_within(
        &self,
        id: &OperationId,
        patience: Duration,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let machine = match self.operations.machine(id) {
            Some(machine) => machine,
            None => self.machine_of(id, context).await?,
        };
        self.told(id, &machine, requester, context).await?;
        let operation = self.operation(id, context).await?;
        let end = Box::pin(self.end_of(operation.clone(), patience, context));
        Ok(self.tasks.unless_drained(end).await.unwrap_or(operation))
    }

    /// Refuses `requester` the operation `id` on `machine` where they may not ask for it. Who
    /// may order it there knows of it.
    async fn told(
        &self,
        id: &OperationId,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<(), Error> {
        let what = OnVm::GetOperation;
        let Err(error) = self.permitted(what, machine, requester, context).await else {
            return Ok(());
        };
        if !tells(&error, what, requester) {
            return Err(error);
        }
        let (order, tags) = (OnVm::Order(id.action()), None);
        let asked = Machine { id: machine, tags };
        match error {
            Error::Hidden(name, denial) if self.may(order, asked, requester, context).await? => {
                Err(Error::Denied(name, denial))
            }
            _ => Err(Error::NoSuchOperation),
        }
    }

    /// Waits for what is told here, and looks again at what is not.
    async fn end_of(
        &self,
        mut operation: Operation,
        patience: Duration,
        context: &Context,
    ) -> Operation {
        let within = Context {
            deadline: Deadline::after(patience),
            ..context.clone()
        };
        loop {
            let left = within.deadline.remaining();
            operation = self.settled(operation, left).await;
            let pause = LOOK_HOLDS.min(within.deadline.remaining());
            if !operation.is_running() || pause.is_zero() {
                return operation;
            }
            time::sleep(pause).await;
            if within.deadline.remaining().is_zero() {
                return operation;
            }
            // Others join the look, who do not wait as long.
            let look = Context {
                deadline: within.deadline.at_most(POLL),
                ..within.clone()
            };
            // A look that fails says nothing of the operation.
            if let Ok(seen) = self.operation(&operation.id, &look).await {
                operation = seen;
            }
        }
    }

    /// The operation `id`: as it is followed here, else as its machine tells. Who looks for
    /// somebody else may be short of time.
    async fn operation(&self, id: &OperationId, context: &Context) -> Result<Operation, Error> {
        let mut may_try_again = true;
        loop {
            let now = Timestamp::now();
            match self.operations.watch(id, |known| is_current(known, now)) {
                Watch::Look(teller, known) => {
                    return self.recalled(id, teller, known, context).await;
                }
                Watch::Told(mut watcher) => match joined(context, &mut watcher).await? {
                    // Whoever was to tell has left, or has seen nothing of it.
                    Err(Error::Unfinished(_) | Error::Lost(..) | Error::GivenUp(..)) => {}
                    Err(error) if is_short(&error) && mem::take(&mut may_try_again) => {}
                    outcome => return outcome,
                },
            }
        }
    }

    /// What a look tells of the operation `id`, to all who ask meanwhile.
    async fn recalled(
        &self,
        id: &OperationId,
        teller: Teller,
        known: Option<Box<Operation>>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let (own, before) = (teller.watcher(), known.as_deref().cloned());
        let outcome = self.sought(id, known, context).await;
        match &outcome {
            Ok(operation) => {
                self.operations.learn(id, &own, Some(operation.clone()));
                teller.show(operation.clone());
            }
            Err(error) => {
                self.operations.learn(id, &own, before);
                teller.refuse(error.clone());
            }
        }
        outcome
    }

    async fn sought(
        &self,
        id: &OperationId,
        known: Option<Box<Operation>>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let operation = match known {
            Some(known) => *known,
            None => Operation::known(id.clone(), self.machine_of(id, context).await?),
        };
        self.observed(operation, context).await
    }

    /// `operation` as a look at its machine tells.
    async fn observed(
        &self,
        mut operation: Operation,
        context: &Context,
    ) -> Result<Operation, Error> {
        let looked = self.arm.virtual_machine(&operation.machine, context).await;
        operation.observed_at = Some(Timestamp::now());
        let (status, changed_at) = match looked {
            Ok(machine) => {
                operation.name_as(&machine);
                operation.tell_time(machine.seen_at);
                (
                    verdict(Ordered::of(&operation), &machine),
                    machine.changed_at(),
                )
            }
            Err(error) if error.is_not_found() => (gone(), None),
            Err(error) => return Err(Error::Unseen(error)),
        };
        if status != Status::InProgress {
            let since = changed_at.filter(|at| *at > operation.started_at);
            operation.end(status, since.unwrap_or_else(|| operation.now()));
        }
        Ok(operation)
    }

    async fn machine_of(
        &self,
        id: &OperationId,
        context: &Context,
    ) -> Result<VirtualMachineId, Error> {
        let age = Timestamp::now().duration_since(id.started_at());
        let retention = SignedDuration::try_from(RETENTION).unwrap_or(SignedDuration::MAX);
        if age > retention || age < -CLOCK_SKEW {
            return Err(Error::NoSuchOperation);
        }
        let candidates = self.inventory.candidates(id.name(), context).await;
        candidates
            .map_err(Error::Inventory)?
            .into_iter()
            .find(|machine| id.is_of(machine))
            .ok_or(Error::NoSuchOperation)
    }
}

/// Whether `operation` has ended, or was looked at just now.
fn is_current(operation: &Operation, now: Timestamp) -> bool {
    let is_recent = |observed_at| {
        let age = Duration::try_from(now.duration_since(observed_at));
        age.is_ok_and(|age| age < LOOK_HOLDS)
    };
    !operation.is_running() || operation.observed_at.is_some_and(is_recent)
}

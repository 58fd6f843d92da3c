//! A power operation's life, from the order to its end.

mod follow;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod id;
mod kept;
mod lost;
mod operation;
mod operations;
mod overcome;
mod permitted;
mod plan;
mod recall;
mod rehearsal;
mod route;
mod schedule;
mod send;
#[cfg(test)]
mod simulation;
mod span;
mod traced;
mod update;
mod verdict;
mod watcher;
#[cfg(test)]
mod weight;

use std::{mem, rc::Rc, sync::Arc, time::Duration};

use actix_web::rt::time;

pub(crate) use follow::POLL;
pub(crate) use id::{InvalidId, OperationId};
pub(crate) use operation::{Operation, Spared, Status, hibernated};
pub(crate) use operations::Operations;
pub(crate) use plan::{Intent, Obstacle, Precedence};
pub(crate) use rehearsal::Rehearsal;
pub(crate) use update::Update;

use crate::{
    audit::{self, Audit, Requester},
    azure::{self, Action, ArmClient, Order, VirtualMachine, VirtualMachineId, VmName},
    changes::{ChangeLimits, Exceeded},
    config::Allow,
    http::Context,
    inventory::{self, Inventory, Narrowing, guard},
    metrics::Metrics,
    policy::{Denial, OnVm},
    task::{Tasks, Unfinished},
};
use operations::Claim;
use overcome::{is_overcome, is_short};
use permitted::{known, tells};
use traced::{deed, denied, spared, unanswered};
use watcher::Watcher;

/// Why an order was not taken, or a machine or operation not shown.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Azure said no to a look at the machine, or nothing.
    #[error("the virtual machine could not be read")]
    Unseen(#[source] azure::Error),
    /// Azure said no to the action, or was not reached.
    #[error("the virtual machine could not be {}", .0.participle())]
    Refused(Action, #[source] azure::Error),
    /// The answer to an order did not arrive; the operation may run.
    #[error("whether {0} was taken is not known")]
    Lost(OperationId, #[source] azure::Error),
    /// As many operations are under way as may be.
    #[error("too many operations are under way")]
    Crowded,
    /// Another operation runs on the machine.
    #[error("{} of {} is under way", .0.action().as_str(), .0.machine.name)]
    Busy(Box<Operation>),
    /// The machine is not switched by anybody's order.
    #[error("the virtual machine {0} is left alone")]
    Protected(VmName, guard::Refusal),
    /// The caller may not.
    #[error("it is not permitted on the virtual machine {0}")]
    Denied(VmName, #[source] Denial),
    /// The same, and the caller may not see the machine either.
    #[error("it is not permitted on the virtual machine {0}")]
    Hidden(VmName, #[source] Denial),
    /// There were as many changes as there may be.
    #[error("the virtual machine {0} is one too many")]
    TooMany(VmName, #[source] Exceeded),
    /// The machine is not in a state for it.
    #[error("the virtual machine {0} is in no state for it")]
    Obstacle(VmName, Obstacle),
    /// The same is being asked for somebody else, and takes its time; Azure may have the
    /// order of this id by now.
    #[error("the order is still being sent")]
    Waiting(Option<OperationId>),
    /// Nothing was sent: another order is being sent, and takes its time.
    #[error("another order is still being sent")]
    Held,
    /// Nothing was sent: the caller's time was nearly over.
    #[error("too little time was left to send it")]
    Late,
    /// It is not, or no longer, known which operation that is.
    #[error("no such operation, or one of more than a day ago")]
    NoSuchOperation,
    /// The name leads nowhere.
    #[error("the virtual machine could not be found")]
    Inventory(#[source] inventory::Error),
    /// Nothing was sent: it could not be written down.
    #[error("the change was not made")]
    Unaudited(#[source] audit::Unavailable),
    /// The gateway went no further before Azure answered; the operation may run.
    #[error("{1}; whether Azure carries it out is not known")]
    GivenUp(OperationId, Unfinished),
    /// What became of the order is not known.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

impl Error {
    /// Whether Azure knows no such machine.
    fn is_not_found(&self) -> bool {
        match self {
            Self::Unseen(source) | Self::Refused(_, source) => source.is_not_found(),
            Self::Lost(..)
            | Self::Crowded
            | Self::Busy(_)
            | Self::Protected(..)
            | Self::Denied(..)
            | Self::Hidden(..)
            | Self::TooMany(..)
            | Self::Obstacle(..)
            | Self::Waiting(_)
            | Self::Held
            | Self::Late
            | Self::GivenUp(..)
            | Self::NoSuchOperation
            | Self::Inventory(_)
            | Self::Unaudited(_)
            | Self::Unfinished(_) => false,
        }
    }
}

/// A virtual machine as a caller names it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: VmName,
    pub(crate) narrowing: Narrowing,
}

/// Power operations as one worker begins them.
pub(crate) struct Power {
    arm: ArmClient,
    inventory: Rc<Inventory>,
    allow: Allow,
    operations: Operations,
    tasks: Tasks,
    metrics: Metrics,
    audit: Audit,
    limits: ChangeLimits,
}

impl Power {
    /// Power operations by way of `arm`, kept in `operations` for all workers.
    pub(crate) fn new(
        arm: ArmClient,
        inventory: Rc<Inventory>,
        allow: Allow,
        operations: Operations,
        tasks: Tasks,
        metrics: Metrics,
        (audit, limits): (Audit, ChangeLimits),
    ) -> Self {
        Self {
            arm,
            inventory,
            allow,
            operations,
            tasks,
            metrics,
            audit,
            limits,
        }
    }

    /// The virtual machine at `target` as it is now, and where it was asked for.
    pub(crate) async fn virtual_machine(
        &self,
        target: &Target,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<(VirtualMachine, VirtualMachineId), Error> {
        self.at(target, (OnVm::Get, requester), context, async |id| {
            self.permitted(OnVm::Get, &id, requester, context).await?;
            let (machine, _) = self
                .looked_at_for(OnVm::Get, &id, requester, context)
                .await?;
            Ok((machine, id))
        })
        .await
    }

    /// Sends `order` for the machine at `target`, unless it is so already, and
    /// follows the operation to its end, whether or not the caller stays.
    ///
    /// Callers with the same order share one operation. Another order waits
    /// for its end, or overtakes it if `precedence` says so. Nothing is sent
    /// before it is written down that `requester` wants it.
    pub(crate) async fn order(
        self: &Rc<Self>,
        order: Order,
        target: &Target,
        precedence: Precedence,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let what = OnVm::Order(order.action);
        self.at(target, (what, requester), context, async |id| {
            let requester = &self.permitted(what, &id, requester, context).await?;
            let ordered = self.ordered(order, id.clone(), precedence, requester, context);
            ordered
                .await
                .inspect_err(|error| self.denied(error, order.action, &id, requester))
        })
        .await
    }

    async fn ordered(
        self: &Rc<Self>,
        order: Order,
        machine: VirtualMachineId,
        precedence: Precedence,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Operation, Error> {
        let mut claim = self.operations.claim(&machine, order);
        let mut may_try_again = true;
        loop {
            claim = match claim {
                Claim::Lead(teller) => {
                    let (power, watcher) = (Rc::clone(self), teller.watcher());
                    let (requester, context) = (Arc::clone(requester), context.clone());
                    let sending =
                        power.send(teller, order, machine, precedence, requester, context);
                    return self.finished(sending, watcher).await;
                }
                Claim::Join(mut watcher) => match joined(context, &mut watcher).await.flatten() {
                    Err(error) if is_overcome(&error, precedence) => {
                        self.operations.claim(&machine, order)
                    }
                    // Once: whoever gets no turn either is told so, and does not wait on.
                    Err(error) if is_short(&error) && mem::take(&mut may_try_again) => {
                        self.operations.claim(&machine, order)
                    }
                    outcome => {
                        self.joined(&outcome, order, &machine, requester);
                        return outcome;
                    }
                },
                Claim::Behind(mut watcher) => {
                    let outcome = in_time(context, watcher.sent()).await.ok_or(Error::Held)?;
                    // One that was refused, or has ended since, is in nobody's way.
                    match (outcome.ok().filter(Operation::is_running), precedence) {
                        (None, _) => self.operations.claim(&machine, order),
                        (Some(_), Precedence::Supersede) => {
                            self.operations.overtake(&machine, order, &watcher)
                        }
                        (Some(other), Precedence::Wait) => return Err(Error::Busy(other.into())),
                    }
                }
            };
        }
    }

    /// Does `work` where `target` leads, and once more where it leads by then
    /// if Azure knows no such machine and the place was only remembered. Where it leads
    /// to several, the requester is told of those that they may know of; and where a narrower
    /// search leads to one that they may not, it is as if there were none.
    async fn at<T>(
        &self,
        target: &Target,
        (what, requester): (OnVm, &Requester),
        context: &Context,
        work: impl AsyncFn(VirtualMachineId) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let find = async || {
            let found = self
                .inventory
                .find(&target.name, &target.narrowing, context)
                .await;
            found.map_err(|error| Error::Inventory(known(error, what, requester)))
        };
        let id = find().await?;
        let outcome = match work(id.clone()).await {
            Err(error) if error.is_not_found() && self.inventory.forget(&id) => {
                work(find().await?).await
            }
            outcome => outcome,
        };
        match outcome {
            Err(error) if target.narrowing.is_given() && tells(&error, what, requester) => {
                let absent = self
                    .inventory
                    .absent(&target.name, &target.narrowing, context);
                Err(Error::Inventory(absent.await))
            }
            outcome => outcome,
        }
    }

    async fn looked_at(
        &self,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<VirtualMachine, Error> {
        self.arm
            .virtual_machine(id, context)
            .await
            .map_err(Error::Unseen)
    }

    /// The operation after at most `patience`, ended if it ends in that time.
    pub(crate) async fn settled(&self, operation: Operation, patience: Duration) -> Operation {
        // The shortest time-out there is takes a millisecond.
        if patience.is_zero() {
            return operation;
        }
        let Some(mut watcher) = self.operations.watcher(&operation.id) else {
            return operation;
        };
        // Whether it has ended is seen from what is returned.
        let _ = time::timeout(patience, watcher.ended()).await;
        watcher.operation().unwrap_or(operation)
    }

    /// Writes that `requester` asked for what was under way on `machine`, or needless; where
    /// Azure may have the order, that is as good as under way.
    fn joined(
        &self,
        outcome: &Result<Operation, Error>,
        order: Order,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
    ) {
        let operation = match outcome {
            Ok(operation) => operation,
            Err(error) => match unanswered(error) {
                Some(id) => &Operation::known(id.clone(), machine.clone()),
                None => return,
            },
        };
        let deed = deed(operation, order, None);
        match spared(operation) {
            Some(outcome) => self.audit.noop(deed, requester, outcome),
            None => self.audit.joined(deed, requester),
        }
    }

    /// Writes that `action` was denied, if that is what `error` says.
    fn denied(
        &self,
        error: &Error,
        action: Action,
        machine: &VirtualMachineId,
        requester: &Arc<Requester>,
    ) {
        if let Some(denied) = denied(error, action, machine) {
            self.audit.denied(denied, requester);
        }
    }

    /// Counts `operation`, which has ended, and writes it down.
    fn record(&self, operation: &Operation) {
        let outcome = match operation.spared {
            Some(Spared::AlreadySo | Spared::Hibernated) => "noop",
            Some(Spared::UnderWay) | None => operation.status.label(),
        };
        let action = operation.action().as_str();
        tracing::info!(
            operation.id = %operation.id,
            operation.action = action,
            operation.status = outcome,
            vm.id = %operation.machine,
            "power operation ended",
        );
        self.metrics
            .operation_ended(action, outcome, operation.took());
    }
}

/// What becomes of the order that `it` watches, or that the caller's time is up.
async fn joined(context: &Context, it: &mut Watcher) -> Result<Result<Operation, Error>, Error> {
    let told = in_time(context, it.sent()).await;
    told.ok_or_else(|| Error::Waiting(it.id()))
}

/// What `sent` gives in the caller's time.
async fn in_time<T>(context: &Context, sent: impl Future<Output = T>) -> Option<T> {
    let patience = context.deadline.remaining();
    time::timeout(patience, sent).await.ok()
}

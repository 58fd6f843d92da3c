//! An order on its way: a look at the machine, then the order itself.

use std::{rc::Rc, sync::Arc, time::Duration};

use actix_web::http::StatusCode;

use super::{
    Error, Operation, Power, Precedence, Spared, Status,
    follow::{Follower, Way},
    operations::{Room, Teller},
    plan::Intent,
    rehearsal::Rehearsal,
    traced::{deed, outcome, spared},
    watcher::Watcher,
};
use crate::{
    audit::{Conclusion, Pending, Requester},
    azure::{self, Change, Order, Submitted, Taken, VirtualMachine, VirtualMachineId},
    http::{self, Context, Deadline},
    inventory::guard,
};

/// What is left at least when something is sent: enough for it to get to Azure by a
/// connection that is open, and to be written down before. It is half of the shortest
/// `MIG_UPSTREAM_TIMEOUT`, with which something can be sent all the same; Azure's answer
/// may take longer, and is looked for then.
const LEAST: Duration = Duration::from_millis(50);

/// An operation that has begun, and how its end is learnt if it has none yet.
pub(super) struct Begun {
    pub(super) operation: Operation,
    pub(super) way: Option<Way>,
    /// What the record is owed of it; nothing where nothing was sent.
    pub(super) pending: Option<Pending>,
    pub(super) room: Room,
}

/// An order or a change on its way to Azure.
pub(super) struct Sending {
    pub(super) operation: Operation,
    pub(super) pending: Pending,
    pub(super) room: Room,
    /// The machine as it was before.
    pub(super) seen: VirtualMachine,
    /// What becomes of the machine besides its power.
    pub(super) change: Option<Change>,
}

/// What came of sending it.
pub(super) enum Sent {
    Begun(Box<Begun>),
    /// Azure may have taken it, and did not say so.
    Unanswered(Box<Sending>, azure::Error),
}

impl Sending {
    /// What `answer` makes of it.
    pub(super) fn answered(mut self, answer: Result<Taken, azure::Error>) -> Result<Sent, Error> {
        match answer {
            Ok(taken) => {
                self.pending.taken(taken.receipt);
                Ok(Sent::Begun(Box::new(self.begun(taken.submitted))))
            }
            Err(error) if may_be_taken(&error) => Ok(Sent::Unanswered(Box::new(self), error)),
            Err(error) => {
                self.pending.refused(Conclusion::Failure, &error);
                Err(Error::Refused(self.operation.action(), error))
            }
        }
    }

    /// What Azure has taken.
    pub(super) fn begun(mut self, submitted: Submitted) -> Begun {
        let way = match submitted {
            Submitted::Running(url) => Some(Way::Status(url)),
            Submitted::Untold => Some(Way::Observation),
            Submitted::Done => {
                let now = self.operation.now();
                self.operation.end(Status::Succeeded, now);
                None
            }
        };
        Begun {
            operation: self.operation,
            way,
            pending: Some(self.pending),
            room: self.room,
        }
    }
}

impl Power {
    /// Sends `order` and tells by `teller` what becomes of it.
    pub(super) async fn send(
        self: Rc<Self>,
        teller: Teller,
        order: Order,
        machine: VirtualMachineId,
        precedence: Precedence,
        requester: Arc<Requester>,
        context: Context,
    ) -> Result<Operation, Error> {
        let precedence = (precedence, teller.overtaken);
        let sent = self.begin(&teller, order, &machine, precedence, &requester, &context);
        let sent = sent.await;
        self.went_on(sent, teller, context).await
    }

    /// Goes on with what was `sent`, and tells by `teller` what becomes of it.
    pub(super) async fn went_on(
        self: Rc<Self>,
        sent: Result<Sent, Error>,
        teller: Teller,
        context: Context,
    ) -> Result<Operation, Error> {
        match sent {
            Err(error) => {
                teller.refuse(error.clone());
                Err(error)
            }
            Ok(Sent::Begun(begun)) => Ok(self.go_on(*begun, teller, &context)),
            Ok(Sent::Unanswered(sending, error)) => {
                self.looked_for(sending, error, teller, context).await
            }
        }
    }

    /// What `sending` comes to, or how far it was when it broke off, as `watcher` has it. An
    /// `async fn` would hold `sending` beside the task that it is moved to.
    pub(super) fn finished<F>(
        &self,
        sending: F,
        mut watcher: Watcher,
    ) -> impl Future<Output = Result<Operation, Error>> + use<F>
    where
        F: Future<Output = Result<Operation, Error>> + 'static,
    {
        let done = self.tasks.finish(sending);
        async move {
            match done.await {
                Ok(done) => done,
                Err(_) => watcher.sent().await,
            }
        }
    }

    /// Has `begun` followed, or records its end.
    pub(super) fn go_on(
        self: &Rc<Self>,
        begun: Begun,
        teller: Teller,
        context: &Context,
    ) -> Operation {
        let Begun {
            operation,
            way,
            pending,
            room,
        } = begun;
        match way {
            None => {
                self.record(&operation);
                if let Some(pending) = pending {
                    pending.outcome(outcome(&operation));
                }
                teller.end(operation.clone());
            }
            Some(way) => {
                teller.tell(operation.clone());
                let begun = (operation.clone(), way, pending);
                let follower = Follower::new(Rc::clone(self), begun, (teller, room), context);
                self.tasks.follow(Box::new(follower).run());
            }
        }
        operation
    }

    async fn begin(
        &self,
        teller: &Teller,
        order: Order,
        machine: &VirtualMachineId,
        precedence: (Precedence, Option<Order>),
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Sent, Error> {
        let room = self.room()?;
        let ahead = self
            .looked_ahead(order, machine, precedence, requester, context)
            .await?;
        let Rehearsal {
            seen,
            machine,
            intent,
            requester,
        } = ahead;
        let mut operation = self.operations.begin(order, machine, &seen);
        let way = match intent {
            Intent::AlreadySo => ended(&mut operation, Spared::AlreadySo),
            Intent::Hibernated => ended(&mut operation, Spared::Hibernated),
            Intent::UnderWay => {
                operation.spared = Some(Spared::UnderWay);
                Some(Way::Observation)
            }
            Intent::Send => {
                let (id, begun) = (operation.id.clone(), (operation, room, seen));
                let submitted = self.submit(teller, order, begun, &requester, context);
                return submitted.await.inspect_err(|_| self.operations.refuse(&id));
            }
        };
        if let Some(outcome) = spared(&operation) {
            let deed = deed(&operation, order, None);
            self.audit.noop(deed, &requester, outcome);
        }
        Ok(Sent::Begun(Box::new(Begun {
            operation,
            way,
            pending: None,
            room,
        })))
    }

    /// Room for one more operation.
    pub(super) fn room(&self) -> Result<Room, Error> {
        let room = self.operations.room();
        room.inspect_err(|_| self.metrics.upstream_withheld("arm", "operation_limit"))
    }

    /// Refuses what is not to be switched.
    pub(super) async fn guard(
        &self,
        machine: &VirtualMachineId,
        seen: &VirtualMachine,
        context: &Context,
    ) -> Result<(), Error> {
        let own = if self.allow.own_host {
            None
        } else {
            let host = self.inventory.own_host(context.deadline).await;
            host.map_err(Error::Inventory)?
        };
        let managed_by = seen.managed_by.as_deref();
        match guard::refusal(machine, managed_by, own.as_ref(), self.allow) {
            Some(refusal) => Err(Error::Protected(machine.name.clone(), refusal)),
            None => Ok(()),
        }
    }

    /// Writes down what is about to be sent, for `order` and with what it is to `change`
    /// besides: what comes after this may be at Azure.
    pub(super) async fn written(
        &self,
        teller: &Teller,
        order: Order,
        (operation, room, seen): (Operation, Room, VirtualMachine),
        change: Option<&Change>,
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Sending, Error> {
        let last_moment = last_moment(context);
        if last_moment.remaining().is_zero() {
            return Err(Error::Late);
        }
        self.count(&operation.machine)?;
        let deed = deed(&operation, order, change.map(Change::to_string));
        let pending = self.audit.intent(deed, requester, last_moment).await;
        let pending = pending.map_err(Error::Unaudited)?;
        teller.send(operation.clone());
        Ok(Sending {
            operation,
            pending,
            room,
            seen,
            change: change.cloned(),
        })
    }

    async fn submit(
        &self,
        teller: &Teller,
        order: Order,
        begun: (Operation, Room, VirtualMachine),
        requester: &Arc<Requester>,
        context: &Context,
    ) -> Result<Sent, Error> {
        let written = self.written(teller, order, begun, None, requester, context);
        let sending = written.await?;
        let machine = &sending.operation.machine;
        let answer = self.arm.submit(order, machine, context).await;
        sending.answered(answer)
    }
}

/// When something may be sent for the last time: in the last moments of the caller's time, the
/// record of changes would be burdened with what does not get to Azure.
fn last_moment(context: &Context) -> Deadline {
    Deadline::after(context.deadline.remaining().saturating_sub(LEAST))
}

/// Ends `operation`, of which nothing has to be learnt.
fn ended(operation: &mut Operation, spared: Spared) -> Option<Way> {
    operation.spared = Some(spared);
    operation.end(Status::Succeeded, operation.started_at);
    None
}

/// Whether Azure may carry out an order that it answered like this.
fn may_be_taken(error: &azure::Error) -> bool {
    match error.exchange() {
        Some(http::Error::Refused(refusal)) => {
            refusal.status.is_server_error() || refusal.status == StatusCode::REQUEST_TIMEOUT
        }
        Some(
            http::Error::Timeout(_)
            | http::Error::Interrupted(_)
            | http::Error::Truncated(_)
            | http::Error::TooLong(_)
            | http::Error::Malformed(_),
        ) => true,
        Some(
            http::Error::ConnectionRefused
            | http::Error::Unreachable(_)
            | http::Error::Untrusted(_)
            | http::Error::Open(_)
            | http::Error::Busy(_),
        )
        | None => false,
    }
}

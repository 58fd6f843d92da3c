//! An order on its way: a look at the machine, then the order itself.

use actix_web::http::StatusCode;
use jiff::Timestamp;

use super::{
    Error, Operation, Power, Precedence, Spared, Status,
    follow::{Follower, Way},
    operations::Flight,
    rehearsal::{Intent, Rehearsal},
};
use crate::{
    azure::{self, LastChange, Order, Submitted, VirtualMachine, VirtualMachineId},
    http::{self, Context},
    inventory::guard,
};

/// An operation that has begun, and how its end is learnt if it has none yet.
pub(super) struct Begun(pub(super) Operation, pub(super) Option<Way>);

impl Power {
    /// Sends `order` and tells from `flight` what becomes of it.
    pub(super) async fn send(
        self,
        flight: Flight,
        order: Order,
        machine: VirtualMachineId,
        precedence: Precedence,
        context: Context,
    ) -> Result<Operation, Error> {
        match self.begin(order, &machine, precedence, &context).await {
            Err(error) => {
                flight.refuse(error.clone());
                Err(error)
            }
            Ok(begun) => Ok(self.go_on(begun, flight, &context)),
        }
    }

    /// Has `begun` followed, or records its end.
    pub(super) fn go_on(&self, begun: Begun, flight: Flight, context: &Context) -> Operation {
        let Begun(operation, way) = begun;
        match way {
            None => {
                self.record(&operation);
                flight.end(operation.clone());
            }
            Some(way) => {
                flight.tell(operation.clone());
                let follower = Follower::new(self.clone(), operation.clone(), way, flight, context);
                self.tasks.follow(follower.run());
            }
        }
        operation
    }

    async fn begin(
        &self,
        order: Order,
        machine: &VirtualMachineId,
        precedence: Precedence,
        context: &Context,
    ) -> Result<Begun, Error> {
        let ahead = self
            .looked_ahead(order, machine, precedence, context)
            .await?;
        let Rehearsal {
            seen,
            machine,
            intent,
        } = ahead;
        match intent {
            Intent::AlreadySo => {
                let mut operation = self.operations.begin(order.action, machine, &seen);
                operation.spared = Some(Spared::AlreadySo);
                operation.end(Status::Succeeded, operation.started_at);
                Ok(Begun(operation, None))
            }
            Intent::UnderWay => {
                let mut operation = self.operations.begin(order.action, machine, &seen);
                operation.spared = Some(Spared::UnderWay);
                Ok(Begun(operation, Some(Way::Observation)))
            }
            Intent::Send => self.submit(order, machine, &seen, context).await,
        }
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

    async fn submit(
        &self,
        order: Order,
        machine: VirtualMachineId,
        seen: &VirtualMachine,
        context: &Context,
    ) -> Result<Begun, Error> {
        let mut operation = self.operations.begin(order.action, machine, seen);
        match self.arm.submit(order, &operation.machine, context).await {
            Ok(Submitted::Running(url)) => Ok(Begun(operation, Some(Way::Status(url)))),
            Ok(Submitted::Untold) => Ok(Begun(operation, Some(Way::Observation))),
            Ok(Submitted::Done) => {
                operation.end(Status::Succeeded, Timestamp::now());
                Ok(Begun(operation, None))
            }
            Err(error) if may_be_taken(&error) => self.found(operation, seen, error, context).await,
            Err(error) => Err(Error::Azure(order.action.participle(), error)),
        }
    }

    /// The operation whose answer was lost, if the machine shows it. It is not
    /// sent again: a restart would happen twice.
    async fn found(
        &self,
        operation: Operation,
        seen: &VirtualMachine,
        error: azure::Error,
        context: &Context,
    ) -> Result<Begun, Error> {
        let now = self.arm.virtual_machine(&operation.machine, context).await;
        match now {
            Ok(now) if has_moved(seen, &now) => Ok(Begun(operation, Some(Way::Observation))),
            Ok(_) | Err(_) => Err(Error::Lost(operation.id, error)),
        }
    }
}

/// `machine` as Azure writes it, and not as the caller did. An answer about
/// another one leads no order there.
pub(super) fn as_written(seen: &VirtualMachine, machine: VirtualMachineId) -> VirtualMachineId {
    if seen.id.eq_ignore_ascii_case(&machine.to_string()) {
        seen.id.parse().unwrap_or(machine)
    } else {
        machine
    }
}

/// Whether Azure may carry out an order that it answered like this.
pub(super) fn may_be_taken(error: &azure::Error) -> bool {
    match error.exchange() {
        Some(http::Error::Refused(refusal)) => {
            refusal.status.is_server_error() || refusal.status == StatusCode::REQUEST_TIMEOUT
        }
        Some(
            http::Error::Timeout(_)
            | http::Error::Interrupted(_)
            | http::Error::TooLong(_)
            | http::Error::Malformed(_),
        ) => true,
        Some(
            http::Error::ConnectionRefused
            | http::Error::Unreachable(_)
            | http::Error::Untrusted(_),
        )
        | None => false,
    }
}

/// Whether the order shows: what was under way before would show all the same.
fn has_moved(before: &VirtualMachine, now: &VirtualMachine) -> bool {
    let was_settled = before.last_change() != LastChange::UnderWay;
    let is_changing = now.last_change() == LastChange::UnderWay;
    let differs =
        now.changed_at() != before.changed_at() || now.power_state() != before.power_state();
    was_settled && (is_changing || differs)
}

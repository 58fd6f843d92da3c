//! The operations of all workers: what is kept of them, and what runs where.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::watch;

use super::{Error, Operation, OperationId};
use crate::{
    azure::{Order, VirtualMachineId},
    task::Unfinished,
};

/// Operations are kept for this long after they were last heard of.
///
/// Source: microsoft/api-guidelines `azure/Guidelines.md`,
/// `lro-status-monitor-retention`.
pub(super) const RETENTION: Duration = Duration::from_hours(24);

/// More are never kept; the ones longest not heard of go first.
const CAPACITY: u64 = 10_000;

/// How far an order is.
#[derive(Clone, Debug)]
enum Stage {
    /// It is not known yet what Azure makes of it.
    Sending,
    Refused(Error),
    Taken(Operation),
}

/// Shared by all workers.
#[derive(Clone)]
pub(crate) struct Operations(Arc<Inner>);

struct Inner {
    kept: Cache<OperationId, Seat>,
    /// The newest order for each machine, while it is sent or runs.
    running: Mutex<HashMap<String, Running>>,
}

struct Running {
    order: Order,
    seat: Seat,
}

/// A place from which an order is watched.
#[derive(Clone)]
pub(super) struct Seat(watch::Receiver<Stage>);

/// The one place from which an order is told; dropping it ends the order's
/// claim on its machine.
pub(super) struct Flight {
    operations: Operations,
    /// The machine that it holds.
    machine: Option<String>,
    /// What it overtook, which goes on if this order is refused.
    overtaken: Option<Running>,
    stage: watch::Sender<Stage>,
}

/// What an order finds.
pub(super) enum Boarding {
    /// Nothing in its way: it is to be sent.
    Lead(Flight),
    /// The same order, sent or being sent.
    Join(Seat),
    /// Another order for the machine.
    Behind(Seat),
}

impl Operations {
    /// No operations yet.
    pub(crate) fn new() -> Self {
        let kept = Cache::builder()
            .max_capacity(CAPACITY)
            // moka's own policy would turn away the newest, which nobody has
            // asked for yet.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(RETENTION)
            .build();
        Self(Arc::new(Inner {
            kept,
            running: Mutex::default(),
        }))
    }

    /// Where the operation `id` can be watched, if it is known here.
    pub(super) fn seat(&self, id: &OperationId) -> Option<Seat> {
        self.0.kept.get(id)
    }

    /// Keeps what was learnt of an operation that does not run here.
    pub(super) fn keep(&self, operation: Operation) {
        let id = operation.id.clone();
        let (_, seat) = watch::channel(Stage::Taken(operation));
        self.0.kept.insert(id, Seat(seat));
    }

    /// A place for `order`: of its own if nothing is in its way.
    pub(super) fn board(&self, machine: &VirtualMachineId, order: Order) -> Boarding {
        let mut running = self.running();
        match running.get(&key(machine)) {
            Some(other) if other.order == order => Boarding::Join(other.seat.clone()),
            Some(other) => Boarding::Behind(other.seat.clone()),
            None => self.lead(&mut running, machine, order),
        }
    }

    /// A place of its own for `order` that is to overtake `other`, unless
    /// something else has come up since.
    pub(super) fn overtake(
        &self,
        machine: &VirtualMachineId,
        order: Order,
        other: &Seat,
    ) -> Boarding {
        let mut running = self.running();
        match running.get(&key(machine)) {
            Some(found) if !found.seat.0.same_channel(&other.0) => {
                Boarding::Behind(found.seat.clone())
            }
            _ => self.lead(&mut running, machine, order),
        }
    }

    /// A place for what holds no machine.
    pub(super) fn aside(&self) -> Flight {
        Flight {
            operations: self.clone(),
            machine: None,
            overtaken: None,
            stage: watch::channel(Stage::Sending).0,
        }
    }

    /// The operation that holds `machine`, if it is known by now.
    pub(super) fn on(&self, machine: &VirtualMachineId) -> Option<Operation> {
        self.running().get(&key(machine))?.seat.operation()
    }

    fn lead(
        &self,
        running: &mut HashMap<String, Running>,
        machine: &VirtualMachineId,
        order: Order,
    ) -> Boarding {
        let (stage, seat) = watch::channel(Stage::Sending);
        let seat = Seat(seat);
        let overtaken = running.insert(key(machine), Running { order, seat });
        let flight = Flight {
            operations: self.clone(),
            machine: Some(key(machine)),
            overtaken,
            stage,
        };
        Boarding::Lead(flight)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        let running = &self.0.running;
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Azure, or a look at the machine, has refused the order.
    pub(super) fn refuse(mut self, error: Error) {
        // The machine is free before anybody hears of it, and may try again.
        self.leave();
        self.reinstate();
        self.stage.send_replace(Stage::Refused(error));
    }

    /// What is known of the operation now.
    pub(super) fn tell(&self, operation: Operation) {
        let id = operation.id.clone();
        self.stage.send_replace(Stage::Taken(operation));
        let seat = Seat(self.stage.subscribe());
        self.operations.0.kept.insert(id, seat);
    }

    /// The operation has ended as it is here.
    pub(super) fn end(self, operation: Operation) {
        self.leave();
        self.tell(operation);
    }

    /// Gives the machine back to what was overtaken, if that still runs.
    fn reinstate(&mut self) {
        let (Some(machine), Some(overtaken)) = (&self.machine, self.overtaken.take()) else {
            return;
        };
        let goes_on = overtaken.seat.is_told()
            && overtaken
                .seat
                .operation()
                .is_some_and(|operation| operation.is_running());
        if goes_on {
            let mut running = self.operations.running();
            running.entry(machine.clone()).or_insert(overtaken);
        }
    }

    fn leave(&self) {
        let Some(machine) = &self.machine else { return };
        let mut running = self.operations.running();
        let is_own = running
            .get(machine)
            .is_some_and(|held| held.seat.0.same_channel(&self.stage.subscribe()));
        if is_own {
            running.remove(machine);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Seat {
    /// What became of the order, once it has been sent.
    pub(super) async fn sent(&mut self) -> Result<Operation, Error> {
        let is_sent = |stage: &Stage| !matches!(stage, Stage::Sending);
        match self.0.wait_for(is_sent).await.as_deref() {
            Ok(Stage::Taken(operation)) => Ok(operation.clone()),
            Ok(Stage::Refused(error)) => Err(error.clone()),
            // The worker that sent it has stopped.
            Ok(Stage::Sending) | Err(_) => Err(Error::Unfinished(Unfinished::Stopped)),
        }
    }

    /// Resolves when the operation has ended, or is followed no more.
    pub(super) async fn ended(&mut self) {
        let has_ended = |stage: &Stage| match stage {
            Stage::Sending => false,
            Stage::Refused(_) => true,
            Stage::Taken(operation) => !operation.is_running(),
        };
        // An error says that nobody is left to tell.
        let _ = self.0.wait_for(has_ended).await;
    }

    /// Whether somebody here tells how the operation goes.
    pub(super) fn is_told(&self) -> bool {
        self.0.has_changed().is_ok()
    }

    /// The operation as it is now, once it has been taken.
    pub(super) fn operation(&self) -> Option<Operation> {
        match &*self.0.borrow() {
            Stage::Taken(operation) => Some(operation.clone()),
            Stage::Sending | Stage::Refused(_) => None,
        }
    }
}

/// Resource ids compare without regard to case.
fn key(machine: &VirtualMachineId) -> String {
    machine.to_string().to_ascii_lowercase()
}

//! The operations of all workers: what is kept of them, and what runs where.

mod teller;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{
    Error, Operation, OperationId,
    kept::Kept,
    operation::begins_at,
    watcher::{Stage, Watcher},
};
use crate::azure::{Order, VirtualMachine, VirtualMachineId};

pub(super) use teller::Teller;

/// Shared by all workers.
#[derive(Clone)]
pub(crate) struct Operations(Arc<Inner>);

struct Inner {
    kept: Kept,
    room: Arc<Semaphore>,
    /// By [`key`].
    running: Mutex<HashMap<Arc<str>, Orders>>,
}

/// The orders for one machine that are sent or run, the newest last. Those
/// before it are what it is to overtake: they hold the machine again if it is
/// refused.
type Orders = Vec<Running>;

struct Running {
    order: Order,
    watcher: Watcher,
}

/// A place among the operations that are under way.
pub(super) struct Room(
    #[expect(dead_code, reason = "it is there to be dropped")] OwnedSemaphorePermit,
);

/// What an order finds.
pub(super) enum Claim {
    /// Nothing in its way: it is to be sent.
    Lead(Teller),
    /// The same order, sent or being sent.
    Join(Watcher),
    /// Another order for the machine.
    Behind(Watcher),
}

/// What somebody finds who asks for an operation.
pub(super) enum Watch {
    /// Somebody tells it.
    Told(Watcher),
    /// Nobody does: it is to be told from here. What was known of it, if it was.
    Look(Teller, Option<Box<Operation>>),
}

impl Operations {
    /// No operations yet; `most` may be under way at once.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            kept: Kept::new(most),
            room: Arc::new(Semaphore::new(most)),
            running: Mutex::default(),
        }))
    }

    /// An operation on the machine as `seen` just before, with an id that no
    /// other one here has.
    pub(super) fn begin(
        &self,
        order: Order,
        machine: VirtualMachineId,
        seen: &VirtualMachine,
    ) -> Operation {
        let mut id = OperationId::new(order, &machine, begins_at(seen));
        while !self.0.kept.reserve(&id) {
            id = id.later();
        }
        Operation::new(id, machine)
    }

    /// The operation `id` was not begun after all.
    pub(super) fn refuse(&self, id: &OperationId) {
        self.0.kept.refuse(id);
    }

    /// Room for one more, until what is returned is dropped.
    pub(super) fn room(&self) -> Result<Room, Error> {
        let room = Arc::clone(&self.0.room).try_acquire_owned();
        room.map(Room).map_err(|_| Error::Crowded)
    }

    /// Where the operation `id` can be watched, if it is known here.
    pub(super) fn watcher(&self, id: &OperationId) -> Option<Watcher> {
        self.0.kept.watcher(id)
    }

    /// The machine of the operation `id`, if that is known here.
    pub(super) fn machine(&self, id: &OperationId) -> Option<VirtualMachineId> {
        self.watcher(id)?.machine()
    }

    /// Where the operation `id` is told, if somebody here does, or what is known
    /// is `enough`; else a place of one's own to find out.
    pub(super) fn watch(&self, id: &OperationId, enough: impl Fn(&Operation) -> bool) -> Watch {
        let teller = self.aside();
        match self.0.kept.watch(id, |known| teller.look(known), enough) {
            Ok(told) => Watch::Told(told),
            Err(known) => Watch::Look(teller, known),
        }
    }

    /// Keeps what the look that `own` watches told of the operation `id`, which does not run
    /// here; nothing, where that failed and nothing was known.
    pub(super) fn learn(&self, id: &OperationId, own: &Watcher, operation: Option<Operation>) {
        let stage = operation.map(|it| watch::Sender::new(Stage::Taken(it)));
        let watcher = stage.as_ref().map(Watcher::of);
        self.0.kept.learn(id, own, watcher);
    }

    /// A place for `order`: of its own if nothing is in its way.
    pub(super) fn claim(&self, machine: &VirtualMachineId, order: Order) -> Claim {
        let (machine, mut running) = (key(machine), self.running());
        match newest(&running, &machine) {
            Some(other) if other.order == order => Claim::Join(other.watcher.clone()),
            Some(other) => Claim::Behind(other.watcher.clone()),
            None => self.lead(&mut running, machine, order),
        }
    }

    /// A place of its own for `order` that is to overtake `other`, unless
    /// something else has come up since: the same order, of somebody else who
    /// overtook, is joined.
    pub(super) fn overtake(
        &self,
        machine: &VirtualMachineId,
        order: Order,
        other: &Watcher,
    ) -> Claim {
        let (machine, mut running) = (key(machine), self.running());
        match newest(&running, &machine) {
            Some(found) if found.order == order => Claim::Join(found.watcher.clone()),
            Some(found) if !found.watcher.is_beside(other) => Claim::Behind(found.watcher.clone()),
            _ => self.lead(&mut running, machine, order),
        }
    }

    /// A place for what holds no machine.
    pub(super) fn aside(&self) -> Teller {
        Teller::new(self.clone(), None)
    }

    /// The operation that holds `machine`, if it is known by now.
    pub(super) fn on(&self, machine: &VirtualMachineId) -> Option<Operation> {
        self.order_on(machine).map(|(_, operation)| operation)
    }

    /// The same, with what was ordered.
    pub(super) fn order_on(&self, machine: &VirtualMachineId) -> Option<(Order, Operation)> {
        let machine = key(machine);
        let running = self.running();
        let newest = newest(&running, &machine)?;
        Some((newest.order, newest.watcher.operation()?))
    }

    fn lead(
        &self,
        running: &mut HashMap<Arc<str>, Orders>,
        machine: Arc<str>,
        order: Order,
    ) -> Claim {
        let mut teller = Teller::new(self.clone(), Some(Arc::clone(&machine)));
        let (watcher, orders) = (teller.watcher(), running.entry(machine).or_default());
        teller.overtaken = orders.last().map(|newest| newest.order);
        orders.push(Running { order, watcher });
        Claim::Lead(teller)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Arc<str>, Orders>> {
        let running = &self.0.running;
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest order for the machine with the key `machine`.
fn newest<'a>(running: &'a HashMap<Arc<str>, Orders>, machine: &str) -> Option<&'a Running> {
    running.get(machine)?.last()
}

/// Resource ids compare without regard to case.
fn key(machine: &VirtualMachineId) -> Arc<str> {
    machine.as_str().to_ascii_lowercase().into()
}

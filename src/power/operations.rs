//! The operations of all workers: what is kept of them, and what runs where.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{
    Error, Operation, OperationId,
    kept::Kept,
    operation::begins_at,
    seat::{Seat, Stage},
};
use crate::{
    azure::{Order, VirtualMachine, VirtualMachineId},
    task::Unfinished,
};

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
    seat: Seat,
}

/// The one place from which an order is told; dropping it ends the order's
/// claim on its machine, and tells those who wait that nothing more comes.
pub(super) struct Flight {
    operations: Operations,
    /// The machine that it holds.
    machine: Option<Arc<str>>,
    /// The order that held the machine, and ran.
    pub(super) overtaken: Option<Order>,
    stage: watch::Sender<Stage>,
}

/// A place among the operations that are under way.
pub(super) struct Room(
    #[expect(dead_code, reason = "it is there to be dropped")] OwnedSemaphorePermit,
);

/// What an order finds.
pub(super) enum Boarding {
    /// Nothing in its way: it is to be sent.
    Lead(Flight),
    /// The same order, sent or being sent.
    Join(Seat),
    /// Another order for the machine.
    Behind(Seat),
}

/// What somebody finds who asks for an operation.
pub(super) enum Watch {
    /// Somebody tells it.
    Told(Seat),
    /// Nobody does: it is to be told from here. What was known of it, if it was.
    Look(Flight, Option<Box<Operation>>),
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
    pub(super) fn seat(&self, id: &OperationId) -> Option<Seat> {
        self.0.kept.seat(id)
    }

    /// The machine of the operation `id`, if that is known here.
    pub(super) fn machine(&self, id: &OperationId) -> Option<VirtualMachineId> {
        self.seat(id)?.machine()
    }

    /// Where the operation `id` is told, if somebody here does, or what is known
    /// is `enough`; else a place of one's own to find out.
    pub(super) fn watch(&self, id: &OperationId, enough: impl Fn(&Operation) -> bool) -> Watch {
        let flight = self.aside();
        match self.0.kept.watch(id, |known| flight.look(known), enough) {
            Ok(told) => Watch::Told(told),
            Err(known) => Watch::Look(flight, known),
        }
    }

    /// Keeps what a look before `own` told of the operation `id`, which does not run here;
    /// nothing, where that failed and nothing was known.
    pub(super) fn learn(&self, id: &OperationId, own: &Seat, operation: Option<Operation>) {
        let stage = operation.map(|it| watch::Sender::new(Stage::Taken(it)));
        let seat = stage.as_ref().map(Seat::before);
        self.0.kept.learn(id, own, seat);
    }

    /// A place for `order`: of its own if nothing is in its way.
    pub(super) fn board(&self, machine: &VirtualMachineId, order: Order) -> Boarding {
        let (machine, mut running) = (key(machine), self.running());
        match newest(&running, &machine) {
            Some(other) if other.order == order => Boarding::Join(other.seat.clone()),
            Some(other) => Boarding::Behind(other.seat.clone()),
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
        other: &Seat,
    ) -> Boarding {
        let (machine, mut running) = (key(machine), self.running());
        match newest(&running, &machine) {
            Some(found) if found.order == order => Boarding::Join(found.seat.clone()),
            Some(found) if !found.seat.is_beside(other) => Boarding::Behind(found.seat.clone()),
            _ => self.lead(&mut running, machine, order),
        }
    }

    /// A place for what holds no machine.
    pub(super) fn aside(&self) -> Flight {
        Flight {
            operations: self.clone(),
            machine: None,
            overtaken: None,
            stage: watch::Sender::new(Stage::Sending),
        }
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
        Some((newest.order, newest.seat.operation()?))
    }

    fn lead(
        &self,
        running: &mut HashMap<Arc<str>, Orders>,
        machine: Arc<str>,
        order: Order,
    ) -> Boarding {
        let stage = watch::Sender::new(Stage::Sending);
        let seat = Seat::before(&stage);
        let orders = running.entry(Arc::clone(&machine)).or_default();
        let overtaken = orders.last().map(|newest| newest.order);
        orders.push(Running { order, seat });
        let flight = Flight {
            operations: self.clone(),
            machine: Some(machine),
            overtaken,
            stage,
        };
        Boarding::Lead(flight)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Arc<str>, Orders>> {
        let running = &self.0.running;
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Where it is watched.
    pub(super) fn seat(&self) -> Seat {
        Seat::before(&self.stage)
    }

    /// The order is about to be sent, as `operation`. Whoever watches it waits for what comes
    /// of that, and is not woken.
    pub(super) fn send(&self, operation: Operation) {
        self.stage.send_if_modified(|stage| {
            *stage = Stage::Sent(operation);
            false
        });
    }

    /// It is looked how an operation is of which so much was `known`. Returns where that is
    /// watched.
    fn look(&self, known: Option<&Operation>) -> Seat {
        if let Some(known) = known {
            self.stage.send_replace(Stage::Looking(known.clone()));
        }
        self.seat()
    }

    /// It is looked for what became of the operation `id`: whoever asks for it waits for that.
    pub(super) fn look_for(&self, id: OperationId) {
        self.operations.0.kept.insert(id, self.seat());
    }

    /// Nothing shows of `operation`, and nobody looks for it any more but who asks.
    pub(super) fn lose(self, operation: Operation, error: Error) {
        self.leave_known(operation);
        self.refuse(error);
    }

    /// Has `operation` known, which nobody tells any more from here.
    fn leave_known(&self, operation: Operation) {
        let id = operation.id.clone();
        self.operations.learn(&id, &self.seat(), Some(operation));
    }

    /// Azure, or a look at the machine, has refused the order.
    pub(super) fn refuse(self, error: Error) {
        // The machine is free before anybody hears of it, and may try again.
        self.leave();
        self.stage.send_replace(Stage::Refused(error));
    }

    /// What is known of the operation now.
    pub(super) fn tell(&self, operation: Operation) {
        self.hold_alone();
        let id = operation.id.clone();
        self.stage.send_replace(Stage::Taken(operation));
        let seat = Seat::before(&self.stage);
        self.operations.0.kept.insert(id, seat);
    }

    /// A look has told how the operation is; nobody follows it here.
    pub(super) fn show(self, operation: Operation) {
        self.stage.send_replace(Stage::Taken(operation));
    }

    /// The operation has ended as it is here.
    pub(super) fn end(self, operation: Operation) {
        self.leave();
        self.tell(operation);
    }

    /// Azure has taken the order: what it overtook holds the machine no more.
    fn hold_alone(&self) {
        let Some(machine) = &self.machine else { return };
        let mut running = self.operations.running();
        let Some(orders) = running.get_mut(machine) else {
            return;
        };
        if let Some(own) = orders.iter().position(|order| self.is(order)) {
            orders.drain(..own);
        }
    }

    fn leave(&self) {
        let Some(machine) = &self.machine else { return };
        let mut running = self.operations.running();
        let Some(orders) = running.get_mut(machine) else {
            return;
        };
        orders.retain(|order| !self.is(order));
        if orders.is_empty() {
            running.remove(machine);
        }
    }

    fn is(&self, order: &Running) -> bool {
        order.seat.is_beside(&Seat::before(&self.stage))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.leave();
        let (stage, why) = (self.stage.borrow().clone(), Unfinished::on_drop());
        let error = match stage {
            Stage::Sending => Error::Unfinished(why),
            Stage::Looking(operation) => {
                self.leave_known(operation);
                Error::Unfinished(why)
            }
            Stage::Sent(operation) => {
                self.leave_known(operation.clone());
                Error::GivenUp(operation.id, why)
            }
            Stage::Refused(_) | Stage::Taken(_) => return,
        };
        self.stage.send_replace(Stage::Refused(error));
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

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Wake, Waker},
    };

    use super::*;
    use crate::task::Tasks;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn begun() -> Operation {
        let id = "web-01.start.019ab2c3d4e9f8e7d6c".parse().unwrap();
        let machine = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute\
                       /virtualMachines/web-01";
        Operation::new(id, machine.parse().unwrap())
    }

    #[test]
    fn who_joined_is_woken_by_what_comes_of_an_order_and_not_when_it_is_sent() {
        let flight = Operations::new(1).aside();
        let (mut seat, count) = (flight.seat(), Arc::new(Wakes::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut outcome = pin!(seat.sent());
        assert!(outcome.as_mut().poll(&mut context).is_pending());

        flight.send(begun());
        assert_eq!(flight.seat().id(), Some(begun().id));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);

        flight.refuse(Error::Held);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(outcome.poll(&mut context).is_ready());
    }

    /// What those who wait for an order are told when it is let go of, before and after it
    /// was sent, and `amid` that.
    async fn let_go(amid: fn()) -> [String; 2] {
        let told = [None, Some(begun())].map(async |begun| {
            let flight = Operations::new(1).aside();
            let mut seat = flight.seat();
            let work = async move {
                if let Some(operation) = begun {
                    flight.send(operation);
                }
                amid();
            };
            let _ = Tasks::default().finish(work).await;
            seat.sent().await.unwrap_err().to_string()
        });
        let [before, after] = told;
        [before.await, after.await]
    }

    #[actix_web::test]
    async fn those_who_wait_are_not_told_that_the_gateway_ends_where_it_does_not() {
        for told in let_go(|| {}).await {
            assert!(told.starts_with("the gateway is shutting down"), "{told}");
        }
        let [before, after] = let_go(|| panic!("on purpose")).await;
        assert_eq!(before, "the work broke off by a fault of the gateway");
        assert!(after.starts_with(&before), "{after}");
        assert!(after.ends_with("whether Azure carries it out is not known"));
    }
}

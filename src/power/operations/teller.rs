//! The one place from which an order is told.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Operations, Running};
use crate::{
    azure::Order,
    power::{
        Error, Operation, OperationId,
        watcher::{Stage, Watcher},
    },
    task::Unfinished,
};

/// The one place from which an order is told; dropping it ends the order's
/// claim on its machine, and tells those who wait that nothing more comes.
pub(in crate::power) struct Teller {
    operations: Operations,
    /// The machine that it holds.
    machine: Option<Arc<str>>,
    /// The order that held the machine, and ran.
    pub(in crate::power) overtaken: Option<Order>,
    stage: watch::Sender<Stage>,
}

impl Teller {
    /// One of `operations`, that holds `machine`.
    pub(super) fn new(operations: Operations, machine: Option<Arc<str>>) -> Self {
        Self {
            operations,
            machine,
            overtaken: None,
            stage: watch::Sender::new(Stage::Sending),
        }
    }

    /// Where it is watched.
    pub(in crate::power) fn watcher(&self) -> Watcher {
        Watcher::of(&self.stage)
    }

    /// The order is about to be sent, as `operation`. Whoever watches it waits for what comes
    /// of that, and is not woken.
    pub(in crate::power) fn send(&self, operation: Operation) {
        self.stage.send_if_modified(|stage| {
            *stage = Stage::Sent(operation);
            false
        });
    }

    /// It is looked how an operation is of which so much was `known`. Returns where that is
    /// watched.
    pub(super) fn look(&self, known: Option<&Operation>) -> Watcher {
        if let Some(known) = known {
            self.stage.send_replace(Stage::Looking(known.clone()));
        }
        self.watcher()
    }

    /// It is looked for what became of the operation `id`: whoever asks for it waits for that.
    pub(in crate::power) fn look_for(&self, id: OperationId) {
        self.operations.0.kept.insert(id, self.watcher());
    }

    /// Nothing shows of `operation`, and nobody looks for it any more but who asks.
    pub(in crate::power) fn lose(self, operation: Operation, error: Error) {
        self.leave_known(operation);
        self.refuse(error);
    }

    /// Has `operation` known, which nobody tells any more from here.
    fn leave_known(&self, operation: Operation) {
        let id = operation.id.clone();
        self.operations.learn(&id, &self.watcher(), Some(operation));
    }

    /// Azure, or a look at the machine, has refused the order.
    pub(in crate::power) fn refuse(self, error: Error) {
        // The machine is free before anybody hears of it, and may try again.
        self.leave();
        self.stage.send_replace(Stage::Refused(error));
    }

    /// What is known of the operation now.
    pub(in crate::power) fn tell(&self, operation: Operation) {
        self.hold_alone();
        let id = operation.id.clone();
        self.stage.send_replace(Stage::Taken(operation));
        let watcher = Watcher::of(&self.stage);
        self.operations.0.kept.insert(id, watcher);
    }

    /// A look has told how the operation is; nobody follows it here.
    pub(in crate::power) fn show(self, operation: Operation) {
        self.stage.send_replace(Stage::Taken(operation));
    }

    /// The operation has ended as it is here.
    pub(in crate::power) fn end(self, operation: Operation) {
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
        order.watcher.is_beside(&Watcher::of(&self.stage))
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.leave();
        let why = Unfinished::on_drop();
        let (known, error) = match &*self.stage.borrow() {
            Stage::Sending => (None, Error::Unfinished(why)),
            Stage::Looking(operation) => (Some(operation.clone()), Error::Unfinished(why)),
            Stage::Sent(operation) => {
                let given_up = Error::GivenUp(operation.id.clone(), why);
                (Some(operation.clone()), given_up)
            }
            Stage::Refused(_) | Stage::Taken(_) => return,
        };
        if let Some(operation) = known {
            self.leave_known(operation);
        }
        self.stage.send_replace(Stage::Refused(error));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Wake, Waker},
    };

    use super::*;
    use crate::{power::operations::Watch, task::Tasks};

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
        let teller = Operations::new(1).aside();
        let (mut watcher, count) = (teller.watcher(), Arc::new(Wakes::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut outcome = pin!(watcher.sent());
        assert!(outcome.as_mut().poll(&mut context).is_pending());

        teller.send(begun());
        assert_eq!(teller.watcher().id(), Some(begun().id));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);

        teller.refuse(Error::Held);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(outcome.poll(&mut context).is_ready());
    }

    /// What those who wait for an order are told when it is let go of, before and after it
    /// was sent, and `amid` that.
    async fn let_go(amid: fn()) -> [String; 2] {
        let told = [None, Some(begun())].map(async |begun| {
            let teller = Operations::new(1).aside();
            let mut watcher = teller.watcher();
            let work = async move {
                if let Some(operation) = begun {
                    teller.send(operation);
                }
                amid();
            };
            let _ = Tasks::default().finish(work).await;
            watcher.sent().await.unwrap_err().to_string()
        });
        let [before, after] = told;
        [before.await, after.await]
    }

    #[test]
    fn the_machine_is_known_of_what_is_let_go_of_amid_a_look() {
        let (operations, begun) = (Operations::new(1), begun());
        let machine = || operations.machine(&begun.id).map(|it| it.to_string());
        let sent = operations.aside();
        sent.send(begun.clone());
        sent.look_for(begun.id.clone());
        drop(sent);
        assert_eq!(machine(), Some(begun.machine.to_string()));
        let Watch::Look(look, known) = operations.watch(&begun.id, |_| false) else {
            panic!("nobody tells it");
        };
        assert!(known.is_some());
        drop(look);
        assert_eq!(machine(), Some(begun.machine.to_string()));
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

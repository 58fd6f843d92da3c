//! Where those who wait for an order watch it.

use tokio::sync::watch;

use super::{Error, Operation, OperationId};
use crate::{azure::VirtualMachineId, task::Unfinished};

/// How far an order is.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// It is not known yet what Azure makes of it.
    Sending,
    /// The same, and Azure may have it by now.
    Sent(Operation),
    /// It is looked how this one is; so much was known of it before.
    Looking(Operation),
    Refused(Error),
    Taken(Operation),
}

/// Hears how far an order is.
#[derive(Clone)]
pub(super) struct Watcher(watch::Receiver<Stage>);

impl Watcher {
    /// A watcher of `stage`.
    pub(super) fn of(stage: &watch::Sender<Stage>) -> Self {
        Self(stage.subscribe())
    }

    /// Whether `other` watches the same order.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    /// What became of the order, once it has been sent.
    pub(super) async fn sent(&mut self) -> Result<Operation, Error> {
        let is_told = |stage: &Stage| matches!(stage, Stage::Refused(_) | Stage::Taken(_));
        // Whoever sends it tells also that they do so no more.
        let _ = self.0.wait_for(is_told).await;
        match &*self.0.borrow() {
            Stage::Taken(operation) => Ok(operation.clone()),
            Stage::Refused(error) => Err(error.clone()),
            Stage::Sent(operation) => {
                Err(Error::GivenUp(operation.id.clone(), Unfinished::Stopped))
            }
            Stage::Sending | Stage::Looking(_) => Err(Error::Unfinished(Unfinished::Stopped)),
        }
    }

    /// Resolves when the operation has ended, or is followed no more.
    pub(super) async fn ended(&mut self) {
        let has_ended = |stage: &Stage| match stage {
            Stage::Sending | Stage::Sent(_) | Stage::Looking(_) => false,
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

    /// The id of an order that Azure may have by now.
    pub(super) fn id(&self) -> Option<OperationId> {
        match &*self.0.borrow() {
            Stage::Sent(operation) | Stage::Taken(operation) => Some(operation.id.clone()),
            Stage::Sending | Stage::Looking(_) | Stage::Refused(_) => None,
        }
    }

    /// The machine of the operation, if that is known.
    pub(super) fn machine(&self) -> Option<VirtualMachineId> {
        match &*self.0.borrow() {
            Stage::Sent(operation) | Stage::Looking(operation) | Stage::Taken(operation) => {
                Some(operation.machine.clone())
            }
            Stage::Sending | Stage::Refused(_) => None,
        }
    }

    /// The operation as it is now, once it has been taken.
    pub(super) fn operation(&self) -> Option<Operation> {
        match &*self.0.borrow() {
            Stage::Taken(operation) => Some(operation.clone()),
            Stage::Sending | Stage::Sent(_) | Stage::Looking(_) | Stage::Refused(_) => None,
        }
    }
}

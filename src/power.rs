//! A power operation's life, from the order to its end.

mod follow;
mod operation;

use jiff::Timestamp;

pub(crate) use operation::{Operation, OperationId, Operations, PowerAction, Status};

use crate::{
    azure::{self, ArmClient, Submitted, VirtualMachine, VirtualMachineId},
    http::Context,
    metrics::Metrics,
    task::{Tasks, Unfinished},
};

/// Why an order was not taken, or a machine not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Azure said no, or nothing.
    #[error("the virtual machine could not be {0}")]
    Azure(&'static str, #[source] azure::Error),
    /// What became of the order is not known.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

/// Power operations as one worker begins them.
#[derive(Clone)]
pub(crate) struct Power {
    arm: ArmClient,
    operations: Operations,
    tasks: Tasks,
    metrics: Metrics,
}

impl Power {
    /// Power operations by way of `arm`, kept in `operations` for all workers.
    pub(crate) fn new(
        arm: ArmClient,
        operations: Operations,
        tasks: Tasks,
        metrics: Metrics,
    ) -> Self {
        Self {
            arm,
            operations,
            tasks,
            metrics,
        }
    }

    /// The virtual machine as it is now.
    pub(crate) async fn virtual_machine(
        &self,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<VirtualMachine, Error> {
        self.arm
            .virtual_machine(id, context)
            .await
            .map_err(|error| Error::Azure("read", error))
    }

    /// Orders the virtual machine to be deallocated and follows the operation
    /// to its end, whether or not the caller stays.
    pub(crate) async fn deallocate(
        &self,
        id: VirtualMachineId,
        context: Context,
    ) -> Result<Operation, Error> {
        let power = self.clone();
        self.tasks
            .finish(async move { power.order(id, &context).await })
            .await?
    }

    /// The operation `id`, as far as this gateway knows.
    pub(crate) fn operation(&self, id: OperationId) -> Option<Operation> {
        self.operations.get(id)
    }

    async fn order(&self, id: VirtualMachineId, context: &Context) -> Result<Operation, Error> {
        let submitted = self
            .arm
            .deallocate(&id, context)
            .await
            .map_err(|error| Error::Azure("deallocated", error))?;
        let mut operation = Operation::begun(PowerAction::Deallocate, id);
        match submitted {
            Submitted::Done => {
                operation.end(Status::Succeeded, Timestamp::now());
                self.record(&operation);
            }
            Submitted::Running(url) => {
                self.operations.put(operation.clone());
                let follower = follow::Follower::new(self.clone(), operation.clone(), url, context);
                self.tasks.follow(follower.run());
            }
        }
        Ok(operation)
    }

    /// Keeps `operation`, which has ended, counts it and writes it down.
    fn record(&self, operation: &Operation) {
        self.operations.put(operation.clone());
        tracing::info!(
            operation.id = %operation.id,
            operation.action = operation.action.as_str(),
            operation.status = operation.status.label(),
            vm.id = %operation.machine,
            "power operation ended",
        );
        self.metrics.operation_ended(
            operation.action.as_str(),
            operation.status.label(),
            operation.took(Timestamp::now()),
        );
    }
}

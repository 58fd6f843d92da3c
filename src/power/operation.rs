//! What is known of a power operation.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;
use moka::{policy::EvictionPolicy, sync::Cache};
use uuid::Uuid;

use crate::azure::{OperationFault, VirtualMachineId};

/// Operations are kept for this long after they were last heard of.
///
/// Source: microsoft/api-guidelines `azure/Guidelines.md`,
/// `lro-status-monitor-retention`.
const RETENTION: Duration = Duration::from_hours(24);

/// More are never kept; the ones longest not heard of go first.
const CAPACITY: u64 = 10_000;

/// What can be ordered of a virtual machine, in Resource Manager's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerAction {
    /// Stop, and release the hardware: no more compute charges.
    Deallocate,
}

impl PowerAction {
    /// The name in paths, bodies and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deallocate => "deallocate",
        }
    }
}

/// How an operation is, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed(OperationFault),
    Canceled(OperationFault),
    /// Its end could not be learnt; it may have been any of the others.
    Unknown(OperationFault),
}

impl Status {
    /// The outcome in metrics.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Canceled(_) => "canceled",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The gateway's own id of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OperationId(Uuid);

impl FromStr for OperationId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One order and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) action: PowerAction,
    pub(crate) machine: VirtualMachineId,
    pub(crate) status: Status,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
}

impl Operation {
    /// An order that Azure has just taken.
    pub(crate) fn begun(action: PowerAction, machine: VirtualMachineId) -> Self {
        Self {
            id: OperationId(Uuid::new_v4()),
            action,
            machine,
            status: Status::InProgress,
            started_at: Timestamp::now(),
            ended_at: None,
        }
    }

    /// Ends it with `status`.
    pub(crate) fn end(&mut self, status: Status, now: Timestamp) {
        self.status = status;
        self.ended_at = Some(now);
    }

    /// How long it has taken, or took.
    pub(crate) fn took(&self, now: Timestamp) -> Duration {
        let until = self.ended_at.unwrap_or(now);
        Duration::try_from(until.duration_since(self.started_at)).unwrap_or_default()
    }
}

/// The operations of all workers.
#[derive(Clone)]
pub(crate) struct Operations(Cache<OperationId, Operation>);

impl Operations {
    /// No operations yet.
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(CAPACITY)
            // moka's own policy would turn away the newest, which nobody has
            // asked for yet.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(RETENTION)
            .build();
        Self(cache)
    }

    pub(crate) fn get(&self, id: OperationId) -> Option<Operation> {
        self.0.get(&id)
    }

    pub(crate) fn put(&self, operation: Operation) {
        self.0.insert(operation.id, operation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_operations_stay_when_there_are_too_many() {
        let operations = Operations::new();
        let machine = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg\
                       /providers/Microsoft.Compute/virtualMachines/vm";
        let machine: VirtualMachineId = machine.parse().unwrap();
        let ids: Vec<_> = (0..CAPACITY + 500)
            .map(|_| {
                let operation = Operation::begun(PowerAction::Deallocate, machine.clone());
                let id = operation.id;
                operations.put(operation);
                id
            })
            .collect();
        operations.0.run_pending_tasks();

        let (oldest, newest) = (&ids[..500], &ids[ids.len() - 500..]);
        assert!(oldest.iter().all(|id| operations.get(*id).is_none()));
        assert!(newest.iter().all(|id| operations.get(*id).is_some()));
    }
}

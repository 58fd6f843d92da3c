//! What is known of a power operation.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::id::{OperationId, as_written};
use crate::azure::{Action, OperationFault, VirtualMachine, VirtualMachineId, VmName};

/// How an operation is, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed(OperationFault),
    Canceled(OperationFault),
    /// A newer operation on the machine took its place.
    Superseded(OperationFault),
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
            Self::Superseded(_) => "superseded",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The word for it in bodies.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed(_) => "Failed",
            Self::Canceled(_) => "Canceled",
            Self::Superseded(_) => "Superseded",
            Self::Unknown(_) => "Unknown",
        }
    }

    /// What went wrong.
    pub(crate) const fn fault(&self) -> Option<&OperationFault> {
        match self {
            Self::InProgress | Self::Succeeded => None,
            Self::Failed(fault)
            | Self::Canceled(fault)
            | Self::Superseded(fault)
            | Self::Unknown(fault) => Some(fault),
        }
    }
}

/// Why nothing was sent to Azure for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spared {
    /// The machine was so already.
    AlreadySo,
    /// The machine was hibernated, which it stays unless an order says otherwise.
    Hibernated,
    /// Azure was at it already.
    UnderWay,
}

/// One order and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) machine: VirtualMachineId,
    pub(crate) status: Status,
    pub(crate) started_at: Timestamp,
    /// The same moment by the clock that nobody sets. `started_at` may be Azure's: what our
    /// clock shows later says nothing of how long it took.
    pub(super) begun: Instant,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) spared: Option<Spared>,
    pub(crate) superseded_by: Option<OperationId>,
    /// When its machine was last looked at on its account; `None` where Azure
    /// is asked for the operation itself.
    pub(crate) observed_at: Option<Timestamp>,
}

impl Operation {
    /// The operation that begins now as `id` says.
    pub(super) fn new(id: OperationId, machine: VirtualMachineId) -> Self {
        Self {
            started_at: id.started_at(),
            begun: Instant::now(),
            id,
            machine,
            status: Status::InProgress,
            ended_at: None,
            spared: None,
            superseded_by: None,
            observed_at: None,
        }
    }

    /// The operation that `id` speaks of, of which nothing else is known.
    pub(super) fn known(id: OperationId, machine: VirtualMachineId) -> Self {
        let mut operation = Self::new(id, machine);
        operation.tell_time(Timestamp::now());
        operation
    }

    /// Tells it that it is `now`, by the clock by which it began.
    pub(super) fn tell_time(&mut self, now: Timestamp) {
        let age = Duration::try_from(now.duration_since(self.started_at)).unwrap_or_default();
        let now = Instant::now();
        self.begun = now.checked_sub(age).unwrap_or(now);
    }

    /// What the clock shows by which it began.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.started_at.saturating_add(self.begun.elapsed());
        now.unwrap_or(self.started_at)
    }

    /// Has it, and its id, name the machine as Azure does.
    pub(super) fn name_as(&mut self, seen: &VirtualMachine) {
        self.machine = as_written(seen, self.machine.clone());
        if self.id.name().as_str() != self.machine.name.as_str() {
            self.id = self.id.named(&self.machine);
        }
    }

    /// What was ordered.
    pub(crate) fn action(&self) -> Action {
        self.id.action()
    }

    /// Why nothing was sent for it.
    pub(crate) fn message(&self) -> Option<String> {
        let name = &self.machine.name;
        Some(match self.spared? {
            Spared::AlreadySo => {
                let state = self.action().participle();
                format!("{name} is {state} already; nothing was sent to Azure")
            }
            Spared::Hibernated => format!("{}; nothing was sent to Azure", hibernated(name)),
            Spared::UnderWay => format!("Azure is at it already for {name}; nothing was sent"),
        })
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.status == Status::InProgress
    }

    /// Ends it with `status` at a time of the clock by which it began.
    pub(super) fn end(&mut self, status: Status, at: Timestamp) {
        self.status = status;
        self.ended_at = Some(at);
    }

    /// How long it has taken, or took.
    pub(crate) fn took(&self) -> Duration {
        let until = self.ended_at.unwrap_or_else(|| self.now());
        Duration::try_from(until.duration_since(self.started_at)).unwrap_or_default()
    }
}

/// Why a machine that is hibernated is not deallocated.
pub(crate) fn hibernated(name: &VmName) -> String {
    format!(
        "{name} is hibernated, which is deallocated with its memory kept on disk; to give up the \
         memory, deallocate it with ?hibernate=false"
    )
}

/// When an order begins that follows on the machine as `seen`: after its last
/// change, whatever the clocks say. What ends later is then no change of before. Nor is
/// it later than the time that Azure tells: what comes of the order ends after it.
pub(super) fn begins_at(seen: &VirtualMachine) -> Timestamp {
    let last = seen.changed_at().unwrap_or(Timestamp::MIN);
    let after = last.saturating_add(SignedDuration::from_millis(1));
    after.map_or(seen.seen_at, |it| it.max(seen.seen_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::Order;

    #[test]
    fn an_order_begins_after_the_last_change_as_its_id_tells_it() {
        let body = r#"{"id":"i","name":"n","location":"l","properties":{"instanceView":
            {"statuses":[{"code":"ProvisioningState/succeeded",
                "time":"2026-11-25T10:01:00.1239Z"}]}}}"#;
        let mut seen: VirtualMachine = serde_json::from_str(body).unwrap();
        seen.seen_at = "2026-11-25T10:00:00Z".parse().unwrap();
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/n";
        let order = Order::graceful(Action::Restart);
        let id = OperationId::new(order, &id.parse().unwrap(), begins_at(&seen));
        assert!(Some(id.started_at()) > seen.changed_at(), "{id}");
    }
}

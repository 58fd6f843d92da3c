//! Follows an operation at Azure to its end.

use std::{rc::Rc, time::Duration};

use actix_web::{http::StatusCode, rt::time};

use super::{
    Operation, Power, Status,
    operations::{Room, Teller},
    schedule::{PATIENCE, Schedule},
    span,
    traced::outcome,
    verdict::{Ordered, unknown, verdict},
};
use crate::{
    audit::Pending,
    azure::{self, OperationFault, OperationUrl, Progress},
    http::{self, Context, Deadline},
    telemetry::{OpenSpan, TraceContext},
};

/// One poll, or one look at the machine.
pub(crate) const POLL: Duration = Duration::from_secs(10);

/// Polls in a row that are refused for what does not pass, after which there is no point in
/// the next one.
const LASTING: u32 = 3;

/// What a failed operation says that a newer one has overtaken.
///
/// Source: Azure/azure-rest-api-specs#22434.
const PREEMPTED: &str = "OperationPreempted";

/// Where the end of an operation is learnt.
pub(super) enum Way {
    /// From Azure's own word for it.
    Status(OperationUrl),
    /// From the machine: there is nothing to ask, or it may not be asked.
    Observation,
}

/// What it means that a look gave no answer.
enum Setback {
    /// No further look will tell more than this.
    Final(Status),
    /// The machine has to be looked at instead.
    Elsewhere,
    /// It says nothing of the operation.
    Passing,
}

/// One operation being followed.
pub(super) struct Follower {
    power: Rc<Power>,
    operation: Operation,
    way: Way,
    /// Dropped with this, it is told that the end is not known.
    pending: Option<Pending>,
    teller: Teller,
    room: Room,
    span: OpenSpan,
    /// Where it is asked for, in that span.
    trace: TraceContext,
}

impl Follower {
    /// Follows an operation by the way that it has, tells its end by `teller`,
    /// and the record what it is owed.
    pub(super) fn new(
        power: Rc<Power>,
        (operation, way, pending): (Operation, Way, Option<Pending>),
        (teller, room): (Teller, Room),
        context: &Context,
    ) -> Self {
        let span = span::begin(&operation, &context.trace);
        let trace = span.trace().unwrap_or(&context.trace).clone();
        Self {
            power,
            operation,
            way,
            pending,
            teller,
            room,
            span,
            trace,
        }
    }

    /// Asks until there is an end to record.
    ///
    /// Boxed: an async fn keeps its arguments twice, and thousands are followed at once.
    pub(super) async fn run(mut self: Box<Self>) {
        let _followed = self.power.metrics.operation_followed(self.operation.begun);
        let status = self.end().await;
        self.operation.end(status, self.operation.now());
        if matches!(self.operation.status, Status::Superseded(_)) {
            let newer = self.power.operations.on(&self.operation.machine);
            self.operation.superseded_by = newer
                .map(|newer| newer.id)
                .filter(|id| *id != self.operation.id);
        }
        self.power.record(&self.operation);
        if let Some(pending) = self.pending {
            pending.outcome(outcome(&self.operation));
        }
        span::end(self.span, &self.operation);
        // Before anybody hears of it, and orders the next.
        drop(self.room);
        self.teller.end(self.operation);
    }

    async fn end(&mut self) -> Status {
        time::timeout(PATIENCE, self.asked())
            .await
            .unwrap_or_else(|_| unknown("NotEnded", "it did not end within two hours"))
    }

    /// Asks until there is an end, however often Azure does not answer.
    async fn asked(&mut self) -> Status {
        let mut schedule = Schedule::default();
        let mut refusals = 0;
        loop {
            time::sleep(schedule.pause()).await;
            let arm = &self.power.arm;
            arm.turn(self.operation.machine.subscription_id()).await;
            // While it waits, it does not carry what a call takes.
            match Box::pin(self.look(&mut schedule)).await {
                Ok(Status::InProgress) => refusals = 0,
                Ok(status) => return status,
                Err(error) => match self.without_answer(&error) {
                    Setback::Final(status) => return status,
                    Setback::Elsewhere => self.way = Way::Observation,
                    Setback::Passing => {
                        let refusal = error.refusal();
                        schedule.failed(refusal.and_then(|refusal| refusal.retry_after));
                        refusals = if says_no(&error) { refusals + 1 } else { 0 };
                        if refusals == LASTING {
                            self.way = Way::Observation;
                        }
                    }
                },
            }
        }
    }

    async fn look(&mut self, schedule: &mut Schedule) -> Result<Status, azure::Error> {
        let context = Context::own(Deadline::after(POLL), self.trace.clone());
        let (arm, machine) = (&self.power.arm, &self.operation.machine);
        match &self.way {
            Way::Status(url) => {
                let subscription_id = machine.subscription_id();
                let poll = arm.progress(url, subscription_id, &context).await?;
                schedule.answered(poll.left, poll.retry_after);
                if let Some(url) = poll.moved {
                    self.way = Way::Status(url);
                }
                Ok(told(poll.progress))
            }
            Way::Observation => {
                let machine = arm.virtual_machine(machine, &context).await?;
                schedule.answered(machine.left, None);
                Ok(verdict(Ordered::of(&self.operation), &machine))
            }
        }
    }

    /// What it means that Azure does not answer. Where the status may not be
    /// read, or is no longer known, the machine is looked at instead: a role on
    /// the machine alone lets the identity act, and look, but not ask how it
    /// goes. So it is where it is refused again and again, for whatever else.
    ///
    /// Source: "Track asynchronous Azure operations", permission for tracking.
    fn without_answer(&self, error: &azure::Error) -> Setback {
        let status = error.refusal().map(|refusal| refusal.status);
        match (status, &self.way) {
            (
                Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE),
                Way::Status(_),
            ) => Setback::Elsewhere,
            (Some(StatusCode::FORBIDDEN), Way::Observation) => Setback::Final(unknown(
                "NotReadable",
                "the identity may read neither the operation nor the virtual machine",
            )),
            (Some(StatusCode::NOT_FOUND | StatusCode::GONE), Way::Observation) => {
                Setback::Final(gone())
            }
            _ => Setback::Passing,
        }
    }
}

/// Whether Azure has answered, and the next answer will be no other: one that is none, breaks
/// off, or is refused, but for a token, which says nothing of the status.
fn says_no(error: &azure::Error) -> bool {
    match error.exchange() {
        Some(http::Error::Malformed(_) | http::Error::Truncated(_) | http::Error::TooLong(_)) => {
            true
        }
        Some(http::Error::Refused(refusal)) => {
            !error.is_passing() && refusal.status != StatusCode::UNAUTHORIZED
        }
        _ => false,
    }
}

/// The status of an operation whose machine is not there any more.
pub(super) fn gone() -> Status {
    unknown("MachineGone", "the virtual machine does not exist any more")
}

/// What Azure's word means.
fn told(progress: Progress) -> Status {
    match progress {
        Progress::Running => Status::InProgress,
        Progress::Succeeded => Status::Succeeded,
        Progress::Failed(fault) | Progress::Canceled(fault) if is_preempted(&fault) => {
            Status::Superseded(fault)
        }
        Progress::Failed(fault) => Status::Failed(fault),
        Progress::Canceled(fault) => Status::Canceled(fault),
    }
}

/// Azure calls what was preempted canceled, and has called it failed.
fn is_preempted(fault: &OperationFault) -> bool {
    fault.code.eq_ignore_ascii_case(PREEMPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_preempted_is_superseded_whichever_end_azure_calls_it() {
        let fault = |code: &str| OperationFault {
            code: code.to_owned(),
            message: String::new(),
        };
        for progress in [Progress::Failed, Progress::Canceled] {
            let label = |code| told(progress(fault(code))).label();
            assert_eq!(label("OperationPreempted"), "superseded");
            assert_ne!(label("AllocationFailed"), "superseded");
        }
    }
}

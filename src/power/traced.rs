//! An operation in the words of the record of changes.

use super::{Error, Operation, OperationId, Spared, Status};
use crate::{
    audit::{Activity, Conclusion, Deed, Denied, Outcome},
    azure::{Action, Call, Order, VirtualMachineId},
};

/// What is done by `operation`, and beyond its action where `change` says so.
pub(super) fn deed(operation: &Operation, order: Order, change: Option<String>) -> Deed {
    Deed {
        action: order.action,
        manner: order.manner,
        memory: order.memory,
        machine: operation.machine.clone(),
        operation: operation.id.as_str().to_owned(),
        change,
    }
}

/// The order that Azure may have by now, if `error` is that no more is known of it.
pub(super) fn unanswered(error: &Error) -> Option<&OperationId> {
    if let Error::Lost(id, _) | Error::GivenUp(id, _) | Error::Waiting(Some(id)) = error {
        Some(id)
    } else {
        None
    }
}

/// Why nothing had to be sent for `operation`.
pub(super) fn spared(operation: &Operation) -> Option<Outcome> {
    let why = match operation.spared? {
        Spared::AlreadySo => "the machine was so already",
        Spared::Hibernated => "the machine was hibernated, and its memory kept",
        Spared::UnderWay => "Azure was at it already",
    };
    Some(Outcome::success(why))
}

/// What was denied, if `error` is that `machine` is left alone whoever asks.
pub(super) fn denied(error: &Error, action: Action, machine: &VirtualMachineId) -> Option<Denied> {
    let (code, detail) = if let Error::Protected(_, refusal) = error {
        ("protected", refusal.to_string())
    } else if let Error::TooMany(_, exceeded) = error {
        ("too_many_changes", exceeded.to_string())
    } else {
        return None;
    };
    Some(Denied {
        activity: Activity::Update,
        operation: Call::Order(action).permission().to_owned(),
        resource: Some(machine.to_string()),
        code,
        detail,
        grounds: None,
    })
}

/// How `operation` ended.
pub(super) fn outcome(operation: &Operation) -> Outcome {
    match &operation.status {
        Status::Succeeded => Outcome::success(""),
        Status::Failed(fault) | Status::Canceled(fault) => {
            Outcome::other(Conclusion::Failure, &fault.code, &fault.message)
        }
        Status::Superseded(fault) => {
            let newer = operation.superseded_by.as_ref();
            let detail = newer.map_or_else(
                || fault.message.clone(),
                |newer| format!("{}; superseded by {newer}", fault.message),
            );
            Outcome::other(Conclusion::Superseded, &fault.code, &detail)
        }
        Status::Unknown(fault) => Outcome::other(Conclusion::Unknown, &fault.code, &fault.message),
        Status::InProgress => Outcome::other(Conclusion::Unknown, "InProgress", "it still runs"),
    }
}

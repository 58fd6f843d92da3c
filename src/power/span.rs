//! The span in which an operation is followed to its end.

use super::{Operation, Status};
use crate::telemetry::{Kind, OpenSpan, TraceContext, Value};

/// The span in which `operation` is followed: part of the `trace` of the request
/// that began it, as its log lines and Azure's ids are, and linked to that, as it
/// may go on for hours after the answer.
pub(super) fn begin(operation: &Operation, trace: &TraceContext) -> OpenSpan {
    let action = operation.action().as_str();
    let mut span = trace.begin(Kind::Internal, || format!("follow {action}").into());
    span.link(trace);
    span.set("mi_gateway.operation.action", Value::word(action));
    span.set("mi_gateway.operation.id", operation.id.as_str());
    span.set("mi_gateway.vm.id", operation.machine.as_str());
    span
}

/// Tells `span` how `operation` ended, and ends it. One that is let go of before,
/// as the gateway ends, has no status.
pub(super) fn end(mut span: OpenSpan, operation: &Operation) {
    let status = &operation.status;
    span.set("mi_gateway.operation.status", Value::word(status.label()));
    match status {
        Status::Failed(fault) | Status::Canceled(fault) | Status::Unknown(fault) => {
            span.fail(&*fault.code);
        }
        Status::InProgress | Status::Succeeded | Status::Superseded(_) => {}
    }
}

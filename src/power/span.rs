//! The span in which an operation is followed to its end.

use super::{Operation, Status};
use crate::telemetry::{Kind, OpenSpan, TraceContext};

/// The span in which `operation` is followed: part of the `trace` of the request
/// that began it, as its log lines and Azure's ids are, and linked to that, as it
/// may go on for hours after the answer.
pub(super) fn begin(operation: &Operation, trace: &TraceContext) -> OpenSpan {
    let action = operation.action().as_str();
    let mut span = trace.begin(Kind::Internal, || format!("follow {action}").into());
    span.link(trace);
    span.set("mi_gateway.operation.action", action);
    span.set_shown("mi_gateway.operation.id", &operation.id);
    span.set_shown("mi_gateway.vm.id", &operation.machine);
    span
}

/// Tells `span` how `operation` ended, and ends it. One that is let go of before,
/// as the gateway ends, has no status.
pub(super) fn end(mut span: OpenSpan, operation: &Operation) {
    let status = &operation.status;
    span.set("mi_gateway.operation.status", status.label());
    match status {
        Status::Failed(fault) | Status::Canceled(fault) | Status::Unknown(fault) => {
            span.fail(&fault.code);
        }
        Status::InProgress | Status::Succeeded | Status::Superseded(_) => {}
    }
}

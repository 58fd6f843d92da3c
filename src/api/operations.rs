//! Power operations.

use std::{rc::Rc, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CONTENT_LOCATION, LOCATION, RETRY_AFTER},
    },
    web::{Path, Query, ThinData},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Problem,
    authorized::{Authorized, GetOperation},
    body::NoBody,
    inbound::NoQuery,
    prefer::{PREFERENCE_APPLIED, Prefer},
    problem::whole_seconds,
};
use crate::{
    azure::explanation,
    http::Context,
    power::{Operation, OperationId, Power, Spared},
};

/// An operation as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body<'a> {
    id: &'a str,
    action: &'static str,
    status: &'static str,
    vm: Vm<'a>,
    started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noop: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vm<'a> {
    name: &'a str,
    resource_id: &'a str,
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'static str>,
}

/// `GET /operations/{id}`
pub(super) async fn show(
    authorized: Authorized<GetOperation>,
    id: Path<String>,
    _: Query<NoQuery>,
    _: NoBody,
    prefer: Prefer,
    power: ThinData<Rc<Power>>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let id: OperationId = id.parse()?;
    let patience = prefer.patience();
    let operation = power
        .operation_within(&id, patience, authorized.requester(), &context)
        .await?;
    Ok(answer(StatusCode::OK, &operation, prefer).json(Body::new(&operation)))
}

/// 200 with `operation` if it has ended, else 202 with where to ask for it.
pub(super) fn ordered(operation: &Operation, prefer: Prefer) -> HttpResponse {
    let (status, header) = if operation.is_running() {
        (StatusCode::ACCEPTED, LOCATION)
    } else {
        (StatusCode::OK, CONTENT_LOCATION)
    };
    answer(status, operation, prefer)
        .insert_header((header, place(&operation.id)))
        .json(Body::new(operation))
}

/// Where the operation `id` can be asked for.
pub(super) fn place(id: &OperationId) -> String {
    ["/operations/", id.as_str()].concat()
}

fn answer(status: StatusCode, operation: &Operation, prefer: Prefer) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    if operation.is_running() {
        let pause = next_look(operation.took());
        answer.insert_header((RETRY_AFTER, whole_seconds(pause)));
    }
    if let Some(applied) = prefer.applied() {
        answer.insert_header((PREFERENCE_APPLIED, applied));
    }
    answer
}

/// When it is worth asking again: as often as Azure is asked.
fn next_look(running: Duration) -> Duration {
    if running < Duration::from_secs(10) {
        Duration::from_secs(1)
    } else {
        Duration::from_secs(5)
    }
}

impl<'a> Body<'a> {
    pub(crate) fn new(operation: &'a Operation) -> Self {
        let fault = operation.status.fault();
        let is_noop = match operation.spared {
            Some(Spared::AlreadySo | Spared::Hibernated) => Some(true),
            Some(Spared::UnderWay) | None => None,
        };
        Self {
            id: operation.id.as_str(),
            action: operation.action().as_str(),
            status: operation.status.as_str(),
            vm: Vm {
                name: operation.machine.name.as_str(),
                resource_id: operation.machine.as_str(),
            },
            started_at: operation.started_at,
            ended_at: operation.ended_at,
            observed_at: operation.observed_at,
            noop: is_noop,
            message: operation.message(),
            superseded_by: operation.superseded_by.as_ref().map(OperationId::as_str),
            error: fault.map(|fault| Fault {
                code: &fault.code,
                message: &fault.message,
                explanation: explanation(&fault.code),
            }),
        }
    }
}

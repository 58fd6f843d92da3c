//! Power operations.

use std::time::Duration;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{LOCATION, RETRY_AFTER},
    },
    web::{Path, Query, ThinData},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Problem, inbound::NoQuery, problem::whole_seconds};
use crate::{
    azure::OperationFault,
    power::{Operation, OperationId, Power, Status},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: String,
    action: &'static str,
    status: &'static str,
    vm: Vm,
    started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vm {
    name: String,
    resource_id: String,
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'a str,
    message: &'a str,
}

/// `GET /operations/{id}`
pub(super) async fn show(
    id: Path<String>,
    _: Query<NoQuery>,
    power: ThinData<Power>,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::not_found("this gateway knows no such operation");
    let id: OperationId = id.parse().map_err(|_| unknown())?;
    let operation = power.operation(id).ok_or_else(unknown)?;
    Ok(answer(StatusCode::OK, &operation).json(Body::new(&operation)))
}

/// 202 with where to ask for `operation`.
pub(super) fn accepted(operation: &Operation) -> HttpResponse {
    answer(StatusCode::ACCEPTED, operation)
        .insert_header((LOCATION, format!("/operations/{}", operation.id)))
        .json(Body::new(operation))
}

fn answer(status: StatusCode, operation: &Operation) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    if operation.status == Status::InProgress || status == StatusCode::ACCEPTED {
        let pause = next_look(operation.took(Timestamp::now()));
        answer.insert_header((RETRY_AFTER, whole_seconds(pause)));
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
    fn new(operation: &'a Operation) -> Self {
        let (status, fault) = described(&operation.status);
        Self {
            id: operation.id.to_string(),
            action: operation.action.as_str(),
            status,
            vm: Vm {
                name: operation.machine.name.to_string(),
                resource_id: operation.machine.to_string(),
            },
            started_at: operation.started_at,
            ended_at: operation.ended_at,
            error: fault.map(|fault| Fault {
                code: &fault.code,
                message: &fault.message,
            }),
        }
    }
}

/// Azure's word for it, and what went wrong.
fn described(status: &Status) -> (&'static str, Option<&OperationFault>) {
    match status {
        Status::InProgress => ("InProgress", None),
        Status::Succeeded => ("Succeeded", None),
        Status::Failed(fault) => ("Failed", Some(fault)),
        Status::Canceled(fault) => ("Canceled", Some(fault)),
        Status::Unknown(fault) => ("Unknown", Some(fault)),
    }
}

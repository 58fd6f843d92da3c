//! The same verbs as the typed handle, over HTTP: for demonstrations, and for
//! programs that are not written in Rust.

mod callers;
mod graph;
mod identities;
mod requests;
mod users;

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Response, request::Parts},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    arc::ArcFault,
    arm::NotOrdered,
    azure::Azure,
    faults::{Fault, Times},
    gate::json as answer,
    journal::Service,
};

/// `POST /sandbox/faults`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    service: String,
    fault: Kind,
    /// How often; absent: until it is cleared.
    times: Option<usize>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum Kind {
    Answer {
        status: u16,
        /// Absent: those of JSON.
        headers: Option<Vec<(String, String)>>,
        /// Absent: an empty one.
        body: Option<Value>,
    },
    DelayMilliseconds(u64),
    ThrottleSeconds(u64),
    Reset,
    Close,
    LoseAnswer,
    AnswerLateMilliseconds(u64),
    CutHead,
    Unlink,
    Truncate,
    TruncateAtByte(usize),
    TruncateChunkedAtByte(usize),
    Redirect(String),
    OversizeBytes(u64),
    Alter(Value),
    Arc(ArcFault),
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Answer {
                status,
                headers,
                body,
            } => {
                let body = body.map_or_else(String::new, |body| body.to_string());
                match headers {
                    None => Self::answer(status, &body),
                    Some(headers) => Self::Answer {
                        status,
                        headers,
                        body,
                    },
                }
            }
            Kind::DelayMilliseconds(millis) => Self::Delay(Duration::from_millis(millis)),
            Kind::ThrottleSeconds(retry_after) => Self::Throttle { retry_after },
            Kind::Reset => Self::Reset,
            Kind::Close => Self::Close,
            Kind::LoseAnswer => Self::LoseAnswer,
            Kind::AnswerLateMilliseconds(millis) => Self::AnswerLate(Duration::from_millis(millis)),
            Kind::CutHead => Self::CutHead,
            Kind::Unlink => Self::Unlink,
            Kind::Truncate => Self::Truncate,
            Kind::TruncateAtByte(byte) => Self::TruncateAt(byte),
            Kind::TruncateChunkedAtByte(byte) => Self::TruncateChunkedAt(byte),
            Kind::Redirect(to) => Self::Redirect(to),
            Kind::OversizeBytes(bytes) => Self::Oversize(bytes),
            Kind::Alter(patch) => Self::Alter(patch),
            Kind::Arc(fault) => Self::Arc(fault),
        }
    }
}

/// Answers what is asked below `/sandbox`.
pub(crate) fn answer_to(azure: &Azure, request: &Parts, body: &Bytes) -> Response<Body> {
    match (request.method.as_str(), request.uri.path()) {
        ("GET", "/sandbox/requests") => answer(200, &requests::all(azure)),
        ("GET", "/sandbox/unexpected") => answer(200, &requests::unexpected(azure)),
        ("GET", "/sandbox/vms") => answer(200, &machines(azure)),
        ("GET", "/sandbox/departments") => {
            answer(200, &json!({"value": azure.graph.directory.departments()}))
        }
        ("POST", "/sandbox/faults") => inject(azure, body),
        ("DELETE", "/sandbox/faults") => {
            for (service, _) in Service::ALL {
                azure.faults.clear(service);
            }
            answer(200, &json!({}))
        }
        ("PUT", "/sandbox/roles") => assign(azure, body),
        ("PUT", "/sandbox/graph/roles") => graph::grant(azure, body),
        ("PUT", "/sandbox/graph/emptyPages") => graph::come_empty(azure, body),
        ("POST", "/sandbox/vms/order") => order(azure, body),
        ("POST", "/sandbox/operations/fail") => fail(azure, body),
        ("POST", "/sandbox/operations/forget") => {
            azure.arm.forget_operations();
            answer(200, &json!({}))
        }
        ("POST", "/sandbox/pages/expire") => {
            azure.graph.expire_pages();
            answer(200, &json!({}))
        }
        ("POST", "/sandbox/delta/forget") => {
            azure.graph.delta_tokens.forget();
            answer(200, &json!({}))
        }
        ("POST", "/sandbox/delta/expire") => {
            azure.graph.delta_tokens.expire();
            answer(200, &json!({}))
        }
        (method, path) => identities::answer_to(azure, method, path, body)
            .or_else(|| callers::answer_to(azure, method, path, body))
            .or_else(|| {
                let rest = path.strip_prefix("/sandbox/users")?;
                users::answer_to(azure, method, rest, body)
            })
            .unwrap_or_else(|| answer(404, &json!({"message": HELP}))),
    }
}

const HELP: &str = "GET requests, unexpected, vms, departments; POST faults, tokens/expire, tokens/reject, \
     tokens/identity, tokens/audience, assertions/rotate, assertions/expire, \
     callers/token, callers/serviceaccount, pods/delete, keys/rotate, keys/replace, keys/publish, certificate/change, \
     pages/expire, delta/forget, delta/expire, vms/order, operations/fail, operations/forget, users, users/churn, \
     users/ID/remove, users/ID/purge, users/ID/restore; PATCH users/ID; PUT roles, graph/roles, \
     graph/emptyPages; DELETE faults";

/// `POST /sandbox/vms/order`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfMachine {
    resource_group: String,
    name: String,
    action: String,
}

fn order(azure: &Azure, body: &Bytes) -> Response<Body> {
    let order: OfMachine = match serde_json::from_slice(body) {
        Ok(order) => order,
        Err(error) => return misunderstood(&error),
    };
    let ordered = azure
        .arm
        .order(&order.resource_group, &order.name, &order.action);
    match ordered {
        Ok(()) => answer(200, &json!({})),
        Err(error @ (NotOrdered::NoMachine(..) | NotOrdered::NoAction(_))) => misunderstood(&error),
        Err(error @ NotOrdered::Refused(_)) => answer(409, &json!({"message": error.to_string()})),
    }
}

/// `POST /sandbox/operations/fail`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failing {
    code: String,
    message: String,
}

fn fail(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Failing>(body) {
        Ok(failing) => {
            let Failing { code, message } = failing;
            azure.arm.fail_next_operation(&code, &message);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

fn misunderstood(why: &impl std::fmt::Display) -> Response<Body> {
    answer(400, &json!({"message": why.to_string()}))
}

fn assign(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice(body) {
        Ok(assignments) => {
            azure.roles.assign(assignments);
            answer(200, &json!({}))
        }
        Err(error) => misunderstood(&error),
    }
}

fn inject(azure: &Azure, body: &Bytes) -> Response<Body> {
    let order: Order = match serde_json::from_slice(body) {
        Ok(order) => order,
        Err(error) => return misunderstood(&error),
    };
    let named = Service::ALL.iter().find(|(_, name)| *name == order.service);
    let Some((service, _)) = named else {
        let known = Service::ALL.map(|(_, name)| name);
        return answer(
            400,
            &json!({"message": format!("service is one of {}", known.join(", "))}),
        );
    };
    let times = order.times.map_or(Times::Always, Times::Next);
    azure.faults.inject(*service, order.fault.into(), times);
    answer(200, &json!({}))
}

fn machines(azure: &Azure) -> Value {
    let machines = azure.arm.power_states().into_iter();
    let shown = machines.map(|(machine, power_state)| {
        json!({
            "name": machine.name,
            "resourceGroup": machine.resource_group,
            "subscriptionId": machine.subscription_id,
            "powerState": power_state,
        })
    });
    json!({"value": shown.collect::<Vec<_>>()})
}

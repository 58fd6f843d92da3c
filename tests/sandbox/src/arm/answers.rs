//! What is answered once a request is admitted and its machine found.

use std::time::Instant;

use axum::{body::Body, http::Response};
use uuid::Uuid;

use super::{
    Arm, State, key,
    operation::{Operation, SignedUrls},
    quota, refusals,
};
use crate::{
    azure::Azure,
    gate::{Asked, json, with},
};

pub(super) fn show(state: &mut State, id: &str, asked: &Asked) -> Response<Body> {
    let with_view = match asked.query.get("$expand") {
        None => false,
        Some(view) if view.eq_ignore_ascii_case("instanceView") => true,
        Some(other) => return refusals::invalid_parameter("$expand", other),
    };
    let remaining = state.quotas(id).low_cost_get(id);
    let Some(machine) = state.machines.get(&key(id)) else {
        return refusals::invalid_path(id);
    };
    let answer = json(200, &machine.body(with_view, Instant::now()));
    quota::read(with(answer, "etag", &machine.etag()), &remaining)
}

pub(super) fn view_of(state: &mut State, id: &str) -> Response<Body> {
    let remaining = state.quotas(id).low_cost_get(id);
    let Some(machine) = state.machines.get(&key(id)) else {
        return refusals::invalid_path(id);
    };
    quota::read(
        json(200, &machine.instance_view(Instant::now())),
        &remaining,
    )
}

/// 202 with both headers, also for a machine that is deallocated already.
pub(super) fn deallocate(arm: &Arm, state: &mut State, id: &str, asked: &Asked) -> Response<Body> {
    let known = ["api-version", "hibernate", "forceDeallocate"];
    if let Some(unknown) = asked.query.unknown(&known) {
        return refusals::invalid_parameter(unknown, asked.query.get(unknown).unwrap_or_default());
    }
    let remaining = state.quotas(id).delete(id);
    let now = Instant::now();
    let Some(machine) = state.machines.get_mut(&key(id)) else {
        return refusals::invalid_path(id);
    };
    let takes = machine.deallocate(now, arm.operation_takes);
    let version = asked.query.get("api-version").unwrap_or_default();
    let guid = Uuid::new_v4().to_string();
    let urls = SignedUrls::new(
        &arm.url,
        machine.subscription(),
        machine.location(),
        &guid,
        version,
    );
    let answer = Response::builder()
        .status(202)
        .header("azure-asyncnotification", "Enabled")
        .header("azure-asyncoperation", &urls.status)
        .header("location", &urls.location)
        .header("cache-control", "no-cache")
        .header("content-length", 0)
        .header("x-ms-request-id", &guid)
        .body(Body::empty())
        .unwrap_or_default();
    state
        .operations
        .insert(guid.clone(), Operation::new(guid, urls, now + takes));
    quota::write(answer, &remaining)
}

pub(super) fn status(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return refusals::method_not_allowed(&recorded.method);
    }
    let guid = asked.segments().pop().unwrap_or_default();
    let url = format!("{}{}?{}", azure.arm.url, recorded.path, recorded.query);
    let mut state = azure.arm.state();
    let remaining = state.quotas(&recorded.path).get_operation(&guid);
    let Some(operation) = state.operations.get(&guid.to_ascii_lowercase()) else {
        return refusals::operation_not_found(&guid);
    };
    let answer = operation.answer(&url, Instant::now());
    quota::read(answer.unwrap_or_else(refusals::signature), &remaining)
}

//! What is answered once a request is admitted and its machine found.

use std::time::Instant;

use axum::{body::Body, http::Response};
use uuid::Uuid;

use super::{
    State,
    action::Action,
    key,
    operation::{Operation, Ordered, SignedUrls},
    power::Course,
    refusals,
};
use crate::{
    azure::Azure,
    gate::{Asked, json, with},
};

/// The first version that has etags, and heeds `If-Match`.
///
/// Source: Azure/azure-rest-api-specs #26368.
const ETAGS_SINCE: &str = "2023-09-01";

/// Whether a machine is shown with its instance view.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    With,
    Without,
}

pub(super) fn show(state: &mut State, id: &str, asked: &Asked) -> Response<Body> {
    let view = match asked.query.get("$expand") {
        None => View::Without,
        Some(view) if view.eq_ignore_ascii_case("instanceView") => View::With,
        // No machine here has user data: nothing is added.
        Some(view) if view.eq_ignore_ascii_case("userData") => View::Without,
        Some(_) => return refused_parameter(asked, "$expand"),
    };
    shown(state, id, view, asked)
}

/// 200 with a machine and its etag: in the body, and in the head where the instance view
/// is not shown.
///
/// Sources: `azure-mgmt-compute` 39.0, `VirtualMachine.etag`: "property returned in
/// Create/Update/Get response of the VM, so that customer can supply it in the header";
/// Azure/azure-cli recording `test_vm_create_state_modifications.yaml`, 2025 (`vm show`
/// beside `vm get-instance-view`). The head of an update is a guess.
pub(super) fn shown(state: &State, id: &str, view: View, asked: &Asked) -> Response<Body> {
    let Some(machine) = state.machines.get(&key(id)) else {
        return refusals::invalid_path(id);
    };
    let now = Instant::now();
    let mut body = machine.body(view == View::With, now);
    if !has_etags(asked) {
        return json(200, &body);
    }
    let etag = machine.etag(now);
    body["etag"] = etag.as_str().into();
    match view {
        View::With => json(200, &body),
        View::Without => with(json(200, &body), "etag", &etag),
    }
}

/// Whether the version that is asked in knows etags. Dates in this form compare as text.
pub(super) fn has_etags(asked: &Asked) -> bool {
    let version = asked.query.get("api-version");
    version.is_some_and(|version| version >= ETAGS_SINCE)
}

/// The refusal of a parameter that is not known, or not with that value.
pub(super) fn refused_parameter(asked: &Asked, name: &str) -> Response<Body> {
    refusals::invalid_parameter(name, asked.query.get(name).unwrap_or_default())
}

pub(super) fn view_of(state: &mut State, id: &str) -> Response<Body> {
    let Some(machine) = state.machines.get(&key(id)) else {
        return refusals::invalid_path(id);
    };
    json(200, &machine.instance_view(Instant::now()))
}

/// 202 with both headers, also for a machine that is there already.
pub(super) fn order(state: &mut State, id: &str, action: Action, asked: &Asked) -> Response<Body> {
    let course = match state.order(&key(id), action) {
        None => return refusals::invalid_path(id),
        Some(Err(refused)) => return refused.answer(),
        Some(Ok(course)) => course,
    };
    let Some((guid, urls)) = operation(state, id, action, asked, course) else {
        return refusals::invalid_path(id);
    };
    Response::builder()
        .status(202)
        .header("azure-asyncnotification", "Enabled")
        .header("azure-asyncoperation", &urls.status)
        .header("location", &urls.location)
        .header("cache-control", "no-cache")
        .header("content-length", 0)
        .header("x-ms-request-id", &guid)
        .body(Body::empty())
        .unwrap_or_default()
}

/// Makes an operation of a course; returns its id and its URLs.
pub(super) fn operation(
    state: &mut State,
    id: &str,
    action: Action,
    asked: &Asked,
    course: Course,
) -> Option<(String, SignedUrls)> {
    let machine = state.machines.get_mut(&key(id))?;
    let guid = Uuid::new_v4().to_string();
    let (subscription, location) = (machine.subscription(), machine.location());
    let version = asked.query.get("api-version").unwrap_or_default();
    let urls = SignedUrls::new(&asked.base(), subscription, location, &guid, version);
    machine.power.follow(guid.clone());
    let correlation = asked.recorded.header("x-ms-correlation-request-id");
    let order = Ordered {
        machine: id.to_owned(),
        action,
        correlation_id: correlation.map(str::to_owned),
    };
    let operation = Operation::new(guid.clone(), order, urls.clone(), course);
    state.remember(&guid, operation);
    Some((guid, urls))
}

pub(super) fn status(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return refusals::method_not_allowed(&recorded.method);
    }
    let guid = asked.segments().pop().unwrap_or_default();
    let state = azure.arm.state();
    let known = state.operations.get(&guid.to_ascii_lowercase());
    let Some(operation) = known.filter(|it| !it.is_forgotten()) else {
        return refusals::operation_not_found(&guid);
    };
    let now = Instant::now();
    let Some(answer) = operation.answer(&asked.url(), now) else {
        return refusals::signature();
    };
    match azure.settings.polls_pause {
        Some(pause) if operation.is_under_way(now) => {
            with(answer, "retry-after", &pause.as_secs().to_string())
        }
        Some(_) | None => answer,
    }
}

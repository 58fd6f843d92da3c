//! What stands between a request and its answer: quotas and roles.
//!
//! Source: Azure/azure-resource-manager-rpc `v1.0/common-api-details.md`: it
//! authorises a request before it looks for the resource, so that nobody learns
//! from a refusal what is there.

use axum::{body::Body, http::Response};

use super::{
    key,
    quota::Remaining,
    refusals,
    wanted::{Mode, Of, Wanted},
};
use crate::{
    azure::Azure,
    gate::{Asked, with},
    tokens::Principal,
};

/// The answer of `act`, or the refusal of what may not be asked, or not now.
pub(super) fn guarded(
    azure: &Azure,
    asked: &Asked,
    principal: &Principal,
    act: impl FnOnce() -> Response<Body>,
) -> Response<Body> {
    let segments = asked.segments();
    let Some(wanted) = Wanted::of(&asked.recorded.method, &segments) else {
        // There is no such thing: `act` says so.
        return act();
    };
    let Wanted { mode, template, .. } = &wanted;
    requested(azure, asked, principal, *mode, template, || {
        if is_allowed(azure, &wanted) {
            return counted(azure, &wanted, act);
        }
        refusals::unauthorized(principal, &wanted.action, &wanted.scope)
    })
}

/// The answer of `act`, counted by Resource Manager for the subscription.
pub(super) fn requested(
    azure: &Azure,
    asked: &Asked,
    principal: &Principal,
    mode: Mode,
    operation: &str,
    act: impl FnOnce() -> Response<Body>,
) -> Response<Body> {
    let segments = asked.segments();
    let subscription = segments.get(1).map_or("", String::as_str);
    let principal = &principal.object_id;
    let left = azure
        .arm
        .state()
        .quotas
        .request(mode, principal, subscription);
    let answer = match left.spent.filter(|_| azure.settings.throttles) {
        Some(seconds) => {
            let refusal = refusals::arm_throttled(subscription, operation, seconds);
            with(refusal, "retry-after", &seconds.to_string())
        }
        None => act(),
    };
    left.told(answer)
}

/// A machine's group may be known by the operation alone: an assignment there
/// lets its status be read, one on the machine does not.
///
/// Source: "Track asynchronous Azure operations", permission for tracking async
/// status.
fn is_allowed(azure: &Azure, wanted: &Wanted) -> bool {
    if azure.roles.allow(&wanted.action, &wanted.scope) {
        return true;
    }
    let Of::Operation(guid) = &wanted.of else {
        return false;
    };
    let machine = azure.arm.state().machine_of(guid);
    let group = machine
        .as_deref()
        .and_then(|id| Some(id.split_once("/providers/")?.0));
    group.is_some_and(|group| azure.roles.allow(&wanted.action, group))
}

/// The answer of `act`, counted by Compute.
fn counted(azure: &Azure, wanted: &Wanted, act: impl FnOnce() -> Response<Body>) -> Response<Body> {
    let Some(left) = compute(azure, wanted) else {
        return act();
    };
    let answer = match left.spent.filter(|_| azure.settings.throttles) {
        Some(seconds) => {
            let allowed = azure.arm.state().quotas.refill(wanted.group);
            let refusal = refusals::compute_throttled(wanted.group, allowed);
            with(refusal, "retry-after", &seconds.to_string())
        }
        None => act(),
    };
    left.told(answer)
}

/// What Compute has left; it is not asked about a machine that is not there.
fn compute(azure: &Azure, wanted: &Wanted) -> Option<Remaining> {
    let mut state = azure.arm.state();
    let resource = match &wanted.of {
        Of::Machine => wanted.scope.clone(),
        Of::Machines => String::new(),
        Of::Operation(guid) => state.machine_of(guid).unwrap_or_else(|| guid.clone()),
    };
    let location = match &wanted.of {
        Of::Machine => Some(state.machines.get(&key(&resource))?.location()),
        Of::Machines | Of::Operation(_) => wanted.scope.split("/locations/").nth(1),
    };
    let subscription = wanted.scope.split('/').nth(2).unwrap_or_default();
    let region = format!("{subscription}/{}", location.unwrap_or_default());
    Some(state.quotas.compute(wanted.group, &region, &resource))
}

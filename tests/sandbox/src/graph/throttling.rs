//! What Graph answers when there is too much to answer.

use std::time::Instant;

use axum::{body::Body, http::Response};

use super::{
    fault::{Fault, Ids},
    units::{self, Charge, Priority},
};
use crate::{
    azure::Azure,
    gate::{Asked, with},
    seed,
    tokens::Principal,
};

/// What `answer` makes of a request, unless `principal` has used up its units.
pub(super) fn metered(
    azure: &Azure,
    asked: &Asked,
    path: &[&str],
    principal: &Principal,
    ids: &Ids,
    answer: impl FnOnce() -> Response<Body>,
) -> Response<Body> {
    let application = &principal.client_id;
    let cost = units::cost(path, &asked.query);
    let priority = Priority::of(asked.recorded.header("x-ms-throttle-priority"));
    let units = &azure.graph.units;
    let charge = units.charge(application, cost, priority, Instant::now());
    let refused = charge.retry_after.filter(|_| azure.settings.throttles);
    let response = refused.map_or_else(answer, |seconds| {
        let refusal = too_many_requests(ids, application);
        if azure.settings.graph_retry_after {
            with(refusal, "retry-after", &seconds.to_string())
        } else {
            refusal
        }
    });
    told(&charge, response)
}

/// 429 on demand; whose application it is does not matter.
pub(crate) fn throttled(asked: &Asked) -> Response<Body> {
    let ids = Ids::of(asked);
    ids.on(too_many_requests(&ids, &seed::guid("app")))
}

/// The scope is that of an application in a tenant: "Microsoft Graph
/// service-specific throttling limits", response headers.
fn too_many_requests(ids: &Ids, application: &str) -> Response<Body> {
    let fault = Fault::new(429, "TooManyRequests", "Too many requests");
    let tenant = seed::TENANT;
    let scope = format!("Tenant_Application/ReadWrite/{application}/{tenant}");
    let response = with(fault.answer(ids), "x-ms-throttle-scope", &scope);
    let why = "ResourceUnitLimitExceeded";
    with(response, "x-ms-throttle-information", why)
}

fn told(charge: &Charge, response: Response<Body>) -> Response<Body> {
    let response = with(response, "x-ms-resource-unit", &charge.cost.to_string());
    match charge.share {
        None => response,
        Some(share) => {
            let share = format!("{share:.2}");
            with(response, "x-ms-throttle-limit-percentage", &share)
        }
    }
}

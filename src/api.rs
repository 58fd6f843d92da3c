//! The HTTP face: the routes of `openapi.yaml`.

mod actions;
mod allowance;
mod authenticate;
mod authority;
mod authorized;
mod body;
mod contract;
mod directory;
mod docs;
mod edge;
mod forwarded;
mod framing;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod identity;
mod inbound;
mod known;
mod list;
mod operations;
mod pace;
mod page;
mod patterns;
mod prefer;
mod problem;
mod record;
mod refusals;
mod rehearsal;
mod served;
mod span;
mod update;
mod vms;

use std::{sync::Arc, time::Duration};

use actix_web::{
    error::{JsonPayloadError, QueryPayloadError},
    web::{self, JsonConfig, PathConfig, QueryConfig, ServiceConfig},
};
use url::Url;

use crate::config::Proxies;

pub(crate) use authenticate::let_in;
pub(crate) use directory::of_pages;
pub(crate) use edge::{Edge, guard, longest_head, read};
pub(crate) use inbound::RootSpan;
pub(crate) use operations::Body as OperationBody;
pub(crate) use pace::Pace;
pub(crate) use page::page;
pub(crate) use patterns::Patterns;
pub(crate) use problem::{Problem, Upstream, whole_seconds};
pub(crate) use refusals::Refusals;
pub(crate) use rehearsal::Body as RehearsalBody;
pub(crate) use vms::{VmBody, absent};

/// What handlers need to know of the configuration.
#[derive(Clone)]
pub(crate) struct Settings {
    /// How long a request may wait for the proof of its caller and for Azure.
    pub(crate) upstream_timeout: Duration,
    /// Whether virtual machines may be changed.
    pub(crate) vm_update: bool,
    /// The `Cache-Control` of pages of users.
    pub(crate) page_validity: String,
    /// Whether callers are asked who they are.
    pub(crate) asks_callers: bool,
    /// How callers reach the gateway; as they asked for it when `None`.
    pub(crate) public_url: Option<Arc<Url>>,
    /// Whether the contract is offered as a page.
    pub(crate) docs: bool,
    /// How URLs of the API begin, as it is offered here.
    pub(crate) scheme: &'static str,
    /// Whose forwarded headers are believed; nobody's when `None`.
    pub(crate) proxies: Option<Proxies>,
}

/// The paths of [`routes`].
pub(crate) const PATTERNS: Patterns = Patterns::new(
    &[
        "/vms",
        "/directory/users",
        "/identity",
        "/openapi.yaml",
        "/operations/{id}",
        "/vms/{name}/deallocate",
        "/vms/{name}/start",
        "/vms/{name}/restart",
        "/vms/{name}/powerOff",
        "/vms/{name}/redeploy",
        "/vms/{name}/reapply",
        "/vms/{name}",
    ],
    "unmatched",
);

/// The same, with those of [`docs()`].
pub(crate) const PATTERNS_AND_DOCS: Patterns = PATTERNS.and(&["/docs", "/docs/{file}"]);

/// The table of contents.
///
/// `web::resource` and not `App::route`: only a resource answers 405, with
/// `Allow`, to a method that it lacks. What has no parameter is compared, and all else matched
/// by regular expressions one after the other: scopes keep those that cannot match from being
/// tried, and have the name of a machine matched once for all that may follow it.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .app_data(PathConfig::default().error_handler(|error, _| Problem::invalid(error).into()))
        .app_data(json())
        .configure(queries)
        .service(web::resource("/vms").get(vms::list))
        .service(web::resource("/directory/users").get(directory::users))
        .service(web::resource("/identity").get(identity::show))
        .service(web::resource("/openapi.yaml").get(contract::show))
        .service(web::scope("/operations").service(web::resource("/{id}").get(operations::show)))
        .service(
            web::scope("/vms/{name}")
                .service(web::resource("/deallocate").post(actions::deallocate))
                .service(web::resource("/start").post(actions::start))
                .service(web::resource("/restart").post(actions::restart))
                .service(web::resource("/powerOff").post(actions::power_off))
                .service(web::resource("/redeploy").post(actions::redeploy))
                .service(web::resource("/reapply").post(actions::reapply))
                .service(web::resource("").get(vms::show).patch(update::update)),
        );
}

/// Has a query that cannot be read answered by a problem document.
pub(crate) fn queries(config: &mut ServiceConfig) {
    let told = QueryConfig::default().error_handler(|error, _| unreadable(&error).into());
    config.app_data(told);
}

/// The routes of the contract as a page; where it is not offered, these paths are like
/// any others that do not exist.
pub(crate) fn docs(config: &mut ServiceConfig) {
    config
        .service(web::resource("/docs").get(docs::show))
        .service(web::resource("/docs/{file}").get(docs::file));
}

/// What kind of JSON a body is has been seen to by then ([`update::PlainJson`]).
fn json() -> JsonConfig {
    JsonConfig::default()
        .content_type_required(false)
        .error_handler(|error, _| unfit(&error).into())
}

fn unfit(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::Deserialize(fault) => Problem::invalid(format!("body: {fault}")),
        _ => Problem::invalid("the body cannot be read"),
    }
}

fn unreadable(error: &QueryPayloadError) -> Problem {
    match error {
        QueryPayloadError::Deserialize(fault) => Problem::invalid(format!("query: {fault}")),
        _ => Problem::invalid("the query cannot be read"),
    }
}

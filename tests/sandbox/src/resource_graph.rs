//! Azure Resource Graph: queries over the virtual machines of many subscriptions.
//!
//! Sources: Azure/azure-rest-api-specs `Microsoft.ResourceGraph` (request,
//! reply, versions); cloud-custodian recordings `ResourceGraphSource`
//! (headers). What is imitated of the language stands at the head of `parser`.

mod cell;
mod lexer;
mod page;
mod parser;
mod pipeline;
mod query;
mod quota;
mod refusals;
mod request;
mod resource;
mod row;

use axum::{body::Body, http::Response};
use serde_json::Value;

use crate::{
    arm::{self, Indexed, roles::is_below_any},
    azure::Azure,
    cloud::Audience,
    gate::{Asked, json, with},
};
use page::Window;
pub(crate) use quota::QueryQuotas;
pub(crate) use refusals::throttled;
use request::{Format, Request};
use resource::Resource;

const VERSIONS: [&str; 4] = ["2019-04-01", "2021-03-01", "2022-10-01", "2024-04-01"];

/// Answers below `/providers/Microsoft.ResourceGraph`.
pub(crate) fn answer(azure: &Azure, asked: &Asked) -> Response<Body> {
    arm::enveloped(
        admitted(azure, asked).unwrap_or_else(|refusal| *refusal),
        asked,
    )
}

fn admitted(azure: &Azure, asked: &Asked) -> Result<Response<Body>, Box<Response<Body>>> {
    let authorization = asked.recorded.header("authorization");
    let principal = azure
        .tokens
        .check(authorization, Audience::Arm)
        .map_err(arm::refusals::unauthenticated)?;
    let path = &asked.recorded.path;
    if !path.eq_ignore_ascii_case("/providers/Microsoft.ResourceGraph/resources") {
        return Err(arm::refusals::invalid_path(path).into());
    }
    if asked.recorded.method != "POST" {
        return Err(arm::refusals::method_not_allowed(&asked.recorded.method).into());
    }
    let version = asked.query.get("api-version");
    let version = version.ok_or_else(arm::refusals::missing_version)?;
    if !VERSIONS.contains(&version) {
        return Err(refusals::unknown_version(version, &VERSIONS).into());
    }
    let left = azure.query_quotas.take(&principal.object_id);
    if left.is_spent && azure.settings.throttles {
        let refusal = with(json(429, &throttled()), "retry-after", &left.retry_after());
        return Err(left.told(refusal).into());
    }
    let answer = match ask(azure, asked, version) {
        Ok(page) => json(200, &page),
        Err(refusal) => *refusal,
    };
    Ok(left.told(answer))
}

fn ask(azure: &Azure, asked: &Asked, version: &str) -> Result<Value, Box<Response<Body>>> {
    let request: Request = serde_json::from_slice(&asked.body)
        .map_err(|error| refusals::not_a_request(&error.to_string()))?;
    if request.management_groups.is_some() {
        let why = "there are no management groups here";
        return Err(refusals::not_a_request(why).into());
    }
    let window = Window::of(&request).map_err(refusals::not_a_request)?;
    let format = request.options.result_format;
    let format = format.unwrap_or(Format::default_of(version));
    let query = parser::parse(&request.query)
        .map_err(|fault| refusals::not_understood(&request.query, fault))?;
    let readable = azure.roles.scopes(arm::READ);
    let may_be_asked = |it: &Resource<'_>| is_asked_for(&request, it) && is_readable(&readable, it);
    let is_eligible = |machines: &mut dyn Iterator<Item = Indexed<'_>>| {
        machines.map(Resource::new).any(|it| may_be_asked(&it))
    };
    if !azure.arm.survey(is_eligible) {
        return Err(refusals::no_subscription(&request.subscriptions).into());
    }
    Ok(azure.arm.survey(|machines| {
        let mut resources: Vec<_> = machines
            .map(Resource::new)
            .filter(|it| query.keeps(it) && may_be_asked(it))
            .collect();
        // Nobody is promised an order, but pages have to fit together.
        resources.sort_by_cached_key(Resource::id);
        let found = pipeline::run(&query, &resources);
        page::page(&request, &query, &found, &window, format)
    }))
}

/// Subscriptions that are not there are left out without a word.
fn is_asked_for(request: &Request, resource: &Resource<'_>) -> bool {
    let (subscriptions, own) = (&request.subscriptions, resource.subscription());
    subscriptions.is_empty() || subscriptions.iter().any(|it| it.eq_ignore_ascii_case(own))
}

/// What the caller may not read is left out in the same way.
fn is_readable(scopes: &[String], resource: &Resource<'_>) -> bool {
    scopes.iter().any(|it| it == "/") || is_below_any(scopes, &resource.id())
}

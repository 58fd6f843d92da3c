//! Lists of virtual machines, page by page.
//!
//! Sources: Azure/azure-rest-api-specs `VirtualMachine.tsp` (parameters);
//! Azure/azure-sdk-for-java#31382 (about 200 machines a page);
//! cloud-custodian/cloud-custodian and ManageIQ/manageiq-providers-azure
//! recordings (a subscription's list upper-cases the group in the ids, and has
//! `x-ms-original-request-ids`); "States and billing status of Azure Virtual
//! Machines" (`statusOnly`).

use std::{collections::BTreeSet, time::Instant};

use axum::{body::Body, http::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{State, answers::refused_parameter, machine::Machine, target::Target};
use crate::{
    gate::{Asked, json as answer, with},
    query,
};

/// How many machines a page has.
const PAGE: usize = 200;

/// The parameter that leads to the next page.
const SKIP: &str = "$skiptoken";

/// What is asked for beside the place.
struct Wanted {
    /// Only the members of this scale set.
    scale_set: Option<String>,
    form: Form,
    skip: usize,
}

#[derive(Clone, Copy)]
enum Form {
    Plain,
    WithView,
    StatusOnly,
}

impl Wanted {
    /// The error is the parameter that is wrong.
    fn read(asked: &Asked, target: Target<'_>) -> Result<Self, &'static str> {
        let query = &asked.query;
        let scale_set = match query.get("$filter") {
            None => None,
            Some(filter) => Some(member_of(filter).ok_or("$filter")?),
        };
        let is_set = |name| query.get(name).map(str::to_ascii_lowercase);
        let form = match (
            is_set("$expand").as_deref(),
            is_set("statusOnly").as_deref(),
        ) {
            // Allowed with the filter only, as the specification says.
            (Some("instanceview"), None | Some("false")) if scale_set.is_some() => Form::WithView,
            (Some(_), _) => return Err("$expand"),
            (None, None | Some("false")) => Form::Plain,
            (None, Some("true")) if matches!(target, Target::Subscription(_)) => Form::StatusOnly,
            (None, Some(_)) => return Err("statusOnly"),
        };
        let skip = match query.get(SKIP) {
            None => 0,
            Some(token) => place(token).ok_or(SKIP)?,
        };
        Ok(Self {
            scale_set,
            form,
            skip,
        })
    }

    fn includes(&self, machine: &Machine) -> bool {
        let Some(wanted) = &self.scale_set else {
            return true;
        };
        let own = machine.seed().scale_set.as_ref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(wanted))
    }
}

/// The scale set in a filter, which is the only one that there is:
/// `'virtualMachineScaleSet/id' eq '…'`.
fn member_of(filter: &str) -> Option<String> {
    let (property, id) = filter.split_once(" eq ")?;
    let is_known = unquoted(property).eq_ignore_ascii_case("virtualMachineScaleSet/id");
    is_known.then(|| unquoted(id).to_owned())
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('\'')
}

/// The machines of a subscription or a group.
pub(super) fn list(state: &mut State, target: Target<'_>, asked: &Asked) -> Response<Body> {
    let known = ["api-version", "$filter", "$expand", "statusOnly", SKIP];
    if let Some(unknown) = asked.query.unknown(&known) {
        return refused_parameter(asked, unknown);
    }
    let wanted = match Wanted::read(asked, target) {
        Ok(wanted) => wanted,
        Err(parameter) => return refused_parameter(asked, parameter),
    };
    let machines = match state.machines.at(target) {
        Ok(machines) => machines,
        Err(missing) => return *missing,
    };
    page(&machines, &wanted, target, asked)
}

fn page(
    machines: &[&Machine],
    wanted: &Wanted,
    target: Target<'_>,
    asked: &Asked,
) -> Response<Body> {
    let now = Instant::now();
    let mut rest = machines
        .iter()
        .filter(|machine| wanted.includes(machine))
        .skip(wanted.skip);
    let rows: Vec<_> = rest
        .by_ref()
        .take(PAGE)
        .map(|machine| row(machine, wanted.form, target, now))
        .collect();
    let mut body = json!({"value": rows});
    if rest.next().is_some() {
        body["nextLink"] = json!(next_link(asked, wanted.skip + PAGE));
    }
    let answer = answer(200, &body);
    match target {
        Target::Subscription(_) => with(answer, "x-ms-original-request-ids", &fan_out(machines)),
        Target::Group { .. } | Target::Machine { .. } => answer,
    }
}

fn row(machine: &Machine, form: Form, target: Target<'_>, now: Instant) -> Value {
    let mut row = match form {
        Form::Plain => machine.body(false, now),
        Form::WithView => machine.body(true, now),
        Form::StatusOnly => machine.status_only(now),
    };
    if matches!(target, Target::Subscription(_)) {
        let seed = machine.seed();
        let group = format!("/{}/", seed.resource_group);
        let id = seed.id().replacen(&group, &group.to_uppercase(), 1);
        row["id"] = json!(id);
    }
    row
}

/// The same request, from another place on.
fn next_link(asked: &Asked, skip: usize) -> String {
    let is_skip = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        query::decoded(name).eq_ignore_ascii_case(SKIP)
    };
    let pairs = asked.recorded.query.split('&');
    let others: Vec<_> = pairs.filter(|pair| !is_skip(pair)).collect();
    let token = URL_SAFE_NO_PAD.encode(format!("from {skip}"));
    format!(
        "{}{}?{}&%24skiptoken={token}",
        asked.base(),
        asked.recorded.path,
        others.join("&")
    )
}

fn place(token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("from ")?.parse().ok()
}

/// One request to each region.
fn fan_out(machines: &[&Machine]) -> String {
    let regions: BTreeSet<_> = machines.iter().map(|it| it.location()).collect();
    let ids: Vec<_> = regions.iter().map(|_| Uuid::new_v4().to_string()).collect();
    ids.join(",")
}

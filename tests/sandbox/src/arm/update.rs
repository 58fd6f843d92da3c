//! `PATCH` of a virtual machine: its tags and its size.
//!
//! Sources: Azure/azure-rest-api-specs `VirtualMachine.tsp`
//! (`VirtualMachineUpdate`) and #26368 (`If-Match`, from 2023-09-01 on);
//! kubernetes-sigs/cloud-provider-azure#9728 (the words of the 412);
//! "Troubleshoot common Azure deployment errors" (`InvalidRequestContent`).

use std::{collections::BTreeMap, time::Instant};

use axum::{body::Body, http::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    State,
    action::Action,
    answers::{self, refused_parameter},
    key, refusals,
};
use crate::gate::{Asked, json as answer, with};

/// What can be updated here; Azure can update more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    /// They replace those there are.
    tags: Option<BTreeMap<String, String>>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Properties {
    hardware_profile: Option<HardwareProfile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HardwareProfile {
    vm_size: Option<String>,
}

impl Update {
    fn size(&self) -> Option<&str> {
        let hardware = self.properties.as_ref()?.hardware_profile.as_ref()?;
        hardware.vm_size.as_deref()
    }
}

/// The sizes that a machine can be given.
const SIZES: [&str; 6] = [
    "Standard_B2s",
    "Standard_B2ms",
    "Standard_B4ms",
    "Standard_D2s_v5",
    "Standard_D4s_v5",
    "Standard_D8s_v5",
];

/// 200 with the machine as it is now; where its size changes, with the URL of
/// the operation as well.
pub(super) fn update(state: &mut State, id: &str, asked: &Asked) -> Response<Body> {
    if let Some(unknown) = asked.query.unknown(&["api-version"]) {
        return refused_parameter(asked, unknown);
    }
    updated(state, id, asked).unwrap_or_else(|refusal| *refusal)
}

fn updated(
    state: &mut State,
    id: &str,
    asked: &Asked,
) -> Result<Response<Body>, Box<Response<Body>>> {
    let Some(machine) = state.machines.get_mut(&key(id)) else {
        return Ok(refusals::invalid_path(id));
    };
    let etag = machine.etag(Instant::now());
    let wanted = asked.recorded.header("if-match");
    let wanted = wanted.filter(|_| answers::has_etags(asked)).unwrap_or("*");
    if wanted != "*" && wanted != etag {
        return Err(Box::new(changed_since(wanted, &etag)));
    }
    let update: Update =
        serde_json::from_slice(&asked.body).map_err(|why| Box::new(unreadable(&why)))?;
    let size = update.size().map(known_size).transpose()?;
    let size = size.filter(|size| *size != machine.size);
    if size.is_some() {
        let permitted = machine.permits(Action::Resize, Instant::now());
        permitted.map_err(|refused| Box::new(refused.answer()))?;
    }
    if let Some(tags) = update.tags {
        machine.tags = json!(tags);
        machine.power.touch();
    }
    let mut operation = None;
    if let Some(size) = size {
        size.clone_into(&mut machine.size);
        operation = resized(state, id, asked);
    }
    let answer = answers::shown(state, id, answers::View::Without, asked);
    Ok(match operation {
        Some(url) => with(answer, "azure-asyncoperation", &url),
        None => answer,
    })
}

/// Begins the operation that a change of the size takes; returns its URL.
fn resized(state: &mut State, id: &str, asked: &Asked) -> Option<String> {
    let course = state.order(&key(id), Action::Resize)?.ok()?;
    let (_, urls) = answers::operation(state, id, Action::Resize, asked, course)?;
    Some(urls.status)
}

fn known_size(size: &str) -> Result<&'static str, Box<Response<Body>>> {
    let known = SIZES.into_iter().find(|it| it.eq_ignore_ascii_case(size));
    known.ok_or_else(|| {
        let message = format!(
            "The value {size} provided for the VM size is not valid. The valid sizes in the \
             current region are: {}.",
            SIZES.join(", ")
        );
        let error = json!({"code": "InvalidParameter", "message": message, "target": "vmSize"});
        Box::new(answer(400, &json!({"error": error})))
    })
}

fn changed_since(wanted: &str, etag: &str) -> Response<Body> {
    let message = format!(
        "Etag provided in if-match header {wanted} does not match etag {etag} of resource."
    );
    answer(412, &refusals::envelope("PreconditionFailed", &message))
}

fn unreadable(why: &serde_json::Error) -> Response<Body> {
    let message =
        format!("The request content was invalid and could not be deserialized: '{why}'.");
    answer(400, &refusals::envelope("InvalidRequestContent", &message))
}

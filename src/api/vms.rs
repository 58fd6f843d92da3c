//! Virtual machines.

#[cfg(any(fuzzing, test))]
pub(super) mod fuzz;

use std::{collections::BTreeMap, rc::Rc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, HeaderValue},
    web::{Data, Json, Path, Query, ThinData},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Problem, Settings,
    authority::base,
    authorized::{Authorized, GetVm},
    body::NoBody,
};
use crate::{
    azure::{ListedMachine, PowerState, VirtualMachine, VirtualMachineId, VmName},
    http::Context,
    inventory::{Cursor, Inventory, Listing, Narrowing, is_like_scale_set_member},
    policy::{Ask, Machine},
    power::{Power, Target},
};

/// A virtual machine as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VmBody {
    pub(crate) name: String,
    pub(crate) resource_id: String,
    pub(crate) subscription_id: String,
    pub(crate) resource_group: String,
    pub(crate) location: String,
    pub(crate) size: Option<String>,
    pub(crate) power_state: PowerState,
    pub(crate) billed: Option<bool>,
    pub(crate) hibernated: Option<bool>,
    pub(crate) provisioning_state: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) observed_at: Timestamp,
}

/// A page of virtual machines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageBody {
    value: Vec<VmBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// Where the virtual machine is, as the query has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Place {
    subscription_id: Option<String>,
    resource_group: Option<String>,
}

/// The query of a listing as it comes in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawListing {
    power_state: Option<PowerState>,
    top: Option<String>,
    cursor: Option<String>,
    subscription_id: Option<String>,
    resource_group: Option<String>,
}

/// `GET /vms`
pub(super) async fn list(
    authorized: Authorized<GetVm>,
    raw: Query<RawListing>,
    _: NoBody,
    request: HttpRequest,
    settings: Data<Settings>,
    inventory: ThinData<Rc<Inventory>>,
    context: Context,
) -> Result<Json<PageBody>, Problem> {
    let (listing, cursor) = raw.checked()?;
    let page = inventory.list(&listing, cursor.as_ref(), &context).await?;
    let seen = authorized.sees(page.machines.iter().map(|it| {
        Ask::GetVm(Machine {
            id: &it.id,
            tags: Some(&it.tags),
        })
    }));
    let machines = page.machines.into_iter().zip(seen);
    let machines = machines.filter_map(|(machine, is_seen)| is_seen.then_some(machine));
    let now = Timestamp::now();
    let body = |machine| VmBody::listed(machine, now);
    Ok(Json(PageBody {
        value: machines.map(body).collect(),
        next_link: match &page.next {
            Some(cursor) => Some(next_page(&request, &settings, cursor)?.into()),
            None => None,
        },
    }))
}

/// `GET /vms/{name}`
pub(super) async fn show(
    authorized: Authorized<GetVm>,
    name: Path<String>,
    place: Query<Place>,
    _: NoBody,
    power: ThinData<Rc<Power>>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let target = Target {
        name: name.parse()?,
        narrowing: place.narrowing()?,
    };
    let shown = power
        .virtual_machine(&target, authorized.requester(), &context)
        .await;
    let (machine, id) = shown.map_err(|error| absent(&target.name, error.into()))?;
    let mut answer = HttpResponse::Ok();
    // What no header can hold could not be sent back as `If-Match` either.
    if let Some(Ok(etag)) = machine.etag.as_deref().map(HeaderValue::from_str) {
        answer.insert_header((ETAG, etag));
    }
    Ok(answer.json(VmBody::new(machine, &id)))
}

/// `problem`, with why a virtual machine of this name is not found although
/// there is one.
pub(crate) fn absent(name: &VmName, problem: Problem) -> Problem {
    if !is_like_scale_set_member(name) {
        return problem;
    }
    problem.if_not_found(
        "the name looks like that of a member of a uniform scale set: those are not virtual \
         machines of their own, and are not served",
    )
}

/// The page at `cursor`, asked for as this one was.
fn next_page(request: &HttpRequest, settings: &Settings, cursor: &Cursor) -> Result<Url, Problem> {
    let mut link = Url::clone(&*base(request, settings)?);
    link.set_path("/vms");
    let asked = url::form_urlencoded::parse(request.query_string().as_bytes());
    link.query_pairs_mut()
        .extend_pairs(asked.filter(|(name, _)| name != "cursor"))
        .append_pair("cursor", &cursor.to_string());
    Ok(link)
}

impl Place {
    pub(super) fn narrowing(&self) -> Result<Narrowing, Problem> {
        let (subscription, group) = (&self.subscription_id, &self.resource_group);
        Ok(Narrowing::read(subscription.as_deref(), group.as_deref())?)
    }
}

impl RawListing {
    fn checked(&self) -> Result<(Listing, Option<Cursor>), Problem> {
        let (subscription, group) = (&self.subscription_id, &self.resource_group);
        let top = self.top.as_deref().map(str::parse).transpose()?;
        let cursor = self.cursor.as_deref().map(str::parse).transpose()?;
        let listing = Listing {
            narrowing: Narrowing::read(subscription.as_deref(), group.as_deref())?,
            power_state: self.power_state,
            top: top.unwrap_or_default(),
        };
        Ok((listing, cursor))
    }
}

impl VmBody {
    /// `machine` as it was just now; `asked` stands in where its own id cannot
    /// be read.
    pub(crate) fn new(machine: VirtualMachine, asked: &VirtualMachineId) -> Self {
        let power_state = machine.power_state();
        let id = machine.id.parse().unwrap_or_else(|_| asked.clone());
        Self {
            power_state,
            billed: power_state.is_billed(),
            hibernated: Some(machine.is_hibernated()),
            size: machine.size().map(str::to_owned),
            provisioning_state: machine.provisioning_state().map(str::to_owned),
            observed_at: Timestamp::now(),
            subscription_id: id.subscription_id().to_owned(),
            resource_group: id.resource_group().to_owned(),
            name: machine.name,
            resource_id: machine.id,
            location: machine.location,
            tags: machine.tags,
        }
    }

    /// `machine` as Resource Graph knew it at `observed_at`.
    pub(crate) fn listed(machine: ListedMachine, observed_at: Timestamp) -> Self {
        Self {
            name: machine.name,
            resource_id: machine.resource_id,
            subscription_id: machine.id.subscription_id().to_owned(),
            resource_group: machine.id.resource_group().to_owned(),
            location: machine.location,
            size: machine.size,
            power_state: machine.power_state,
            billed: machine.power_state.is_billed(),
            // Resource Graph does not tell.
            hibernated: None,
            provisioning_state: machine.provisioning_state,
            tags: machine.tags,
            observed_at,
        }
    }
}

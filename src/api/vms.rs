//! Virtual machines.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{Json, Path, Query, ThinData},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Problem, body::NoBody, inbound::NoQuery, operations};
use crate::{
    azure::{PowerState, VirtualMachine, VirtualMachineId, VmName},
    http::Context,
    inventory::Inventory,
    power::Power,
};

/// A virtual machine as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VmBody {
    name: String,
    resource_id: String,
    subscription_id: String,
    resource_group: String,
    location: String,
    size: Option<String>,
    power_state: PowerState,
    billed: Option<bool>,
    provisioning_state: Option<String>,
    tags: BTreeMap<String, String>,
    observed_at: Timestamp,
}

/// `POST /vms/{name}/deallocate`
pub(super) async fn deallocate(
    name: Path<String>,
    _: Query<NoQuery>,
    _: NoBody,
    inventory: ThinData<Inventory>,
    power: ThinData<Power>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let name: VmName = name.parse()?;
    let id = inventory.find(name, context.deadline).await?;
    let operation = power.deallocate(id, context).await?;
    Ok(operations::accepted(&operation))
}

/// `GET /vms/{name}`
pub(super) async fn show(
    name: Path<String>,
    _: Query<NoQuery>,
    inventory: ThinData<Inventory>,
    power: ThinData<Power>,
    context: Context,
) -> Result<Json<VmBody>, Problem> {
    let name: VmName = name.parse()?;
    let id = inventory.find(name, context.deadline).await?;
    let machine = power.virtual_machine(&id, &context).await?;
    Ok(Json(VmBody::new(machine, &id)))
}

impl VmBody {
    /// `machine` as it was just now; `asked` stands in where its own id cannot
    /// be read.
    fn new(machine: VirtualMachine, asked: &VirtualMachineId) -> Self {
        let power_state = machine.power_state();
        let id = machine.id.parse().unwrap_or_else(|_| asked.clone());
        Self {
            power_state,
            billed: power_state.is_billed(),
            size: machine.size().map(str::to_owned),
            provisioning_state: machine.provisioning_state().map(str::to_owned),
            observed_at: Timestamp::now(),
            subscription_id: id.subscription_id,
            resource_group: id.resource_group,
            name: machine.name,
            resource_id: machine.id,
            location: machine.location,
            tags: machine.tags,
        }
    }
}

//! What is shown of a virtual machine.
//!
//! Sources: Azure/azure-cli recordings `test_vm_stop_start.yaml` (2023) and
//! `test_vm_create_state_modifications.yaml` (2025); "States and billing status
//! of Azure Virtual Machines" (codes).

use std::time::Instant;

use serde_json::{Value, json};

use super::{machine::Machine, power::Rest};
use crate::seed;

/// When the seed was provisioned.
const CREATED: &str = "2026-01-05T08:01:00.0000000+00:00";

impl Machine {
    pub(super) fn body(&self, with_view: bool, now: Instant) -> Value {
        let seed = self.seed();
        let mut body = json!({
            "name": seed.name,
            "id": seed.id(),
            "type": "Microsoft.Compute/virtualMachines",
            "location": seed.location,
            "tags": self.tags,
            "properties": {
                "vmId": seed::guid(&seed.id()),
                "hardwareProfile": {"vmSize": self.size},
                "provisioningState": self.provisioning_state(now),
                "storageProfile": {
                    // No disk is without `createOption`: `OSDisk` in the models of
                    // `@azure/arm-compute` 24.1.0, which are the specification's.
                    "osDisk": {
                        "osType": "Linux",
                        "name": format!("{}_os", seed.name),
                        "createOption": "FromImage",
                    },
                    "dataDisks": [],
                },
                "osProfile": {"computerName": seed.name, "adminUsername": "azureuser"},
                "networkProfile": {"networkInterfaces": []},
                "timeCreated": "2026-01-05T08:00:00.0000000+00:00",
            },
        });
        if let Some(manager) = &seed.managed_by {
            body["managedBy"] = json!(manager);
        }
        if let Some(set) = &seed.scale_set {
            body["properties"]["virtualMachineScaleSet"] = json!({"id": set});
        }
        if seed.hibernates {
            body["properties"]["additionalCapabilities"] = json!({"hibernationEnabled": true});
        }
        if with_view {
            body["properties"]["instanceView"] = self.instance_view(now);
        }
        body
    }

    /// What `statusOnly=true` leaves of it.
    pub(super) fn status_only(&self, now: Instant) -> Value {
        let seed = self.seed();
        json!({
            "name": seed.name,
            "id": seed.id(),
            "type": "Microsoft.Compute/virtualMachines",
            "location": seed.location,
            "properties": {
                "vmId": seed::guid(&seed.id()),
                "provisioningState": self.provisioning_state(now),
                "instanceView": {"statuses": self.statuses(now)},
            },
        })
    }

    /// A machine without hardware has no guest: its names and its agent vanish.
    /// Those of a machine that was powered off stay, as recorded.
    pub(super) fn instance_view(&self, now: Instant) -> Value {
        let mut view = json!({
            "disks": [{
                "name": format!("{}_os", self.seed().name),
                "statuses": [succeeded(CREATED)],
            }],
            "hyperVGeneration": "V2",
            "statuses": self.statuses(now),
        });
        match self.power.rest(now) {
            Rest::Running | Rest::Stopped => {
                view["computerName"] = json!(self.seed().name);
                view["osName"] = json!("debian");
                view["osVersion"] = json!("12");
                view["vmAgent"] = json!({
                    "vmAgentVersion": "2.11.1.4",
                    "statuses": [{
                        "code": "ProvisioningState/succeeded",
                        "level": "Info",
                        "displayStatus": "Ready",
                        "message": "Guest Agent is running",
                    }],
                });
            }
            Rest::Deallocated | Rest::Hibernated => {}
        }
        view
    }

    /// Provisioning first, power second, as in every recording.
    pub(super) fn statuses(&self, now: Instant) -> Value {
        let state = self.power_state(now);
        let mut statuses = vec![
            self.provisioning_status(now),
            json!({
                "code": format!("PowerState/{state}"),
                "level": "Info",
                "displayStatus": format!("VM {state}"),
            }),
        ];
        if self.power.is_hibernated(now) {
            statuses.push(json!({
                "code": "HibernationState/Hibernated",
                "level": "Info",
                "displayStatus": "VM hibernated",
            }));
        }
        Value::Array(statuses)
    }

    pub(super) fn provisioning_state(&self, now: Instant) -> &'static str {
        match self.power.latest() {
            Some(course) if !course.has_ended(now) => "Updating",
            Some(course) if course.failure.is_some() => "Failed",
            Some(_) | None => "Succeeded",
        }
    }

    fn provisioning_status(&self, now: Instant) -> Value {
        let Some(course) = self.power.latest() else {
            return succeeded(CREATED);
        };
        if !course.has_ended(now) {
            return json!({
                "code": "ProvisioningState/updating",
                "level": "Info",
                "displayStatus": "Updating",
            });
        }
        let time = course.told(course.ends_at);
        let Some(failure) = &course.failure else {
            return succeeded(&time);
        };
        json!({
            "code": format!("ProvisioningState/failed/{}", failure.code),
            "level": "Error",
            "displayStatus": "Provisioning failed",
            "message": failure.message,
            "time": time,
        })
    }
}

fn succeeded(time: &str) -> Value {
    json!({
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": time,
    })
}

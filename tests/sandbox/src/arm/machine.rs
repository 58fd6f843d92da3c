//! A virtual machine and its power state.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::seed::{self, VirtualMachine};

/// One virtual machine.
pub(super) struct Machine {
    seed: VirtualMachine,
    power: Power,
    changes: u32,
}

#[derive(Clone, Copy)]
enum Power {
    Running,
    /// Deallocated from this moment on, deallocating until then.
    Deallocated(Instant),
}

impl Machine {
    pub(super) fn new(seed: VirtualMachine) -> Self {
        Self {
            seed,
            power: Power::Running,
            changes: 5,
        }
    }

    pub(super) fn is(&self, resource_group: &str, name: &str) -> bool {
        self.seed
            .resource_group
            .eq_ignore_ascii_case(resource_group)
            && self.seed.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn subscription(&self) -> &str {
        &self.seed.subscription_id
    }

    pub(super) fn location(&self) -> &str {
        &self.seed.location
    }

    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.changes)
    }

    pub(super) fn power_state(&self, now: Instant) -> &'static str {
        match self.power {
            Power::Running => "running",
            Power::Deallocated(since) if now < since => "deallocating",
            Power::Deallocated(_) => "deallocated",
        }
    }

    /// Begins to deallocate; returns how long that takes from now. A machine
    /// that is deallocated already is done at once.
    pub(super) fn deallocate(&mut self, now: Instant, takes: Duration) -> Duration {
        match self.power {
            Power::Running => {
                self.power = Power::Deallocated(now + takes);
                self.changes += 2;
                takes
            }
            Power::Deallocated(since) => since.saturating_duration_since(now),
        }
    }

    pub(super) fn body(&self, with_view: bool, now: Instant) -> Value {
        let seed = &self.seed;
        let mut body = json!({
            "name": seed.name,
            "id": seed.id(),
            "type": "Microsoft.Compute/virtualMachines",
            "location": seed.location,
            "tags": seed.tags(),
            "properties": {
                "vmId": seed::guid(&seed.id()),
                "hardwareProfile": {"vmSize": seed.size},
                "provisioningState": "Succeeded",
                "storageProfile": {
                    "osDisk": {"osType": "Linux", "name": format!("{}_os", seed.name)},
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

    /// A machine without hardware has no guest: its names and its agent vanish.
    pub(super) fn instance_view(&self, now: Instant) -> Value {
        let state = self.power_state(now);
        let mut view = json!({
            "disks": [{
                "name": format!("{}_os", self.seed.name),
                "statuses": [provisioned()],
            }],
            "hyperVGeneration": "V2",
            "statuses": [
                provisioned(),
                {
                    "code": format!("PowerState/{state}"),
                    "level": "Info",
                    "displayStatus": format!("VM {state}"),
                },
            ],
        });
        if state != "deallocated" {
            view["computerName"] = json!(self.seed.name);
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
        view
    }
}

fn provisioned() -> Value {
    json!({
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": "2026-01-05T08:01:00.0000000+00:00",
    })
}

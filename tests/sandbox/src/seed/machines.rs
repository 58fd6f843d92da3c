//! Virtual machines.

use serde_json::{Value, json};

/// The default subscription.
pub(crate) const SUBSCRIPTION: &str = "5ab1e000-0000-4000-8000-000000000001";
const OTHER_SUBSCRIPTION: &str = "5ab1e000-0000-4000-8000-000000000002";

/// The resource group in which programs look for virtual machines.
pub const DEFAULT_SCOPE: &str =
    "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web";

/// Subscription, group, prefix of the names, number.
const GROUPS: [(&str, &str, &str, u32); 5] = [
    (SUBSCRIPTION, "rg-web", "web", 12),
    (SUBSCRIPTION, "rg-db", "db", 8),
    (SUBSCRIPTION, "RG_Batch.(1)", "batch", 16),
    (OTHER_SUBSCRIPTION, "rg-web", "edge", 8),
    (OTHER_SUBSCRIPTION, "rg-test", "test", 6),
];

/// A virtual machine of the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualMachine {
    /// Its subscription.
    pub subscription_id: String,
    /// Its resource group.
    pub resource_group: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub location: String,
    pub(crate) size: &'static str,
}

impl VirtualMachine {
    /// Its resource id.
    #[must_use]
    pub fn id(&self) -> String {
        machine_id(&self.subscription_id, &self.resource_group, &self.name)
    }

    pub(crate) fn tags(&self) -> Value {
        json!({"owner": format!("team-{}", self.resource_group.to_lowercase()), "env": "test"})
    }
}

pub(crate) fn machine_id(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute\
         /virtualMachines/{name}"
    )
}

/// 52 machines; `shared-01` is the name of two, in different groups.
pub(crate) fn virtual_machines() -> Vec<VirtualMachine> {
    let numbered = GROUPS
        .iter()
        .flat_map(|(subscription, group, prefix, count)| {
            (1..=*count)
                .map(move |number| machine(subscription, group, format!("{prefix}-{number:02}")))
        });
    let shared = [
        machine(SUBSCRIPTION, "rg-web", "shared-01".to_owned()),
        machine(SUBSCRIPTION, "rg-db", "shared-01".to_owned()),
    ];
    numbered.chain(shared).collect()
}

fn machine(subscription: &str, group: &str, name: String) -> VirtualMachine {
    VirtualMachine {
        subscription_id: subscription.to_owned(),
        resource_group: group.to_owned(),
        name,
        location: "westeurope".to_owned(),
        size: "Standard_B2s",
    }
}

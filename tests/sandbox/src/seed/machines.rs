//! Virtual machines.

use serde_json::{Value, json};

use crate::settings::Fleet;

/// The default subscription.
pub(crate) const SUBSCRIPTION: &str = "5ab1e000-0000-4000-8000-000000000001";
const OTHER_SUBSCRIPTION: &str = "5ab1e000-0000-4000-8000-000000000002";

/// The resource group in which programs look for virtual machines.
pub const DEFAULT_SCOPE: &str =
    "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web";

/// The group that AKS made for the nodes of a cluster.
const NODE_GROUP: &str = "MC_rg-aks_aks1_westeurope";

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
    /// Its size at first: an update may change it, as it may change its tags.
    pub(crate) size: &'static str,
    /// The resource that manages it, such as its scale set.
    pub(crate) managed_by: Option<String>,
    /// The scale set of which it is a member.
    pub(crate) scale_set: Option<String>,
    /// Whether it can hibernate.
    pub(crate) hibernates: bool,
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

/// 57 machines, of which two, in different groups, have the name `shared-01`;
/// then those of `fleet`.
pub(crate) fn virtual_machines(fleet: Option<Fleet>) -> Vec<VirtualMachine> {
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
    let seed = numbered.chain(shared).chain(special());
    seed.chain(fleet.into_iter().flat_map(members)).collect()
}

/// One machine to each subscription in turn.
fn members(fleet: Fleet) -> impl Iterator<Item = VirtualMachine> {
    let subscriptions: Vec<_> = (1..=fleet.subscriptions.max(1))
        .map(|number| format!("f1ee7000-0000-4000-8000-{number:012}"))
        .collect();
    let dealt = subscriptions.into_iter().cycle();
    (1..=fleet.machines)
        .zip(dealt)
        .map(|(number, subscription)| {
            machine(&subscription, "rg-fleet", format!("fleet-{number:05}"))
        })
}

/// Machines that call for care: the one that programs run on, one that can
/// hibernate, and those that belong to something else.
///
/// Sources: "What are node resource groups" of AKS (`MC_` and the names of group,
/// cluster and region); "Orchestration modes for Virtual Machine Scale Sets"
/// (members of a flexible set are ordinary machines that name their set);
/// Azure/azure-rest-api-specs `VirtualMachine.tsp` (the set is their `managedBy`).
fn special() -> Vec<VirtualMachine> {
    let set = |group: &str, name: &str| {
        Some(format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Compute\
             /virtualMachineScaleSets/{name}"
        ))
    };
    let named = |group, name: &str| machine(SUBSCRIPTION, group, name.to_owned());
    vec![
        named("rg-web", "gateway-01"),
        VirtualMachine {
            hibernates: true,
            ..named("rg-web", "hiber-01")
        },
        VirtualMachine {
            managed_by: Some(format!(
                "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Solutions\
                 /applications/appliance"
            )),
            ..named("rg-web", "managed-01")
        },
        VirtualMachine {
            managed_by: set("rg-web", "flex"),
            scale_set: set("rg-web", "flex"),
            ..named("rg-web", "flex-01")
        },
        VirtualMachine {
            managed_by: set(NODE_GROUP, "aks-nodepool1-12345678"),
            ..named(NODE_GROUP, "aks-nodepool1-12345678-0")
        },
    ]
}

fn machine(subscription: &str, group: &str, name: String) -> VirtualMachine {
    VirtualMachine {
        subscription_id: subscription.to_owned(),
        resource_group: group.to_owned(),
        name,
        location: "westeurope".to_owned(),
        size: "Standard_B2s",
        managed_by: None,
        scale_set: None,
        hibernates: false,
    }
}

//! The same machines and people at every start.

mod machines;
mod people;

use serde_json::{Value, json};
use uuid::Uuid;

pub use machines::{DEFAULT_SCOPE, VirtualMachine};
pub(crate) use machines::{SUBSCRIPTION, machine_id, virtual_machines};
pub(crate) use people::{PROPERTIES, SEED as SEED_USERS, departments, property, user, user_id};

use crate::{cloud::Cloud, settings::Identity};

/// The tenant of everything here.
pub const TENANT: &str = "7b31ddc4-0000-4000-8000-5a4d0bca1a11";

/// FNV-1a: a hash that is the same on every machine and in every release.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finish of Splitmix64: numbers in order become numbers without one.
pub(crate) fn mix(number: u64) -> u64 {
    let once = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let twice = (once ^ (once >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    twice ^ (twice >> 31)
}

/// A GUID that belongs to `text`.
pub(crate) fn guid(text: &str) -> String {
    let halves = [hash(text), hash(&format!("{text}/low"))];
    let bytes = Uuid::from_u64_pair(halves[0], halves[1]).into_bytes();
    uuid::Builder::from_bytes(bytes)
        .with_version(uuid::Version::Random)
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
        .to_string()
}

/// The resource id of the host that programs run on, as claim `xms_mirid` writes it: with
/// `resourcegroups` in lower case.
pub(crate) fn host_id(host_type: &str) -> String {
    let scope = DEFAULT_SCOPE.replace("resourceGroups", "resourcegroups");
    format!("{scope}/providers/{host_type}/{HOST}")
}

/// The name of that host.
const HOST: &str = "gateway-01";

/// Instance metadata of the virtual machine that programs run on: `gateway-01`
/// in the default scope. Every primitive is text, as IMDS writes it.
pub(crate) fn instance_metadata(cloud: Cloud, identity: Option<&Identity>) -> Value {
    let group = DEFAULT_SCOPE.rsplit('/').next().unwrap_or_default();
    let id = machine_id(SUBSCRIPTION, group, HOST);
    json!({
        "compute": {
            "azEnvironment": cloud.environment(),
            "location": "westeurope",
            "name": HOST,
            "osType": "Linux",
            "priority": "",
            "resourceGroupName": group,
            "resourceId": id,
            "subscriptionId": SUBSCRIPTION,
            "tagsList": [{"name": "identity", "value": identity.map_or("", |it| &it.client_id)}],
            "vmId": guid(&id),
            "vmScaleSetName": "",
            "virtualMachineScaleSet": {"id": ""},
            "vmSize": "Standard_B2s",
            "zone": "1",
        },
        "network": {
            "interface": [{
                "ipv4": {
                    "ipAddress": [{"privateIpAddress": "10.0.0.4", "publicIpAddress": ""}],
                    "subnet": [{"address": "10.0.0.0", "prefix": "24"}],
                },
                "macAddress": "000D3A000001",
            }],
        },
    })
}

//! What a sandbox can be told.

use std::{net::SocketAddr, time::Duration};

use crate::{cloud::Cloud, journal::Recorded, seed};

/// How the sandbox behaves.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the token endpoint of the virtual machine extension listens, in
    /// place of a free port.
    pub vm_extension_listen: Option<SocketAddr>,
    /// How long an operation takes; one that takes no time is done when its 202
    /// leaves.
    pub operation_takes: Duration,
    /// More virtual machines than those of the seed.
    pub fleet: Option<Fleet>,
    /// How many users there are, instead of 2,000; those beyond are of the
    /// department `Workforce`.
    pub users: Option<u32>,
    /// How many users a page of changes has.
    pub delta_page: usize,
    /// Whether changes are told more than once.
    pub delta_replays: bool,
    /// The versions of `Microsoft.Compute` that are known; others are refused.
    pub compute_versions: Vec<String>,
    /// Which cloud of Azure it is.
    pub cloud: Cloud,
    /// By how many seconds the clock of this Azure goes ahead of that of its
    /// clients: `Date`, the times in tokens and of them, and those of operations and
    /// machines.
    pub clock_offset: i64,
    /// How long tokens last.
    pub token_lifetime: Duration,
    /// How version 2017-09-01 of App Service writes the end of a token.
    pub app_service_dates: DateForm,
    /// How Azure Machine Learning writes the end of a token.
    pub ml_expires_on: NumberForm,
    /// Whether Arc's agent knows of user-assigned identities.
    pub arc_user_assigned: bool,
    /// Whether `AZURE_AUTHORITY_HOST` ends with a slash.
    pub authority_trailing_slash: bool,
    /// Whether the host has a system-assigned identity.
    pub system_assigned: bool,
    /// The user-assigned identities of the host.
    pub user_assigned: Vec<Identity>,
    /// Whether the limits of a node's identity endpoint hold: 20 requests a
    /// second, five at a time.
    pub identity_limits: bool,
    /// Whether the quotas of Resource Manager, Compute, Resource Graph and Graph
    /// hold; they are told in any case.
    pub throttles: bool,
    /// How Compute counts looks at the operations of a machine.
    pub polls: PollQuota,
    /// How long Compute asks to be left alone while an operation runs, in whole seconds;
    /// without it, it does not. Both were recorded: four seconds by Azure/azure-powershell
    /// in October 2025, nothing by Azure/azure-cli in April 2023.
    pub polls_pause: Option<Duration>,
    /// What Graph's links to further pages look like.
    pub page_links: PageLinks,
    /// How many resource units an application has in ten seconds at Graph; without
    /// it as many as in a tenant of more than 500 users, 8,000.
    pub graph_units: Option<u32>,
    /// Whether Graph tells how long to wait when units are used up; both have been
    /// seen.
    pub graph_retry_after: bool,
    /// How many requests and operations are remembered, the latest of each; without
    /// it all of them, for as long as the sandbox runs.
    pub remembers: Option<usize>,
    /// Is told of each request of which something is not known here, when it comes
    /// in; `Sandbox::unexpected` has them all.
    pub on_unexpected: Option<fn(&Recorded)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            vm_extension_listen: None,
            operation_takes: Duration::from_millis(200),
            fleet: None,
            users: None,
            delta_page: 200,
            delta_replays: true,
            compute_versions: COMPUTE_VERSIONS.map(str::to_owned).to_vec(),
            cloud: Cloud::Public,
            clock_offset: 0,
            token_lifetime: Duration::from_hours(24),
            app_service_dates: DateForm::TwentyFourHours,
            ml_expires_on: NumberForm::Text,
            arc_user_assigned: false,
            authority_trailing_slash: true,
            system_assigned: true,
            user_assigned: vec![Identity::gateway()],
            identity_limits: true,
            throttles: true,
            polls: PollQuota::default(),
            polls_pause: None,
            page_links: PageLinks::default(),
            graph_units: None,
            graph_retry_after: true,
            remembers: None,
            on_unexpected: None,
        }
    }
}

/// Versions of `Microsoft.Compute`, as Azure/azure-rest-api-specs has them; the last
/// two are those that `@azure/arm-compute` 24.1 and `azure-mgmt-compute` 39.0 ask for.
const COMPUTE_VERSIONS: [&str; 10] = [
    "2019-07-01",
    "2021-03-01",
    "2022-11-01",
    "2023-09-01",
    "2024-07-01",
    "2024-11-01",
    "2025-04-01",
    "2025-11-01",
    "2026-03-01",
    "2026-04-01",
];

/// Many virtual machines, `fleet-00001` and so on, in the group `rg-fleet` of
/// each of their subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// How many there are in all.
    pub machines: u32,
    /// Over how many subscriptions they are dealt.
    pub subscriptions: u32,
}

/// How many looks there may be at the operations of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollQuota {
    /// How much of the quota there is at once.
    pub at_once: u32,
    /// How much of it comes back each minute.
    pub each_minute: u32,
    /// How much of it one look takes. Two consecutive ones were recorded with 44 and 42
    /// left: Azure/azure-cli, `test_vm_create_state_modifications.yaml`, November 2025.
    pub cost: u32,
}

/// Source: "Azure compute throttling limits", `GetOperation`.
impl Default for PollQuota {
    fn default() -> Self {
        Self {
            at_once: 45,
            each_minute: 15,
            cost: 1,
        }
    }
}

/// A managed identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its client (application) id.
    pub client_id: String,
    /// Its object (principal) id.
    pub object_id: String,
    /// Its resource id.
    pub resource_id: String,
}

impl Identity {
    /// The user-assigned identity of the default settings.
    #[must_use]
    pub fn gateway() -> Self {
        Self::named("mi-gateway")
    }

    /// A user-assigned identity; the same name gives the same ids.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            client_id: seed::guid(&format!("client/{name}")),
            object_id: seed::guid(&format!("object/{name}")),
            resource_id: format!(
                "/subscriptions/{}/resourcegroups/rg-identity/providers/\
                 Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
                seed::SUBSCRIPTION
            ),
        }
    }
}

/// The shapes in which Graph's page tokens have been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageLinks {
    /// `X%2744537074…%27`: a binary literal of OData, which breaks where a client
    /// decodes or encodes it once more.
    #[default]
    BinaryLiteral,
    /// `RFNwdA…`: base64 for URLs.
    Base64,
}

/// How a date is written, such as five past three in the afternoon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// `09/14/2017 15:04:05 +00:00`
    TwentyFourHours,
    /// `9/14/2017 3:04:05 PM +00:00`
    TwelveHours,
    /// `9/14/2017 15:04:05 PM +00:00`
    Both,
}

/// How a number is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// `1586984735`
    Number,
    /// `"1586984735"`
    Text,
}

/// Whose environment a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A virtual machine: tokens come from instance metadata.
    Vm,
    /// Azure Container Apps: tokens come from a local endpoint.
    ContainerApp,
    /// A virtual machine with the extension of old: tokens come from a port of
    /// its own.
    VmExtension,
    /// App Service and Functions with the endpoint of 2017.
    AppService2017,
    /// Azure Machine Learning.
    MachineLearning,
    /// Azure Cloud Shell: tokens are those of the user.
    CloudShell,
    /// A server elsewhere that Azure Arc manages: tokens come from its agent.
    Arc,
    /// A Service Fabric application: tokens come over TLS from its node.
    ServiceFabric,
    /// A pod of Azure Kubernetes Service with workload identity: tokens come from
    /// Entra ID for what the cluster asserts.
    Aks,
}

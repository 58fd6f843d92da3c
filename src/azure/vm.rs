//! A virtual machine as Resource Manager shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether it runs, in Azure's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PowerState {
    Creating,
    Starting,
    Running,
    Stopping,
    Stopped,
    Deallocating,
    Deallocated,
    /// Azure does not say, or says something new.
    Unknown,
}

impl PowerState {
    /// Whether compute time is charged in this state, where it is known. Disks
    /// and network are charged regardless.
    ///
    /// Source: "States and billing status of Azure Virtual Machines".
    pub(crate) fn is_billed(self) -> Option<bool> {
        match self {
            Self::Starting | Self::Running | Self::Stopping | Self::Stopped => Some(true),
            Self::Creating | Self::Deallocating | Self::Deallocated => Some(false),
            Self::Unknown => None,
        }
    }

    /// The state that a status such as `PowerState/running` tells.
    pub(super) fn from_status(status: &str) -> Self {
        match status.split_once('/') {
            Some((kind, code)) if kind.eq_ignore_ascii_case("PowerState") => Self::from_code(code),
            _ => Self::Unknown,
        }
    }

    fn from_code(code: &str) -> Self {
        match code.to_ascii_lowercase().as_str() {
            "creating" => Self::Creating,
            "starting" => Self::Starting,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "deallocating" => Self::Deallocating,
            "deallocated" => Self::Deallocated,
            _ => Self::Unknown,
        }
    }
}

/// What the gateway reads of a virtual machine with its instance view.
#[derive(Debug, Deserialize)]
pub(crate) struct VirtualMachine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// The version that was read, from the head of the answer.
    #[serde(skip)]
    pub(crate) etag: Option<String>,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    hardware_profile: HardwareProfile,
    provisioning_state: Option<String>,
    #[serde(default)]
    instance_view: InstanceView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HardwareProfile {
    vm_size: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct InstanceView {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    code: String,
}

impl VirtualMachine {
    /// The power state, found by its prefix: its place among the statuses
    /// varies, and sometimes it is absent.
    pub(crate) fn power_state(&self) -> PowerState {
        let statuses = &self.properties.instance_view.statuses;
        statuses
            .iter()
            .filter_map(|status| status.code.split_once('/'))
            .find(|(kind, _)| kind.eq_ignore_ascii_case("PowerState"))
            .map_or(PowerState::Unknown, |(_, code)| PowerState::from_code(code))
    }

    /// The size, such as `Standard_B2s`.
    pub(crate) fn size(&self) -> Option<&str> {
        self.properties.hardware_profile.vm_size.as_deref()
    }

    /// How its last change went, such as `Succeeded`.
    pub(crate) fn provisioning_state(&self) -> Option<&str> {
        self.properties.provisioning_state.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(statuses: &str) -> VirtualMachine {
        let body = format!(
            r#"{{"id":"i","name":"n","location":"l",
                 "properties":{{"instanceView":{{"statuses":{statuses}}}}}}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn the_power_state_is_found_wherever_it_stands_and_in_any_case() {
        let statuses = r#"[{"code":"ProvisioningState/succeeded"},{"code":"powerstate/Stopped"}]"#;
        let state = machine(statuses).power_state();
        assert_eq!(
            (state, state.is_billed()),
            (PowerState::Stopped, Some(true))
        );
    }

    #[test]
    fn an_absent_power_state_is_unknown_and_so_is_its_charge() {
        let state = machine("[]").power_state();
        assert_eq!((state, state.is_billed()), (PowerState::Unknown, None));
    }
}

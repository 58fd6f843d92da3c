//! A virtual machine as Resource Manager shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
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
    pub(crate) const ALL: [Self; 8] = [
        Self::Creating,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Deallocating,
        Self::Deallocated,
        Self::Unknown,
    ];

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

    /// Azure's word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Deallocating => "deallocating",
            Self::Deallocated => "deallocated",
            Self::Unknown => "unknown",
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
        let mut all = Self::ALL.into_iter();
        let known = all.find(|state| code.eq_ignore_ascii_case(state.as_str()));
        known.unwrap_or(Self::Unknown)
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
    /// The resource that created it, such as a managed application or its scale set.
    #[serde(rename = "managedBy")]
    pub(crate) managed_by: Option<String>,
    /// What `If-Match` of a change can hold. With the instance view, Azure tells it in the
    /// body alone.
    ///
    /// Source: Azure/azure-cli recording `test_vm_create_state_modifications.yaml`, 2025.
    pub(crate) etag: Option<String>,
    /// When it was so, by Azure's clock where that is behind: the times of its changes
    /// are Azure's.
    #[serde(skip, default = "Timestamp::now")]
    pub(crate) seen_at: Timestamp,
    /// What is left of the smallest quota that looks at it use up.
    #[serde(skip)]
    pub(crate) left: Option<u32>,
    properties: Properties,
}

/// How the last change to a virtual machine went, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastChange {
    /// It is being made.
    UnderWay,
    /// It was made.
    Done,
    /// It failed, was canceled, or cannot be told.
    Doubtful,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    hardware_profile: HardwareProfile,
    additional_capabilities: Option<AdditionalCapabilities>,
    provisioning_state: Option<String>,
    #[serde(default)]
    instance_view: InstanceView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HardwareProfile {
    vm_size: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalCapabilities {
    hibernation_enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
struct InstanceView {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    code: String,
    time: Option<Timestamp>,
}

impl VirtualMachine {
    /// The power state, found by its prefix: its place among the statuses
    /// varies, and sometimes it is absent.
    pub(crate) fn power_state(&self) -> PowerState {
        self.status("PowerState")
            .map_or(PowerState::Unknown, |(code, _)| PowerState::from_code(code))
    }

    /// Whether its memory is kept on disk. Azure writes the state in either case.
    ///
    /// Source: "Hibernating Linux virtual machines", check the status.
    pub(crate) fn is_hibernated(&self) -> bool {
        let state = self.status("HibernationState");
        state.is_some_and(|(code, _)| code.eq_ignore_ascii_case("Hibernated"))
    }

    /// Whether Azure would hibernate it. That it is at it shows nowhere: until its end it is
    /// `PowerState/deallocating`, as by any other deallocation.
    ///
    /// Source: "Troubleshooting hibernation in Azure", common error codes.
    pub(crate) fn can_hibernate(&self) -> bool {
        let capabilities = self.properties.additional_capabilities.as_ref();
        capabilities.and_then(|it| it.hibernation_enabled) == Some(true)
    }

    /// Its power state in a word, which tells hibernated from deallocated.
    pub(crate) fn state(&self) -> &'static str {
        if self.is_hibernated() {
            "hibernated"
        } else {
            self.power_state().as_str()
        }
    }

    /// How its last change went.
    pub(crate) fn last_change(&self) -> LastChange {
        let shown = self.status("ProvisioningState").map(|(code, _)| code);
        let state = shown.or(self.provisioning_state()).unwrap_or_default();
        // `failed` and `creating` may be followed by a part of their own.
        let state = state.split('/').next().unwrap_or_default();
        match state.to_ascii_lowercase().as_str() {
            "succeeded" => LastChange::Done,
            "updating" | "creating" | "migrating" | "deleting" => LastChange::UnderWay,
            _ => LastChange::Doubtful,
        }
    }

    /// When its last change ended, by Azure's clock. Recorded: the time of the
    /// status `ProvisioningState`, moved by every power operation.
    ///
    /// Source: Azure/azure-cli recording `test_vm_stop_start.yaml`, 2023.
    pub(crate) fn changed_at(&self) -> Option<Timestamp> {
        self.status("ProvisioningState").and_then(|(_, time)| time)
    }

    /// The rest of the code of the status that begins with `kind`, and its time.
    fn status(&self, kind: &str) -> Option<(&str, Option<Timestamp>)> {
        let statuses = &self.properties.instance_view.statuses;
        statuses.iter().find_map(|status| {
            let (found, code) = status.code.split_once('/')?;
            found
                .eq_ignore_ascii_case(kind)
                .then_some((code, status.time))
        })
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
    fn the_last_change_is_told_with_its_time_and_without_its_substate() {
        let statuses = r#"[{"code":"ProvisioningState/failed/AllocationFailed",
                            "time":"2023-08-03T05:57:10.1327896+00:00"}]"#;
        let machine = machine(statuses);
        assert_eq!(machine.last_change(), LastChange::Doubtful);
        assert_eq!(
            machine.changed_at().unwrap().to_string(),
            "2023-08-03T05:57:10.1327896Z"
        );
        let updating = super::tests::machine(r#"[{"code":"ProvisioningState/updating"}]"#);
        assert_eq!(updating.last_change(), LastChange::UnderWay);
    }

    #[test]
    fn hibernation_is_a_status_of_its_own_in_either_case() {
        let deallocated = machine(r#"[{"code":"PowerState/deallocated"}]"#);
        assert!(!deallocated.is_hibernated());
        for state in ["Hibernated", "hibernated"] {
            let statuses = format!(
                r#"[{{"code":"PowerState/deallocated"}},{{"code":"HibernationState/{state}"}}]"#
            );
            assert!(machine(&statuses).is_hibernated());
        }
    }

    #[test]
    fn only_what_is_enabled_for_it_can_hibernate() {
        for (capabilities, can) in [
            (r#"{"hibernationEnabled":true}"#, true),
            (r#"{"hibernationEnabled":false}"#, false),
            (r#"{"ultraSSDEnabled":true}"#, false),
            ("null", false),
        ] {
            let body = format!(
                r#"{{"id":"i","name":"n","location":"l",
                     "properties":{{"additionalCapabilities":{capabilities}}}}}"#
            );
            let machine: VirtualMachine = serde_json::from_str(&body).unwrap();
            assert_eq!(machine.can_hibernate(), can, "{capabilities}");
        }
        assert!(!machine("[]").can_hibernate());
    }

    #[test]
    fn an_absent_power_state_is_unknown_and_so_is_its_charge() {
        let state = machine("[]").power_state();
        assert_eq!((state, state.is_billed()), (PowerState::Unknown, None));
    }
}

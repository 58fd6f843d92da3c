//! The actions that can be ordered, and what each does to a machine.
//!
//! Sources: Azure/azure-rest-api-specs `VirtualMachine.tsp` (names, parameters,
//! `forceDeallocate` from 2025-11-01 on); "States and billing status of Azure
//! Virtual Machines" (the states on the way).

use super::power::Rest;
use crate::query::Query;

/// The first version of `Microsoft.Compute` that has `forceDeallocate`.
const FORCES_SINCE: &str = "2025-11-01";

/// What changes a machine, and takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deallocate,
    /// `deallocate?hibernate=true`
    Hibernate,
    Start,
    Restart,
    PowerOff,
    Redeploy,
    Reapply,
    /// An update of the size; no action of a path.
    Resize,
}

impl Action {
    /// Its name; what has none in a path has one of ours.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Deallocate => "deallocate",
            Self::Hibernate => "hibernate",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::PowerOff => "powerOff",
            Self::Redeploy => "redeploy",
            Self::Reapply => "reapply",
            Self::Resize => "resize",
        }
    }

    /// The action that `name` is, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = [
            Self::Deallocate,
            Self::Hibernate,
            Self::Start,
            Self::Restart,
            Self::PowerOff,
            Self::Redeploy,
            Self::Reapply,
        ];
        let mut known = known.into_iter();
        known.find(|action| action.name().eq_ignore_ascii_case(name))
    }

    /// The action that a path ends with; the error is the parameter that it
    /// does not have, or not with that value.
    pub(super) fn asked(segment: &str, query: &Query) -> Option<Result<Self, String>> {
        let action = Self::named(segment).filter(|action| *action != Self::Hibernate)?;
        Some(action.with(query))
    }

    fn with(self, query: &Query) -> Result<Self, String> {
        let flags: &[&str] = match self {
            Self::Deallocate if query.get("api-version") >= Some(FORCES_SINCE) => {
                &["hibernate", "forceDeallocate"]
            }
            Self::Deallocate => &["hibernate"],
            Self::PowerOff => &["skipShutdown"],
            Self::Hibernate
            | Self::Start
            | Self::Restart
            | Self::Redeploy
            | Self::Reapply
            | Self::Resize => &[],
        };
        let known = [flags, &["api-version"]].concat();
        if let Some(unknown) = query.unknown(&known) {
            return Err(unknown.to_owned());
        }
        let is_set = |name| query.get(name).map(str::to_ascii_lowercase);
        for flag in flags {
            match is_set(flag).as_deref() {
                None | Some("true" | "false") => {}
                Some(_) => return Err((*flag).to_owned()),
            }
        }
        if is_set("hibernate").as_deref() == Some("true") {
            return Ok(Self::Hibernate);
        }
        Ok(self)
    }

    /// Where it leaves a machine that is, or was to come, to rest at `goal`.
    ///
    /// Powering off a deallocated machine makes it a stopped one, which is
    /// charged for: MicrosoftDocs/azure-docs#97927.
    pub(super) fn leads_to(self, goal: Rest) -> Rest {
        match self {
            Self::Deallocate => Rest::Deallocated,
            Self::Hibernate => Rest::Hibernated,
            Self::Start | Self::Restart => Rest::Running,
            Self::PowerOff => Rest::Stopped,
            Self::Redeploy | Self::Reapply | Self::Resize => goal,
        }
    }

    /// Whether a machine at `rest` has nothing to do for it.
    pub(super) fn is_done_at(self, rest: Rest) -> bool {
        match self {
            Self::Deallocate | Self::Hibernate | Self::Start | Self::PowerOff => {
                self.leads_to(rest) == rest
            }
            Self::Restart | Self::Redeploy | Self::Reapply | Self::Resize => false,
        }
    }

    /// The power state on the way from `rest`.
    ///
    /// No source shows another state than `running` for the second that a
    /// restart takes. A redeployed machine is powered on again on its new node.
    pub(super) fn shows(self, rest: Rest) -> &'static str {
        match self {
            Self::Deallocate | Self::Hibernate => "deallocating",
            Self::Start => "starting",
            Self::PowerOff => "stopping",
            Self::Redeploy if rest == Rest::Running => "starting",
            Self::Redeploy | Self::Restart | Self::Reapply | Self::Resize => rest.power_state(),
        }
    }
}

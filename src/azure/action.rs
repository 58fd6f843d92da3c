//! What can be ordered of a virtual machine, in Resource Manager's words.

use std::str::FromStr;

/// An action on a virtual machine, told apart by the state it leads to.
///
/// Source: Azure/azure-rest-api-specs, `Microsoft.Compute`, `VirtualMachine.tsp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Stop, and release the hardware: no more compute charges.
    Deallocate,
    /// The same, with memory kept on disk for the next start.
    Hibernate,
    Start,
    Restart,
    /// Stop, and keep the hardware, which is charged.
    PowerOff,
    /// Move to another node, and start there.
    Redeploy,
    /// Apply the model again.
    Reapply,
    /// Change tags or size.
    Update,
}

impl Action {
    pub(crate) const ALL: [Self; 8] = [
        Self::Deallocate,
        Self::Hibernate,
        Self::Start,
        Self::Restart,
        Self::PowerOff,
        Self::Redeploy,
        Self::Reapply,
        Self::Update,
    ];

    /// The name in ids, bodies and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deallocate => "deallocate",
            Self::Hibernate => "hibernate",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::PowerOff => "powerOff",
            Self::Redeploy => "redeploy",
            Self::Reapply => "reapply",
            Self::Update => "update",
        }
    }

    /// The end of a sentence such as "the virtual machine could not be …".
    pub(crate) const fn participle(self) -> &'static str {
        match self {
            Self::Deallocate => "deallocated",
            Self::Hibernate => "hibernated",
            Self::Start => "started",
            Self::Restart => "restarted",
            Self::PowerOff => "powered off",
            Self::Redeploy => "redeployed",
            Self::Reapply => "reapplied",
            Self::Update => "updated",
        }
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|action| action.as_str() == text).ok_or(())
    }
}

/// Whether the guest is asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// It shuts down in its own time.
    #[default]
    Graceful,
    /// It does not: `forceDeallocate`, `skipShutdown`.
    Forced,
}

/// What becomes of the memory of a hibernated machine that is to be deallocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Memory {
    /// It stays on disk: the machine is deallocated as it is.
    #[default]
    Kept,
    /// It is lost, as by any other deallocation.
    Discarded,
}

/// A power action as it is sent: two equal orders are one intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) action: Action,
    pub(crate) manner: Manner,
    pub(crate) memory: Memory,
}

impl Order {
    /// `action`, with the guest asked first.
    pub(crate) const fn graceful(action: Action) -> Self {
        Self {
            action,
            manner: Manner::Graceful,
            memory: Memory::Kept,
        }
    }

    /// `action`, with the guest not asked.
    pub(crate) const fn forced(action: Action) -> Self {
        Self {
            action,
            manner: Manner::Forced,
            memory: Memory::Kept,
        }
    }

    /// The same, though a memory be lost by it.
    pub(crate) const fn discarding(self) -> Self {
        Self {
            memory: Memory::Discarded,
            ..self
        }
    }

    /// The last segment of the path: hibernation is a parameter of
    /// deallocation.
    pub(super) const fn segment(self) -> &'static str {
        match self.action {
            Action::Hibernate => Action::Deallocate.as_str(),
            action => action.as_str(),
        }
    }

    /// The parameter that is sent along, with what it is called by our callers
    /// and the first version of `Microsoft.Compute` that knows it.
    pub(super) const fn parameter(self) -> Option<Parameter> {
        let (name, callers_name, since) = match (self.action, self.manner) {
            (Action::Hibernate, _) => ("hibernate", "hibernate", "2021-03-01"),
            (Action::Deallocate, Manner::Forced) => ("forceDeallocate", "force", "2025-11-01"),
            (Action::PowerOff, Manner::Forced) => ("skipShutdown", "skipShutdown", "2019-03-01"),
            _ => return None,
        };
        Some(Parameter {
            name,
            callers_name,
            since,
        })
    }
}

/// A parameter that not every version takes. Those of orders stand in the query, and are
/// only ever sent as `true`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) callers_name: &'static str,
    pub(super) since: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_back_as_it_was_written() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        assert!("poweroff".parse::<Action>().is_err());
    }
}

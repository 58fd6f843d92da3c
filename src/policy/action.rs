//! What is decided on, by the names that policies have for it.

use std::str::FromStr;

use crate::azure;

/// Something that a caller may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// See a virtual machine, by itself or in a listing.
    GetVm,
    /// Learn how an operation on a virtual machine went.
    GetOperation,
    /// Switch or change a virtual machine.
    Order(azure::Action),
    /// List the users of a department.
    ListUsers,
    /// Learn which identity the gateway holds.
    GetIdentity,
}

impl Action {
    /// Every one.
    pub(crate) const ALL: [Self; 12] = [
        Self::GetVm,
        Self::GetOperation,
        Self::Order(azure::Action::Deallocate),
        Self::Order(azure::Action::Hibernate),
        Self::Order(azure::Action::Start),
        Self::Order(azure::Action::Restart),
        Self::Order(azure::Action::PowerOff),
        Self::Order(azure::Action::Redeploy),
        Self::Order(azure::Action::Reapply),
        Self::Order(azure::Action::Update),
        Self::ListUsers,
        Self::GetIdentity,
    ];

    /// Its name in policies, records and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::GetVm => "getVm",
            Self::GetOperation => "getOperation",
            Self::Order(azure::Action::Update) => "updateVm",
            Self::Order(action) => action.as_str(),
            Self::ListUsers => "listUsers",
            Self::GetIdentity => "getIdentity",
        }
    }

    /// Its place in [`Action::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::GetVm => 0,
            Self::GetOperation => 1,
            Self::Order(action) => 2 + action as usize,
            Self::ListUsers => 10,
            Self::GetIdentity => 11,
        }
    }

    /// What it is done to, at the end of a sentence.
    pub(super) const fn object(self) -> &'static str {
        match self {
            Self::GetVm | Self::GetOperation | Self::Order(_) => "this virtual machine",
            Self::ListUsers => "this department and these properties",
            Self::GetIdentity => "the gateway",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_its_place_and_its_name() {
        for (place, action) in Action::ALL.into_iter().enumerate() {
            assert_eq!(action.index(), place);
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        let orders = Action::ALL
            .iter()
            .filter(|it| matches!(it, Action::Order(_)));
        assert_eq!(orders.count(), azure::Action::ALL.len());
    }
}

//! What is asked of the policies.

use std::collections::BTreeMap;

use super::Action;
use crate::azure::{self, Department, UserProperty, UserQuery, VirtualMachineId};

/// A virtual machine, as far as it is known.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Machine<'a> {
    pub(crate) id: &'a VirtualMachineId,
    /// `None` where nobody has looked: see `Policies::needs_tags`.
    pub(crate) tags: Option<&'a BTreeMap<String, String>>,
}

/// Whether this may be done.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Ask<'a> {
    GetVm(Machine<'a>),
    GetOperation(Machine<'a>),
    Order(azure::Action, Machine<'a>),
    /// Each department is asked for by itself.
    ListUsers {
        department: &'a Department,
        /// As [`fields`] has them.
        fields: &'a [UserProperty],
    },
    GetIdentity,
}

/// What can be done to a virtual machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OnVm {
    Get,
    GetOperation,
    Order(azure::Action),
}

impl OnVm {
    pub(crate) fn action(self) -> Action {
        match self {
            Self::Get => Action::GetVm,
            Self::GetOperation => Action::GetOperation,
            Self::Order(action) => Action::Order(action),
        }
    }

    /// Whether it may be done to `machine`.
    pub(crate) fn to(self, machine: Machine<'_>) -> Ask<'_> {
        match self {
            Self::Get => Ask::GetVm(machine),
            Self::GetOperation => Ask::GetOperation(machine),
            Self::Order(action) => Ask::Order(action, machine),
        }
    }
}

impl Ask<'_> {
    /// What is to be done.
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::GetVm(_) => Action::GetVm,
            Self::GetOperation(_) => Action::GetOperation,
            Self::Order(action, _) => Action::Order(*action),
            Self::ListUsers { .. } => Action::ListUsers,
            Self::GetIdentity => Action::GetIdentity,
        }
    }

    /// The machine that it is done to.
    pub(super) fn machine(&self) -> Option<Machine<'_>> {
        match self {
            Self::GetVm(machine) | Self::GetOperation(machine) | Self::Order(_, machine) => {
                Some(*machine)
            }
            Self::ListUsers { .. } | Self::GetIdentity => None,
        }
    }
}

/// Every property of users that the answer to `query` tells of: who is found by a
/// name or by whether the account is enabled has told that, shown or not.
pub(crate) fn fields(query: &UserQuery) -> Vec<UserProperty> {
    let mut fields = query.select.properties().to_vec();
    let mut add = |property| {
        if !fields.contains(&property) {
            fields.push(property);
        }
    };
    if query.enabled.is_some() {
        add(UserProperty::AccountEnabled);
    }
    if query.user_type.is_some() {
        add(UserProperty::UserType);
    }
    if query.search.is_some() {
        UserProperty::SEARCHED.into_iter().for_each(add);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_and_filtered_by_is_told_too() {
        let mut query = UserQuery::of(&["Finance"], 10);
        assert_eq!(fields(&query), [UserProperty::Id]);
        query.enabled = Some(true);
        query.search = Some("Ge".parse().unwrap());
        query.user_type = Some("guest".parse().unwrap());
        let told = fields(&query);
        assert_eq!(told.len(), 6);
        assert!(told.contains(&UserProperty::AccountEnabled));
        assert!(told.contains(&UserProperty::Surname));
    }
}

//! The properties of a user that can be asked for.

use std::str::FromStr;

use super::InvalidQuery;

/// What can be selected, in the order of [`UserProperty::ALL`]: all of it can be
/// read with `User.Read.All`, and none of it needs a request of its own.
///
/// Source: the `user` resource type of Microsoft Graph v1.0.
pub(super) const NAMES: [&str; 16] = [
    "id",
    "displayName",
    "givenName",
    "surname",
    "userPrincipalName",
    "mail",
    "jobTitle",
    "department",
    "officeLocation",
    "mobilePhone",
    "businessPhones",
    "preferredLanguage",
    "accountEnabled",
    "userType",
    "employeeId",
    "companyName",
];

/// A property of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum UserProperty {
    Id,
    DisplayName,
    GivenName,
    Surname,
    UserPrincipalName,
    Mail,
    JobTitle,
    Department,
    OfficeLocation,
    MobilePhone,
    BusinessPhones,
    PreferredLanguage,
    AccountEnabled,
    UserType,
    EmployeeId,
    CompanyName,
}

impl UserProperty {
    /// Every one.
    pub(crate) const ALL: [Self; NAMES.len()] = [
        Self::Id,
        Self::DisplayName,
        Self::GivenName,
        Self::Surname,
        Self::UserPrincipalName,
        Self::Mail,
        Self::JobTitle,
        Self::Department,
        Self::OfficeLocation,
        Self::MobilePhone,
        Self::BusinessPhones,
        Self::PreferredLanguage,
        Self::AccountEnabled,
        Self::UserType,
        Self::EmployeeId,
        Self::CompanyName,
    ];

    /// What a search by name looks in: whoever finds somebody so has learnt of these.
    pub(crate) const SEARCHED: [Self; 3] = [Self::DisplayName, Self::GivenName, Self::Surname];

    /// Its name, as Graph spells it.
    pub(crate) const fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl FromStr for UserProperty {
    type Err = InvalidQuery;

    /// Case does not matter, as it does not to Graph.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_it = |it: &Self| it.name().eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(is_it)
            .ok_or(InvalidQuery::Select)
    }
}

/// The properties that are asked for, each once, in the order in which they were
/// named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Select(Vec<UserProperty>);

impl Select {
    /// Everything that can be asked for.
    pub(crate) fn all() -> Self {
        Self(UserProperty::ALL.to_vec())
    }

    /// These, each of which is there once.
    pub(crate) fn of(properties: &[UserProperty]) -> Self {
        Self(properties.to_vec())
    }

    /// The properties.
    pub(crate) fn properties(&self) -> &[UserProperty] {
        &self.0
    }

    /// As `$select` has it.
    pub(super) fn parameter(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|it| it.name()).collect();
        names.join(",")
    }
}

impl Default for Select {
    fn default() -> Self {
        Self(vec![
            UserProperty::Id,
            UserProperty::DisplayName,
            UserProperty::UserPrincipalName,
            UserProperty::Mail,
            UserProperty::JobTitle,
            UserProperty::Department,
            UserProperty::OfficeLocation,
            UserProperty::AccountEnabled,
            UserProperty::UserType,
        ])
    }
}

impl FromStr for Select {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut properties = Vec::new();
        for word in text.split(',') {
            let property = word.trim().parse()?;
            if !properties.contains(&property) {
                properties.push(property);
            }
        }
        Ok(Self(properties))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_its_own_name() {
        assert_eq!(UserProperty::Id.name(), "id");
        assert_eq!(UserProperty::Department.name(), "department");
        assert_eq!(UserProperty::CompanyName.name(), "companyName");
        for property in UserProperty::ALL {
            assert_eq!(property.name().parse(), Ok(property));
        }
    }

    #[test]
    fn a_selection_is_read_as_people_write_it() {
        let select: Select = "ID, mail,id".parse().unwrap();
        assert_eq!(select.parameter(), "id,mail");
        for text in ["", "id,", "password", "id,*"] {
            assert!(text.parse::<Select>().is_err(), "{text}");
        }
    }
}

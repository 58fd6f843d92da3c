//! Which properties of a user come.

use std::borrow::Cow;

use serde_json::Value;

use super::{access::Sees, directory::User, fault::Fault};
use crate::seed;

/// What comes without `$select`; `department` is not among it.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// What only comes of a single user, as the `user` resource type has it.
const OF_ONE_USER: [&str; 10] = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "responsibilities",
    "schools",
    "skills",
];

/// The properties that `$select` names, or the default ones.
pub(super) struct Select(Vec<&'static str>);

impl Select {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Fault> {
        match text {
            None => Ok(Self(DEFAULT.to_vec())),
            Some(text) => text
                .split(',')
                .map(property)
                .collect::<Result<_, _>>()
                .map(Self),
        }
    }

    /// The names of the properties.
    pub(super) fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// What comes of `user` for one who sees so much; what is hidden is null.
    pub(super) fn of(&self, user: User<'_>, sees: Sees) -> Value {
        let part = self.0.iter().map(|name| {
            let value = user.get(name).filter(|_| sees.shows(name));
            (
                (*name).to_owned(),
                value.map_or(Value::Null, Cow::into_owned),
            )
        });
        Value::Object(part.collect())
    }
}

fn property(name: &str) -> Result<&'static str, Fault> {
    let is_it = |known: &&str| known.eq_ignore_ascii_case(name.trim());
    if let Some(known) = seed::PROPERTIES.into_iter().find(|it| is_it(it)) {
        return Ok(known);
    }
    // "Use delta query to track changes in Microsoft Graph data" has the answer.
    if OF_ONE_USER.iter().any(is_it) {
        let message = "This operation target is not yet supported.";
        return Err(Fault::new(501, "NotImplemented", message));
    }
    let message = format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
         'microsoft.graph.user'."
    );
    Err(Fault::new(400, "BadRequest", message))
}

//! What a token may see of users, by its application roles.
//!
//! Sources: "Microsoft Graph permissions reference"; "List users"; "Use the
//! $filter query parameter" for filters that refer to what is hidden.

use serde::Deserialize;

use super::{delta, fault::Fault};

/// What of Graph has been granted to the identities.
///
/// Sources contradict each other about `User.ReadBasic.All`: Microsoft's metadata
/// of permissions lets it list users, "List users" leaves it out. Both have been
/// seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppRoles {
    /// `User.Read.All`: everything of users.
    #[default]
    ReadAll,
    /// Nothing.
    None,
    /// `User.ReadBasic.All`, and users are refused.
    BasicRefused,
    /// `User.ReadBasic.All`, and users come with their basic properties; others
    /// are null, and a filter that refers to one of them finds nobody.
    BasicHidden,
}

/// The properties of users that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sees {
    Everything,
    Basics,
}

const BASIC: [&str; 6] = [
    "displayName",
    "givenName",
    "id",
    "mail",
    "surname",
    "userPrincipalName",
];

impl AppRoles {
    /// The claim `roles` of a token, which is absent where there is none.
    pub(crate) fn claim(self) -> Option<[&'static str; 1]> {
        match self {
            Self::ReadAll => Some(["User.Read.All"]),
            Self::None => None,
            Self::BasicRefused | Self::BasicHidden => Some(["User.ReadBasic.All"]),
        }
    }

    /// What may be seen of what is at `path`, which is in lower case.
    ///
    /// `users/delta` takes `User.Read.All`: "user: delta".
    pub(super) fn admit(self, path: &[&str]) -> Result<Sees, Fault> {
        let is_delta = delta::is_asked(path);
        match self {
            Self::ReadAll => Ok(Sees::Everything),
            Self::BasicHidden if !is_delta => Ok(Sees::Basics),
            Self::None | Self::BasicRefused | Self::BasicHidden => Err(denied()),
        }
    }
}

/// Also as reported in learn.microsoft.com Q&A 6019739.
fn denied() -> Fault {
    let message = "Insufficient privileges to complete the operation.";
    Fault::new(403, "Authorization_RequestDenied", message)
}

impl Sees {
    pub(super) fn shows(self, property: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Basics => BASIC.contains(&property),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_take_the_right_to_read_everything() {
        let path = ["v1.0", "users", "delta"];
        for roles in [
            AppRoles::None,
            AppRoles::BasicRefused,
            AppRoles::BasicHidden,
        ] {
            assert!(roles.admit(&path).is_err(), "{roles:?}");
        }
        assert!(AppRoles::ReadAll.admit(&path).is_ok());
    }
}

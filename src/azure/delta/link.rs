//! Where a delta query goes on.

use std::borrow::Cow;

use crate::azure::{Select, odata::encoded, page_link::is_askable};

/// A longer link does not come from Graph.
const LONGEST_LINK: usize = 16 * 1024;

/// The function's name, in the ways in which Graph writes it in its links.
///
/// Source: "Use delta query to track changes in Microsoft Graph data": "/delta
/// is a shortcut for the fully qualified name /microsoft.graph.delta".
const FUNCTIONS: [&str; 4] = [
    "delta",
    "delta()",
    "microsoft.graph.delta",
    "microsoft.graph.delta()",
];

/// A place in a delta query of users.
///
/// Graph's links go back whole and unchanged. Their token stands for all that
/// the tenant's users were, so that there is no way to print one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DeltaLink(Option<Box<str>>);

impl DeltaLink {
    /// The first page of a synchronization of everybody.
    pub(crate) const fn start() -> Self {
        Self(None)
    }

    /// Whether nothing has been synchronized yet.
    pub(crate) const fn is_start(&self) -> bool {
        self.0.is_none()
    }

    /// Accepts a link only into the delta query of the Graph whose users are at
    /// `users`: our token goes with it.
    pub(crate) fn accept(link: &str, users: &str) -> Option<Self> {
        let rest = link.strip_prefix(users.trim_end_matches('?'))?;
        let (function, _) = rest.strip_prefix('/')?.split_once('?')?;
        let plain = link.bytes().all(is_askable);
        let is_ours = FUNCTIONS.contains(&function) && plain && link.len() <= LONGEST_LINK;
        is_ours.then(|| Self(Some(link.into())))
    }

    /// The URL to ask.
    pub(in crate::azure) fn url(&self, users: &str) -> Cow<'_, str> {
        self.0.as_deref().map_or_else(
            || {
                let users = users.trim_end_matches('?');
                let select = encoded(&Select::all().parameter()).to_string();
                format!("{users}/delta?$select={select}").into()
            },
            Cow::Borrowed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "https://graph.example/v1.0/users?";

    #[test]
    fn the_start_asks_for_everything_that_can_be_selected() {
        let url = DeltaLink::start().url(USERS).into_owned();
        let rest = url.strip_prefix("https://graph.example/v1.0/users/delta?$select=");
        let names: Vec<_> = rest.unwrap().split("%2C").collect();
        assert_eq!(names.len(), Select::all().properties().len());
        assert!(names.contains(&"department"), "{names:?}");
    }

    #[test]
    fn a_link_goes_back_unchanged() {
        for function in FUNCTIONS {
            let link = format!("https://graph.example/v1.0/users/{function}?$deltatoken=X%2744%27");
            let accepted = DeltaLink::accept(&link, USERS).unwrap();
            assert_eq!(accepted.url(USERS), link);
            assert!(!accepted.is_start());
        }
    }

    #[test]
    fn a_link_to_anywhere_else_is_not_accepted() {
        let long = "x".repeat(LONGEST_LINK);
        for link in [
            "https://evil.example/v1.0/users/delta?$deltatoken=x",
            "http://graph.example/v1.0/users/delta?$deltatoken=x",
            "https://graph.example.evil/v1.0/users/delta?$deltatoken=x",
            "https://graph.example/v1.0/users/delta",
            "https://graph.example/v1.0/users?$skiptoken=x",
            "https://graph.example/v1.0/users/../groups/delta?$deltatoken=x",
            "https://graph.example/v1.0/users/delta/x?$deltatoken=x",
            "https://graph.example/v1.0/users/delta?$deltatoken=x#f",
            "https://graph.example/v1.0/users/delta?$deltatoken=x\r\nhost: evil",
            &format!("https://graph.example/v1.0/users/delta?$deltatoken={long}"),
        ] {
            assert!(DeltaLink::accept(link, USERS).is_none(), "{link}");
        }
    }
}

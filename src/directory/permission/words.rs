//! A verdict in plain words, with the command where one mends it.

use super::Verdict;
use crate::{
    azure::{self, AppRoleGrant},
    telemetry::chain,
};

pub(super) const UNPROVEN: &str = "it has not been tried yet whether users can be listed";

const FINE: &str = "users can be listed by department";

const DENIED: &str = "the gateway's managed identity may not list users";

const SILENTLY_EMPTY: &str = "Graph refuses nothing and shows no user with a department: the permission of the gateway's \
     managed identity is too narrow, as User.ReadBasic.All is, or no user has a department";

const WRONG_IDENTITY: &str = "the token for Graph is not accepted, or is of another identity than the one configured: see \
     AZURE_CLIENT_ID, MIG_IDENTITY_OBJECT_ID and MIG_IDENTITY_RESOURCE_ID, and whether the \
     identity still exists";

const THROTTLED: &str = "Graph is throttling: whether users can be listed is tried again";

const UNREACHABLE: &str = "Graph gave no answer that tells whether users can be listed";

impl Verdict {
    /// What it means, without what mends it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Unproven => UNPROVEN,
            Self::Fine => FINE,
            Self::Denied => DENIED,
            Self::SilentlyEmpty => SILENTLY_EMPTY,
            Self::WrongIdentity => WRONG_IDENTITY,
            Self::Throttled => THROTTLED,
            Self::Unreachable => UNREACHABLE,
        }
    }
}

/// `verdict` for people; no user shows in it.
pub(super) fn detail(
    verdict: Verdict,
    error: Option<&azure::Error>,
    grant: &AppRoleGrant,
) -> String {
    let words = verdict.words();
    match verdict {
        Verdict::Unproven | Verdict::Unreachable => because(words, error),
        Verdict::Denied | Verdict::SilentlyEmpty => format!("{words}; {grant}"),
        Verdict::Fine | Verdict::WrongIdentity | Verdict::Throttled => words.to_owned(),
    }
}

fn because(words: &str, error: Option<&azure::Error>) -> String {
    error.map_or_else(
        || words.to_owned(),
        |error| format!("{words}: {}", chain(error)),
    )
}

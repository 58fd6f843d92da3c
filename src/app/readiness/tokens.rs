//! The tokens that every request needs.

use super::Check;
use crate::{
    identity::{ManagedIdentity, Report, Resource, TokenError},
    telemetry::chain,
};

pub(super) fn token(identity: &ManagedIdentity, resource: Resource) -> Check {
    let lack = identity.lacks(resource);
    Check {
        name: format!("token:{}", resource.label()),
        ok: lack.is_none(),
        required: true,
        code: Some(lack.as_ref().map_or("fine", TokenError::code)),
        detail: lack.as_ref().map_or_else(
            || standing(&identity.report(), resource),
            |lack| match lack.mend() {
                Some(mend) => format!("{}; {mend}", chain(lack)),
                None => chain(lack),
            },
        ),
    }
}

/// How the token for `resource`, which is there, stands.
fn standing(report: &Report, resource: Resource) -> String {
    let mut standings = report.tokens.iter();
    let standing = standings.find(|it| it.resource == resource.label());
    let age = standing.and_then(|it| it.token.as_ref());
    let age = age.map_or_else(String::new, |token| {
        let until = token.expires_on.map(|until| format!(", until {until}"));
        let until = until.unwrap_or_default();
        format!(", acquired {} s ago{until}", token.age_seconds)
    });
    let failure = standing.and_then(|it| it.last_failure.as_ref());
    let failure = failure.map_or_else(String::new, |failure| {
        format!("; its renewal failed: {}", failure.code)
    });
    format!("there is a token{age}{failure}")
}

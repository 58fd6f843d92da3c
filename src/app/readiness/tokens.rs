//! The tokens that every request needs.

use super::Check;
use crate::{
    identity::{ManagedIdentity, Report, Resource, TokenError},
    telemetry::chain,
};

/// One that Azure rejects takes no replica out of service: the others have no better one, and
/// the next call may be told otherwise.
pub(super) fn token(identity: &ManagedIdentity, resource: Resource) -> Check {
    let lack = identity.lacks(resource);
    let rejection = identity.rejection(resource);
    let is_required = rejection.is_none();
    let fault = lack.or(rejection);
    Check {
        name: format!("token:{}", resource.label()),
        ok: fault.is_none(),
        required: is_required,
        code: Some(fault.as_ref().map_or("fine", TokenError::code)),
        detail: fault.as_ref().map_or_else(
            || standing(&identity.report(), resource),
            |fault| match fault.mend() {
                Some(mend) => format!("{}; {mend}", chain(fault)),
                None => chain(fault),
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

//! What a look at the permission came to, told apart by what is to be done.

use std::time::Duration;

use crate::{
    azure::{self, Reason, Sight},
    http,
};

/// How the permission to list users stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody has looked, or there was no token to look with.
    Unproven,
    /// Users are found by their department.
    Fine,
    /// Graph refuses.
    Denied,
    /// Graph refuses nothing, and shows no department.
    SilentlyEmpty,
    /// The token is of another identity, or not accepted.
    WrongIdentity,
    /// Graph throttles, and there is no older proof.
    Throttled,
    /// Graph gave no answer that tells.
    Unreachable,
}

impl Verdict {
    /// Every one of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Unproven,
        Self::Fine,
        Self::Denied,
        Self::SilentlyEmpty,
        Self::WrongIdentity,
        Self::Throttled,
        Self::Unreachable,
    ];

    /// Whether it is known that users are not found by their department.
    pub(crate) const fn is_disproof(self) -> bool {
        match self {
            Self::Denied | Self::SilentlyEmpty | Self::WrongIdentity => true,
            Self::Unproven | Self::Fine | Self::Throttled | Self::Unreachable => false,
        }
    }

    /// The name in readiness and in metrics.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::Fine => "fine",
            Self::Denied => "denied",
            Self::SilentlyEmpty => "silently_empty",
            Self::WrongIdentity => "wrong_identity",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
        }
    }

    /// The time to the next look, more or less.
    pub(super) const fn rest(self) -> Duration {
        match self {
            // As soon as there is a token.
            Self::Unproven => Duration::from_secs(5),
            Self::Fine => Duration::from_mins(10),
            Self::Denied
            | Self::SilentlyEmpty
            | Self::WrongIdentity
            | Self::Throttled
            | Self::Unreachable => Duration::from_mins(1),
        }
    }

    /// What `outcome` means after `before`. That the token is of another
    /// identity explains why nothing is seen, and is no reason while all is.
    pub(super) fn of(
        outcome: &Result<Sight, azure::Error>,
        before: Self,
        is_for_another: bool,
    ) -> Self {
        let verdict = match outcome {
            Ok(Sight::Departments) => Self::Fine,
            Ok(Sight::Nothing) => Self::SilentlyEmpty,
            Err(azure::Error::Token { source, .. }) if source.is_of_another() => {
                Self::WrongIdentity
            }
            // It was not asked: nothing new is known.
            Err(azure::Error::Token { .. } | azure::Error::Unsupported { .. }) => before,
            Err(azure::Error::Upstream { source, .. }) => Self::of_failure(source, before),
        };
        match verdict {
            Self::Denied | Self::SilentlyEmpty if is_for_another => Self::WrongIdentity,
            verdict => verdict,
        }
    }

    fn of_failure(error: &http::Error, before: Self) -> Self {
        match error.refusal().map(Reason::of) {
            Some(Reason::NotPermitted(_) | Reason::Policy | Reason::DenyAssignment) => Self::Denied,
            Some(Reason::WrongTenant | Reason::Revoked | Reason::Rejected) => Self::WrongIdentity,
            // Who is throttled is permitted as before.
            Some(Reason::Throttled) if before == Self::Fine => Self::Fine,
            Some(Reason::Throttled) => Self::Throttled,
            _ => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::{StatusCode, header::HeaderMap};

    use super::*;
    use crate::{azure::Call, identity::TokenError};

    fn refused(status: u16) -> Result<Sight, azure::Error> {
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = http::Refusal::read(status, &HeaderMap::new(), b"");
        failed(http::Error::Refused(Box::new(refusal)))
    }

    fn failed(source: http::Error) -> Result<Sight, azure::Error> {
        Err(azure::Error::Upstream {
            service: "graph",
            call: Call::ProbeUsers,
            token_age: None,
            grant: None,
            source,
        })
    }

    #[test]
    fn each_outcome_is_told_from_the_others() {
        let of = |outcome| Verdict::of(&outcome, Verdict::Unproven, false);
        assert_eq!(of(Ok(Sight::Departments)), Verdict::Fine);
        assert_eq!(of(Ok(Sight::Nothing)), Verdict::SilentlyEmpty);
        assert_eq!(of(refused(401)), Verdict::WrongIdentity);
        assert_eq!(of(refused(403)), Verdict::Denied);
        assert_eq!(of(refused(429)), Verdict::Throttled);
        assert_eq!(of(refused(503)), Verdict::Unreachable);
        let timeout = http::Error::Timeout(Duration::ZERO);
        assert_eq!(of(failed(timeout)), Verdict::Unreachable);
    }

    #[test]
    fn a_proof_outlives_throttling_and_a_lack_of_tokens_and_nothing_else() {
        let of = |outcome| Verdict::of(&outcome, Verdict::Fine, false);
        assert_eq!(of(refused(429)), Verdict::Fine);
        let no_token = azure::Error::Token {
            service: "graph",
            source: TokenError::Waiting,
        };
        assert_eq!(of(Err(no_token)), Verdict::Fine);
        assert_eq!(of(refused(403)), Verdict::Denied);
        assert_eq!(
            of(failed(http::Error::ConnectionRefused)),
            Verdict::Unreachable
        );
    }

    #[test]
    fn another_identity_explains_a_refusal_and_disproves_nothing() {
        let of = |outcome| Verdict::of(&outcome, Verdict::Unproven, true);
        assert_eq!(of(refused(403)), Verdict::WrongIdentity);
        assert_eq!(of(Ok(Sight::Nothing)), Verdict::WrongIdentity);
        assert_eq!(of(Ok(Sight::Departments)), Verdict::Fine);
    }
}

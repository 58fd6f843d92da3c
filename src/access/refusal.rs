//! Why a caller is not let in.

use std::time::Duration;

/// Why a caller is not let in. Nothing of the token is in it, so that it can be
/// told, counted and logged.
///
/// What is said of a token that is not proven to be genuine is the same for all
/// of them; the bearer of a genuine one is told what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no token.
    #[error("a bearer token is needed")]
    Missing,
    /// There are credentials of another kind.
    #[error("a bearer token is needed")]
    Scheme,
    /// There is more than one header with credentials.
    #[error("there is more than one Authorization header")]
    Repeated,
    /// The token is longer than any that is meant.
    #[error("the token is not valid here")]
    Oversized,
    /// It is no JSON Web Token.
    #[error("the token is not valid here")]
    Malformed,
    /// It is signed in another way than RS256, or not at all.
    #[error("the token is not valid here")]
    Algorithm,
    /// It has extensions that have to be understood.
    #[error("the token is not valid here")]
    Critical,
    /// It does not say which key it is signed with.
    #[error("the token is not valid here")]
    NoKeyId,
    /// Nobody is configured who has issued it.
    #[error("the token is not valid here")]
    Issuer,
    /// The issuer has no such key.
    #[error("the token is not valid here")]
    UnknownKey,
    /// The signature is not that of its key.
    #[error("the token is not valid here")]
    Signature,
    /// The cluster does not vouch for it.
    #[error("the token is not valid here")]
    Reviewed,
    /// A claim is missing, or not of its type.
    #[error("the token lacks a claim that is needed")]
    Claims,
    /// It is of another tenant.
    #[error("the token is of another tenant")]
    Tenant,
    /// Its key is not one for its issuer.
    #[error("the token is signed with a key of another issuer")]
    KeyIssuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time is yet to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It is of a version that is not taken.
    #[error("the token is not valid here")]
    Version,
    /// It is genuine, and grants nothing.
    #[error("the token has neither an application role nor a scope of this gateway")]
    NoGrant,
    /// There are no keys to check it with; whoever comes after so long has them asked for.
    #[error("tokens cannot be checked now: their issuer has not told the keys for that")]
    NoKeys(Duration),
    /// The API server does not say whether it is valid.
    #[error("tokens cannot be checked now: the cluster does not say whether they are valid")]
    NoReview,
}

impl Refusal {
    /// A word for it, as a metric has it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Scheme => "scheme",
            Self::Repeated => "repeated",
            Self::Oversized => "oversized",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::Critical => "critical",
            Self::NoKeyId => "no_key_id",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Reviewed => "reviewed",
            Self::Claims => "claims",
            Self::Tenant => "tenant",
            Self::KeyIssuer => "key_issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Version => "version",
            Self::NoGrant => "no_grant",
            Self::NoKeys(_) => "no_keys",
            Self::NoReview => "no_review",
        }
    }
}

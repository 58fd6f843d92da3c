//! What has to hold of the tokens of one issuer that are checked by its keys.

use super::{
    Caller, Refusal,
    claims::{Claimed, Moment},
    entra,
    jwks::Key,
    jws::Jws,
    oidc,
};

/// The rules of an issuer.
pub(super) enum Rules {
    Entra(entra::Rules),
    Oidc(oidc::Rules),
}

impl Rules {
    /// Whether a token that says so of itself is to be held to them. Entra ID has an
    /// issuer and a configuration for each version; that its token is of another tenant
    /// is for its rules to say.
    pub(super) fn are_for(&self, claimed: &Claimed) -> bool {
        match self {
            Self::Entra(rules) => {
                let version = Some(rules.version.as_str());
                claimed.is_of_entra() && claimed.ver.as_str() == version
            }
            Self::Oidc(rules) => rules.issuer == claimed.iss,
        }
    }

    /// Who is proven by `token`, and when that ends.
    pub(super) fn caller(
        &self,
        token: &Jws<'_>,
        key: &Key,
        now: Moment,
    ) -> Result<(Caller, u64), Refusal> {
        match self {
            Self::Entra(rules) => rules.caller(token, key, now),
            Self::Oidc(rules) => rules.caller(token, key, now),
        }
    }
}

impl Claimed {
    /// Whether a cloud's Entra ID is named, be it for another tenant.
    pub(super) fn is_of_entra(&self) -> bool {
        crate::config::Cloud::is_of_entra(self.iss.split('/').nth(2).unwrap_or_default())
    }
}

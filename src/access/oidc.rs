//! Tokens of other issuers that speak `OpenID` Connect, those of Kubernetes among
//! them.
//!
//! Sources: RFC 7519, section 4.1; "Managing Service Accounts" of Kubernetes, on
//! the claims of bound tokens.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Caller, Refusal, ServiceAccount, Subject,
    claims::{Audiences, Moment, given},
    jwks::Key,
    jws::Jws,
};
use crate::config::{Callers, Issuer};

/// What has to hold of the tokens of one issuer.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: String,
    audiences: Vec<String>,
    clusters: Clusters,
}

/// How many could say of an account that it is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clusters {
    /// This issuer alone: an account is known by its namespace and its name.
    One,
    /// Others as well, who may have another account of that name: it is the subject
    /// of its issuer.
    Several,
}

impl Clusters {
    pub(super) fn of(callers: &Callers) -> Self {
        match (&callers.issuers[..], &callers.kubernetes) {
            ([] | [_], None) => Self::One,
            _ => Self::Several,
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audiences,
    exp: u64,
    /// Kubernetes sets it; others need not.
    #[serde(default, deserialize_with = "given")]
    nbf: Option<u64>,
    sub: String,
    #[serde(rename = "kubernetes.io", default, deserialize_with = "given")]
    kubernetes: Option<Bound>,
    #[serde(default)]
    azp: Value,
    #[serde(default)]
    client_id: Value,
    #[serde(default)]
    roles: Value,
}

/// What a token of Kubernetes is bound to.
#[derive(Deserialize)]
struct Bound {
    namespace: String,
    serviceaccount: Named,
    #[serde(default)]
    pod: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Rules {
    pub(super) fn new(issuer: &Issuer, clusters: Clusters) -> Self {
        Self {
            clusters,
            issuer: issuer.issuer.clone(),
            audiences: issuer.audiences.clone(),
        }
    }

    /// Who is proven by `token`, and when that ends.
    pub(super) fn caller(
        &self,
        token: &Jws<'_>,
        key: &Key,
        now: Moment,
    ) -> Result<(Caller, u64), Refusal> {
        token.verify(key)?;
        let claims: Claims = token.claims()?;
        if claims.iss != self.issuer {
            return Err(Refusal::Issuer);
        }
        if !claims.aud.are_for(&self.audiences) {
            return Err(Refusal::Audience);
        }
        now.is_within(claims.nbf, claims.exp)?;
        let expires = claims.exp;
        Ok((claims.caller(self.clusters)?, expires))
    }
}

impl Claims {
    fn caller(self, clusters: Clusters) -> Result<Caller, Refusal> {
        if let Some(bound) = self.kubernetes {
            let account = bound.account(&self.sub)?;
            if clusters == Clusters::One {
                return Ok(Caller::Account(account));
            }
        }
        if self.sub.is_empty() {
            return Err(Refusal::Claims);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let roles = self.roles.as_array();
        let roles: Option<Vec<_>> = roles.and_then(|all| all.iter().map(text).collect());
        Ok(Caller::Subject(Subject {
            issuer: self.iss,
            id: self.sub,
            client_id: text(&self.azp).or_else(|| text(&self.client_id)),
            roles: roles.unwrap_or_default(),
        }))
    }
}

impl Bound {
    /// The account that both the subject and the claims of Kubernetes name.
    fn account(self, subject: &str) -> Result<ServiceAccount, Refusal> {
        let account: ServiceAccount = subject.parse().map_err(|_| Refusal::Claims)?;
        if account.namespace != self.namespace || account.name != self.serviceaccount.name {
            return Err(Refusal::Claims);
        }
        Ok(account.in_pod(self.pod.map(|pod| pod.name)))
    }
}

#[cfg(test)]
mod tests;

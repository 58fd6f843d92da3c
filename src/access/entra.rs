//! Tokens of Entra ID.
//!
//! Sources: "Microsoft identity platform access tokens" (validate tokens); "Access
//! token claims reference"; "Secure applications and APIs by validating claims".

use serde::Deserialize;
use uuid::Uuid;

use super::{
    Caller, Kind, Principal, Refusal,
    claims::{Moment, given},
    jwks::Key,
    jws::Jws,
};
use crate::config::{EntraCallers, EntraVersion};

/// What has to hold of tokens of one version.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) version: EntraVersion,
    tenant: Uuid,
    audiences: Vec<String>,
}

/// `upn`, `email`, `name` and their like are no proof of anything and not read.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: u64,
    nbf: u64,
    tid: String,
    oid: String,
    ver: String,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default, deserialize_with = "given")]
    roles: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    scp: Option<String>,
    #[serde(default, deserialize_with = "given")]
    idtyp: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    appid: Option<String>,
    #[serde(default)]
    uti: Option<String>,
}

impl Rules {
    /// Those for tokens of `version`.
    pub(super) fn new(callers: &EntraCallers, version: EntraVersion) -> Self {
        Self {
            issuer: callers.cloud.issuer(version, callers.tenant),
            version,
            tenant: callers.tenant,
            audiences: callers.audiences.clone(),
        }
    }

    /// Who is proven by `token`, and when that ends. Its checks are in the order
    /// of Microsoft's own list; the header has been checked, and `key` is the one
    /// that it names.
    pub(super) fn caller(
        &self,
        token: &Jws<'_>,
        key: &Key,
        now: Moment,
    ) -> Result<(Caller, u64), Refusal> {
        token.verify(key)?;
        let claims: Claims = token.claims()?;
        self.check_issuer(&claims)?;
        if !key.is_for(&claims.iss, &claims.tid) {
            return Err(Refusal::KeyIssuer);
        }
        if !self.audiences.contains(&claims.aud) {
            return Err(Refusal::Audience);
        }
        now.is_within(Some(claims.nbf), claims.exp)?;
        if claims.ver != self.version.as_str() {
            return Err(Refusal::Version);
        }
        let expires = claims.exp;
        Ok((self.granted(claims)?, expires))
    }

    /// The issuer, the tenant and the tenant within the issuer are one.
    fn check_issuer(&self, claims: &Claims) -> Result<(), Refusal> {
        let tenant = guid(&claims.tid).ok_or(Refusal::Tenant)?;
        let mut segments = claims.iss.split('/').skip(3);
        let is_in_issuer = segments.next() == Some(claims.tid.as_str());
        if tenant != self.tenant || !is_in_issuer {
            return Err(Refusal::Tenant);
        }
        if claims.iss != self.issuer {
            return Err(Refusal::Issuer);
        }
        Ok(())
    }

    /// An application needs a role, and a user a scope: Entra ID issues tokens for
    /// the gateway to any application of the tenant, granted or not.
    ///
    /// `idtyp` tells which of the two it is. Where the gateway's application does
    /// not ask for it, the token of an application is known by its subject, which
    /// is itself; that of a sign-in, which is no access token, is not.
    fn granted(&self, claims: Claims) -> Result<Caller, Refusal> {
        let roles = claims.roles.unwrap_or_default();
        let has_scope = claims.scp.is_some_and(|scopes| !scopes.trim().is_empty());
        let is_own_subject = claims.sub.as_ref() == Some(&claims.oid);
        let kind = match claims.idtyp.as_deref() {
            Some("app") => Kind::App,
            None if !has_scope && is_own_subject => Kind::App,
            Some(_) | None => Kind::User,
        };
        let is_granted = match kind {
            Kind::App => !roles.is_empty(),
            Kind::User => has_scope,
        };
        if !is_granted {
            return Err(Refusal::NoGrant);
        }
        let client = match self.version {
            EntraVersion::V1 => claims.appid,
            EntraVersion::V2 => claims.azp,
        };
        Ok(Caller::Entra(Principal {
            tenant: self.tenant,
            object_id: guid(&claims.oid).ok_or(Refusal::Claims)?,
            client_id: client.as_deref().and_then(guid),
            kind,
            roles,
            token_id: claims.uti,
        }))
    }
}

/// A GUID as Entra ID writes it; the parser would also take braces or a URN.
fn guid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;

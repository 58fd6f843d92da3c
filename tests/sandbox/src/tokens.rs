//! Tokens: minted, kept by the host, accepted or refused.

pub(crate) mod claims;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::{
    clock::Clock,
    cloud::{Audience, Cloud},
    graph::AppRoles,
    settings::{Identity, Settings},
};
use claims::Validity;

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    Missing,
    Unknown,
    Expired,
    WrongAudience,
}

/// Whether the host may answer from its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Cached,
    NewlyIssued,
}

/// What the host's cache does with tokens that are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostCache {
    Forgets,
    Keeps,
}

/// A token as a host hands it out.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) token: String,
    /// Whose it is.
    pub(crate) identity: Identity,
    pub(crate) not_before: u64,
    pub(crate) expires_on: u64,
}

/// Whose a token is to be.
#[derive(Clone)]
pub(crate) enum Holder {
    Identity(Identity),
    /// A user who has let an application act for them.
    User {
        app: String,
        object: String,
    },
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) app_roles: AppRoles,
}

impl From<&Holder> for Principal {
    fn from(holder: &Holder) -> Self {
        let (client, object) = match holder {
            Holder::Identity(identity) => (&identity.client_id, &identity.object_id),
            Holder::User { app, object } => (app, object),
        };
        Self {
            client_id: client.clone(),
            object_id: object.clone(),
            app_roles: AppRoles::default(),
        }
    }
}

/// A token that was just made.
pub(crate) struct Minting {
    pub(crate) token: String,
    pub(crate) validity: Validity,
}

struct Minted {
    audience: Option<Audience>,
    principal: Principal,
    expires_on: u64,
    is_refused: bool,
}

/// How tokens are made out wrongly, on demand.
#[derive(Default)]
struct Astray {
    identity: Option<Identity>,
    audience: Option<String>,
}

/// Every token that was ever handed out.
pub(crate) struct Tokens {
    cloud: Cloud,
    clock: Clock,
    lifetime: Duration,
    minted: Mutex<HashMap<String, Minted>>,
    host: Mutex<HashMap<(String, String), Issued>>,
    app_roles: Mutex<AppRoles>,
    astray: Mutex<Astray>,
}

impl Tokens {
    pub(crate) fn new(settings: &Settings, clock: Clock) -> Self {
        Self {
            cloud: settings.cloud,
            clock,
            lifetime: settings.token_lifetime,
            minted: Mutex::default(),
            host: Mutex::default(),
            app_roles: Mutex::default(),
            astray: Mutex::default(),
        }
    }

    /// The host's token for `identity` and `resource`. The host keeps tokens
    /// for about their lifetime.
    ///
    /// Source: "Managed identity best practice recommendations", caching.
    pub(crate) fn issue(
        &self,
        resource: &str,
        identity: &Identity,
        freshness: Freshness,
    ) -> Issued {
        let identity = self.meant(identity);
        let key = (identity.client_id.clone(), resource.to_owned());
        let mut host = lock(&self.host);
        let soon = self.clock.now() + 5;
        let kept = host.get(&key).filter(|kept| kept.expires_on > soon);
        if let (Some(kept), Freshness::Cached) = (kept, freshness) {
            return kept.clone();
        }
        let Minting { token, validity } = self.mint(resource, &Holder::Identity(identity.clone()));
        let issued = Issued {
            token,
            identity,
            not_before: validity.not_before,
            expires_on: validity.expires_on,
        };
        host.insert(key, issued.clone());
        issued
    }

    /// Who gets the token that `identity` should have.
    pub(crate) fn meant(&self, identity: &Identity) -> Identity {
        let wrong = lock(&self.astray).identity.clone();
        wrong.unwrap_or_else(|| identity.clone())
    }

    /// A new token, that no host keeps.
    pub(crate) fn mint(&self, resource: &str, holder: &Holder) -> Minting {
        let not_before = self.clock.now();
        let validity = Validity {
            not_before,
            expires_on: not_before + self.lifetime.as_secs(),
        };
        let wrong = lock(&self.astray).audience.clone();
        let audience = wrong.as_deref().unwrap_or(resource);
        let meant = self.cloud.audience(audience);
        let app_roles = *lock(&self.app_roles);
        let mut said = claims::access(audience, holder, validity);
        if let (Some(Audience::Graph), Some(roles)) = (meant, app_roles.claim()) {
            said["roles"] = serde_json::json!(roles);
        }
        let token = claims::jwt(&said);
        let minted = Minted {
            audience: meant,
            principal: Principal {
                app_roles,
                ..holder.into()
            },
            expires_on: validity.expires_on,
            is_refused: false,
        };
        lock(&self.minted).insert(token.clone(), minted);
        Minting { token, validity }
    }

    /// From now on hosts hand out tokens of `identity`, whoever is asked for.
    pub(crate) fn issue_as(&self, identity: Option<Identity>) {
        lock(&self.astray).identity = identity;
    }

    /// From now on tokens are made out to `audience`, whatever is asked for.
    pub(crate) fn address_to(&self, audience: Option<&str>) {
        lock(&self.astray).audience = audience.map(str::to_owned);
        lock(&self.host).clear();
    }

    /// Whose token `authorization` is, if it is one of ours for `audience`.
    pub(crate) fn check(
        &self,
        authorization: Option<&str>,
        audience: Audience,
    ) -> Result<Principal, Rejection> {
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or(Rejection::Missing)?;
        let minted = lock(&self.minted);
        let minted = minted.get(token).ok_or(Rejection::Unknown)?;
        if minted.audience != Some(audience) {
            return Err(Rejection::WrongAudience);
        }
        if minted.is_refused || minted.expires_on <= self.clock.now() {
            return Err(Rejection::Expired);
        }
        Ok(minted.principal.clone())
    }

    /// Tokens that are minted from now on carry these roles. Those that there are
    /// keep theirs, as does the host's cache: "Managed identity best practice
    /// recommendations", on changes of groups and roles.
    pub(crate) fn grant(&self, app_roles: AppRoles) {
        *lock(&self.app_roles) = app_roles;
    }

    pub(crate) fn refuse_all(&self, host_cache: HostCache) {
        for minted in lock(&self.minted).values_mut() {
            minted.is_refused = true;
        }
        if host_cache == HostCache::Forgets {
            lock(&self.host).clear();
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        lock(&self.minted).keys().cloned().collect()
    }
}

/// Bytes that are the same in no two calls.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    std::iter::repeat_with(Uuid::new_v4)
        .flat_map(Uuid::into_bytes)
        .take(size)
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Tokens: minted, kept by the host, accepted or refused.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use uuid::Uuid;

use crate::{graph::AppRoles, seed, settings::Identity};

/// Who a token can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Arm,
    Graph,
}

impl Audience {
    /// The audience that `resource` names.
    pub(crate) fn of(resource: &str) -> Option<Self> {
        match resource.trim_end_matches('/') {
            "https://management.azure.com" | "https://management.core.windows.net" => {
                Some(Self::Arm)
            }
            "https://graph.microsoft.com" | "00000003-0000-0000-c000-000000000000" => {
                Some(Self::Graph)
            }
            _ => None,
        }
    }
}

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
    pub(crate) not_before: u64,
    pub(crate) expires_on: u64,
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) app_roles: AppRoles,
}

struct Minted {
    audience: Option<Audience>,
    principal: Principal,
    expires_on: u64,
    is_refused: bool,
}

/// Every token that was ever handed out.
#[derive(Default)]
pub(crate) struct Tokens {
    minted: Mutex<HashMap<String, Minted>>,
    host: Mutex<HashMap<(String, String), Issued>>,
    app_roles: Mutex<AppRoles>,
}

impl Tokens {
    /// The host's token for `identity` and `resource`. The host keeps tokens
    /// for about their lifetime.
    ///
    /// Source: "Managed identity best practice recommendations", caching.
    pub(crate) fn issue(
        &self,
        resource: &str,
        identity: &Identity,
        lifetime: Duration,
        freshness: Freshness,
    ) -> Issued {
        let key = (identity.client_id.clone(), resource.to_owned());
        let mut host = lock(&self.host);
        let kept = host.get(&key).filter(|kept| kept.expires_on > now() + 5);
        if let (Some(kept), Freshness::Cached) = (kept, freshness) {
            return kept.clone();
        }
        let issued = self.mint(resource, identity, lifetime);
        host.insert(key, issued.clone());
        issued
    }

    /// A new token. It looks like a JWT of Entra ID, version 1.0; its signature
    /// is noise.
    pub(crate) fn mint(&self, resource: &str, identity: &Identity, lifetime: Duration) -> Issued {
        let not_before = now();
        let expires_on = not_before + lifetime.as_secs();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5t": "sandbox", "kid": "sandbox"});
        let audience = Audience::of(resource);
        let app_roles = *lock(&self.app_roles);
        let mut claims = json!({
            "aud": resource,
            "iss": format!("https://sts.windows.net/{}/", seed::TENANT),
            "iat": not_before,
            "nbf": not_before,
            "exp": expires_on,
            "appid": identity.client_id,
            "appidacr": "2",
            "oid": identity.object_id,
            "sub": identity.object_id,
            "tid": seed::TENANT,
            "uti": Uuid::new_v4().simple().to_string(),
            "ver": "1.0",
            "xms_mirid": identity.resource_id,
        });
        if let (Some(Audience::Graph), Some(roles)) = (audience, app_roles.claim()) {
            claims["roles"] = json!(roles);
        }
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(noise(256));
        let token = format!("{}.{}.{signature}", part(&header), part(&claims));
        let minted = Minted {
            audience,
            principal: Principal {
                client_id: identity.client_id.clone(),
                object_id: identity.object_id.clone(),
                app_roles,
            },
            expires_on,
            is_refused: false,
        };
        lock(&self.minted).insert(token.clone(), minted);
        Issued {
            token,
            not_before,
            expires_on,
        }
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
        if minted.is_refused || minted.expires_on <= now() {
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

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

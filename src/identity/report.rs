//! Which identity the gateway holds, why that one, and how its tokens stand:
//! everything but the tokens.

use std::time::{Instant, SystemTime};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{AccessToken, Claims, ManagedIdentity, Resource, TokenError};
use crate::{config::IdentityId, telemetry::chain};

/// The answer to "which identity is this?".
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    source: &'static str,
    /// The variables by which the source was found; never their values.
    evidence: &'static [&'static str],
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    tokens: Vec<Standing>,
}

/// The identity that is configured.
#[derive(Debug, Serialize)]
struct Id {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Whom the tokens are of, by their own words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
struct Holder {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<String>,
}

/// How the token for one resource stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    resource: &'static str,
    audience: &'static str,
    state: &'static str,
    #[serde(flatten)]
    token: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    age_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

/// The last attempt, where it failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    code: &'static str,
    detail: String,
    /// The endpoint's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

impl Report {
    /// How `identity` stands now. Looking acquires nothing.
    pub(super) fn new(identity: &ManagedIdentity) -> Self {
        let claims = |resource| identity.held(resource)?.claims();
        let claims = Resource::ALL.into_iter().find_map(claims);
        Self {
            source: identity.source.label(),
            evidence: identity.evidence,
            id: Id::from(identity.id()),
            holder: claims.map(Holder::from),
            tokens: Resource::ALL
                .map(|resource| Standing::new(identity, resource))
                .into(),
        }
    }

    /// Puts into the log, once, where tokens will come from.
    pub(crate) fn log(&self) {
        tracing::info!(
            source = self.source,
            evidence = self.evidence.join(" "),
            id_kind = self.id.kind,
            id = self.id.value,
            "this is the managed identity; GET /identity tells how its tokens stand"
        );
    }
}

impl Standing {
    fn new(identity: &ManagedIdentity, resource: Resource) -> Self {
        let token = identity.held(resource);
        let now = Instant::now();
        Self {
            resource: resource.label(),
            audience: identity.audience(resource),
            state: match &token {
                None => "absent",
                Some(token) if token.is_stale(now) => "stale",
                Some(_) => "fresh",
            },
            token: token.map(|token| Held::new(&token, now)),
            last_failure: identity
                .cache
                .last_failure(resource)
                .map(|(at, failure)| Failure::new(&failure, at)),
        }
    }
}

impl Held {
    fn new(token: &AccessToken, now: Instant) -> Self {
        Self {
            age_seconds: token.age(now).as_secs(),
            expires_on: moment(token.expires_on()),
            roles: token.claims().unwrap_or_default().roles,
        }
    }
}

impl Failure {
    fn new(failure: &TokenError, at: SystemTime) -> Self {
        let refusal = failure.refusal();
        Self {
            code: failure.code(),
            detail: failure.mend().map_or_else(
                || chain(failure),
                |mend| format!("{}; {mend}", chain(failure)),
            ),
            message: refusal.and_then(|refusal| refusal.message.clone()),
            correlation_id: refusal.and_then(|refusal| refusal.correlation_id.clone()),
            at: moment(at),
        }
    }
}

impl From<&IdentityId> for Id {
    fn from(id: &IdentityId) -> Self {
        Self {
            kind: id.kind(),
            value: match id {
                IdentityId::System => None,
                IdentityId::ClientId(id)
                | IdentityId::ObjectId(id)
                | IdentityId::ResourceId(id) => Some(id.clone()),
            },
        }
    }
}

impl From<Claims> for Holder {
    fn from(claims: Claims) -> Self {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string());
        Self {
            tenant_id: text(claims.tenant_id),
            client_id: text(claims.client_id),
            object_id: text(claims.object_id),
            resource_id: claims.resource_id,
        }
    }
}

/// Whole seconds are all that a token knows.
fn moment(time: SystemTime) -> Option<Timestamp> {
    let moment = Timestamp::try_from(time).ok()?;
    Timestamp::from_second(moment.as_second()).ok()
}

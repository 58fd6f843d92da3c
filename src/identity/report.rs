//! Which identity the gateway holds, why that one, and how its tokens stand:
//! everything but the tokens.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{AccessToken, Claims, ManagedIdentity, Moment, Resource, TokenError};
use crate::{config::IdentityId, telemetry::chain};

/// The answer to "which identity is this?".
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) source: &'static str,
    /// The variables by which the source was found; never their values.
    pub(crate) evidence: &'static [&'static str],
    pub(crate) id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holder: Option<Holder>,
    pub(crate) tokens: Vec<Standing>,
}

/// The identity that is configured.
#[derive(Debug, Serialize)]
pub(crate) struct Id {
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// Whom the tokens are of, by their own words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
pub(crate) struct Holder {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_id: Option<String>,
}

/// How the token for one resource stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    pub(crate) resource: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) state: &'static str,
    #[serde(flatten)]
    pub(crate) token: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Held {
    pub(crate) age_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
}

/// The last attempt, where it failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    /// The endpoint's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
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
        let now = Moment::now();
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
    fn new(token: &AccessToken, now: Moment) -> Self {
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

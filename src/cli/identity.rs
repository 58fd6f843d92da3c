//! Which managed identity it is, and what its tokens say; never a token.

use std::time::{Instant, SystemTime};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Outcome, Session,
    arguments::FormAsked,
    output::{self, Form},
    table::fields,
};
use crate::{
    config::{Config, IdentityId},
    http::Deadline,
    identity::{AccessToken, Claims, ManagedIdentity, Resource, TokenError},
    telemetry::chain,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    source: &'static str,
    /// Names of variables, never their values.
    evidence: &'static [&'static str],
    /// How the identity is chosen, and by what.
    configured: Configured,
    object_id: Option<String>,
    client_id: Option<String>,
    tenant_id: Option<String>,
    resource_id: Option<String>,
    tokens: Vec<Token>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Configured {
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    resource: &'static str,
    audience: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `identity show`
pub(super) async fn show(asked: FormAsked) -> Outcome {
    let session = Session::open()?;
    let identity = session.identity();
    let deadline = session.context().deadline;
    let [arm, graph] = acquired(&identity, deadline).await;
    let claims = [&arm, &graph]
        .into_iter()
        .flatten()
        .find_map(AccessToken::claims);
    let is_whole = arm.is_ok() && graph.is_ok();
    let tokens = [(Resource::Arm, arm), (Resource::Graph, graph)];
    let tokens = tokens.map(|(resource, token)| Token::new(&identity, resource, token));
    let body = Body::new(
        &session.config,
        &identity,
        claims.unwrap_or_default(),
        tokens.into(),
    );
    match Form::wanted(asked.form) {
        Form::Json => output::json(&body)?,
        Form::Text => output::write(body.text().as_bytes())?,
    }
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

async fn acquired(
    identity: &ManagedIdentity,
    deadline: Deadline,
) -> [Result<AccessToken, TokenError>; 2] {
    let token = |resource| identity.token(resource, deadline);
    let (arm, graph) = tokio::join!(token(Resource::Arm), token(Resource::Graph));
    [arm, graph]
}

impl Token {
    fn new(
        identity: &ManagedIdentity,
        resource: Resource,
        token: Result<AccessToken, TokenError>,
    ) -> Self {
        let held = token.as_ref().ok();
        Self {
            resource: resource.label(),
            audience: identity.audience(resource),
            age_seconds: held.map(|token| token.age(Instant::now()).as_secs()),
            expires_on: held.and_then(|token| to_the_second(token.expires_on())),
            roles: held
                .and_then(AccessToken::claims)
                .map(|claims| claims.roles),
            error: token.err().map(|error| chain(&error)),
        }
    }

    fn text(&self) -> String {
        if let Some(error) = &self.error {
            return format!("none: {error}");
        }
        let age = self.age_seconds.unwrap_or_default();
        let roles = self.roles.as_deref().unwrap_or_default().join(", ");
        let until = self
            .expires_on
            .map(|at| format!(", until {at}"))
            .unwrap_or_default();
        let carries = if roles.is_empty() {
            String::new()
        } else {
            format!("; it carries {roles}")
        };
        format!(
            "for {}, acquired {age} s ago{until}{carries}",
            self.audience
        )
    }
}

fn to_the_second(time: SystemTime) -> Option<Timestamp> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

impl Body {
    fn new(
        config: &Config,
        identity: &ManagedIdentity,
        claims: Claims,
        tokens: Vec<Token>,
    ) -> Self {
        let (by, id) = match identity.id() {
            IdentityId::System => ("system", None),
            IdentityId::ClientId(id) => ("clientId", Some(id)),
            IdentityId::ObjectId(id) => ("objectId", Some(id)),
            IdentityId::ResourceId(id) => ("resourceId", Some(id)),
        };
        Self {
            source: identity.source_label(),
            evidence: config.identity.source.evidence(),
            configured: Configured {
                by,
                id: id.cloned(),
            },
            object_id: claims.object_id.map(|id| id.to_string()),
            client_id: claims.client_id.map(|id| id.to_string()),
            tenant_id: claims.tenant_id.map(|id| id.to_string()),
            resource_id: claims.resource_id,
            tokens,
        }
    }

    fn text(&self) -> String {
        let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".to_owned());
        let evidence = if self.evidence.is_empty() {
            "as nothing else is set".to_owned()
        } else {
            format!("by {}", self.evidence.join(" and "))
        };
        let configured = match &self.configured.id {
            Some(id) => format!("{} {id}", self.configured.by),
            None => "the system-assigned one".to_owned(),
        };
        let mut lines = vec![
            ("source", format!("{}, {evidence}", self.source)),
            ("configured", configured),
            ("object id", id(&self.object_id)),
            ("client id", id(&self.client_id)),
            ("tenant", id(&self.tenant_id)),
        ];
        lines.extend(self.resource_id.clone().map(|id| ("resource id", id)));
        let tokens = self.tokens.iter();
        lines.extend(tokens.map(|token| match token.resource {
            "arm" => ("arm token", token.text()),
            _ => ("graph token", token.text()),
        }));
        fields(&lines)
    }
}

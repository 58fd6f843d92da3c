//! Which managed identity it is, and what its tokens say; never a token.

use super::{
    Exit, Outcome, Session,
    arguments::FormAsked,
    output::{self, Form},
    table::fields,
};
use crate::{
    config::IdentityId,
    doctor::asked_for,
    http::Deadline,
    identity::{Held, ManagedIdentity, Report, Resource, Standing},
};

/// `identity show`: as `GET /identity` has it, after a token was asked for each
/// API.
pub(super) async fn show(asked: FormAsked) -> Outcome {
    let session = Session::open()?;
    let identity = session.identity();
    let is_whole = acquired(&identity, session.context().deadline).await;
    let report = identity.report();
    let written = match Form::wanted(asked.form) {
        Form::Json => output::json(&report),
        Form::Text => output::write(text(&report).as_bytes()),
    };
    let exit = if is_whole { Exit::Done } else { Exit::Failed };
    output::kept(written, exit)
}

/// Asks for a token for each API; whether both came.
async fn acquired(identity: &ManagedIdentity, deadline: Deadline) -> bool {
    let token = |resource| identity.token(resource, deadline, None);
    let (arm, graph) = tokio::join!(token(Resource::Arm), token(Resource::Graph));
    arm.is_ok() && graph.is_ok()
}

fn text(report: &Report) -> String {
    let evidence = match report.evidence {
        [] => "as nothing else is set".to_owned(),
        names => format!("by {}", names.join(" and ")),
    };
    let configured = match &report.id.value {
        Some(id) => format!("{} {id}", report.id.kind),
        None => asked_for(&IdentityId::System),
    };
    let mut lines = vec![
        ("source", format!("{}, {evidence}", report.source)),
        ("configured", configured),
    ];
    if let Some(holder) = &report.holder {
        let ids = [
            ("object id", &holder.object_id),
            ("client id", &holder.client_id),
            ("tenant", &holder.tenant_id),
            ("resource id", &holder.resource_id),
        ];
        let known = ids
            .into_iter()
            .filter_map(|(name, id)| Some((name, id.clone()?)));
        lines.extend(known);
    }
    lines.extend(report.tokens.iter().map(|it| (name(it), standing(it))));
    fields(&lines)
}

fn name(standing: &Standing) -> &'static str {
    match standing.resource {
        "arm" => "arm token",
        _ => "graph token",
    }
}

fn standing(standing: &Standing) -> String {
    match (&standing.token, &standing.last_failure) {
        (Some(token), _) => held(standing.audience, token),
        (None, Some(failure)) => format!("none: {} ({})", failure.detail, failure.code),
        (None, None) => "none".to_owned(),
    }
}

fn held(audience: &str, token: &Held) -> String {
    let until = token.expires_on.map(|at| format!(", until {at}"));
    let roles = match &token.roles[..] {
        [] => String::new(),
        roles => format!("; it carries {}", roles.join(", ")),
    };
    format!(
        "for {audience}, acquired {} s ago{}{roles}",
        token.age_seconds,
        until.unwrap_or_default()
    )
}

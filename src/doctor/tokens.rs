//! Whether a token is given out for each of the two APIs, and for that API.

use std::time::Duration;

use actix_web::rt::time;

use super::{Check, Report, fault};
use crate::{
    app::Shared,
    config::Config,
    identity::{AccessToken, Diagnosis, ManagedIdentity, Resource, TokenError},
};

pub(super) const ARM: &str = "arm_token";
pub(super) const GRAPH: &str = "graph_token";

/// What is wrong with a token for one of the two and may not be with the other.
const OF_ONE: [Diagnosis; 2] = [Diagnosis::AudienceUnknown, Diagnosis::WrongAudience];

/// Before the one repetition of what may pass, if nobody says.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The tokens that are as they should be.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) arm: Option<AccessToken>,
    pub(super) graph: Option<AccessToken>,
}

/// Asks for both. What is wrong with the endpoint or the identity is told once.
pub(super) async fn examine(report: &mut Report, shared: &Shared, config: &Config) -> Tokens {
    let mut tokens = Tokens::default();
    let identity = shared.identity();
    if let Some(cause) = report.obstacle(&["host", "cloud"]) {
        report.add(Check::skipped(ARM, cause));
        report.add(Check::skipped(GRAPH, cause));
        return tokens;
    }
    let outcome = ask(&identity, Resource::Arm).await;
    let is_shared = outcome
        .as_ref()
        .is_err_and(|error| !OF_ONE.contains(&error.diagnosis()));
    report.add(judged(ARM, outcome, &mut tokens.arm, config));
    if is_shared {
        report.add(Check::skipped(GRAPH, ARM));
        return tokens;
    }
    let outcome = ask(&identity, Resource::Graph).await;
    report.add(judged(GRAPH, outcome, &mut tokens.graph, config));
    tokens
}

fn judged(
    name: &'static str,
    outcome: Result<AccessToken, TokenError>,
    place: &mut Option<AccessToken>,
    config: &Config,
) -> Check {
    let token = match outcome {
        Ok(token) => place.insert(token),
        Err(error) => return fault::of_token(name, &error, config),
    };
    let minutes = token.usable_for().as_secs() / 60;
    Check::ok(
        name,
        format!("there is a token, good for {minutes} minutes"),
    )
}

/// Once, and once more where that may help: a doctor is not kept waiting.
async fn ask(identity: &ManagedIdentity, resource: Resource) -> Result<AccessToken, TokenError> {
    let error = match identity.answer(resource).await {
        Ok(token) => return Ok(token),
        Err(error) => error,
    };
    let may_pass = match &error {
        TokenError::Throttled(_) => true,
        TokenError::Unavailable(cause) => cause.refusal().is_some(),
        TokenError::Refused(_)
        | TokenError::Local(_)
        | TokenError::Unusable(_)
        | TokenError::Waiting
        | TokenError::Unchanged
        | TokenError::Unfinished(_) => false,
    };
    if !may_pass {
        return Err(error);
    }
    let pause = error.asked_pause().unwrap_or(PAUSE);
    time::sleep(pause.min(LONGEST_PAUSE)).await;
    identity.answer(resource).await
}

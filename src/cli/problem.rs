//! What the API would answer as a problem document, in lines for people.

use std::{error::Error as _, time::Duration};

use super::exit::spelt;
use crate::{
    api::{Problem, Upstream, whole_seconds},
    telemetry::{chain, inert},
};

/// What is shorter is over before anybody has read of it.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// What is known of it, a line each.
pub(super) fn told(problem: &Problem) -> String {
    let own = problem.to_string();
    let mut text = spelt(&own);
    let mut lines = Vec::new();
    if let Some(source) = problem.source() {
        let causes = chain(source);
        // A cause that is told already is not told again.
        match causes.strip_prefix(&own) {
            Some(rest) => text.push_str(&inert(rest)),
            None => lines.push(causes),
        }
    }
    lines.extend(problem.candidates().map(str::to_owned));
    let said = problem.said_upstream();
    lines.extend(said.and_then(|said| words(said, &own)));
    lines.extend(said.and_then(ids));
    lines.extend(problem.place().map(|place| format!("it is about {place}")));
    let pause = problem.pause().filter(|pause| *pause >= WORTH_TELLING);
    lines.extend(pause.map(|pause| format!("try again in {} s", whole_seconds(pause))));
    for line in lines {
        text.push_str("\n  ");
        text.push_str(&inert(&line));
    }
    text
}

/// Azure's code and message, but for what is `told` already.
fn words(said: &Upstream, told: &str) -> Option<String> {
    let message = said.message.as_deref();
    let message = message.filter(|message| !told.contains(message));
    match (said.code.as_deref(), message) {
        (Some(code), Some(message)) => Some(format!("Azure says {code}: {message}")),
        (Some(words), None) | (None, Some(words)) => Some(format!("Azure says {words}")),
        (None, None) => None,
    }
}

/// By what Azure finds the request again.
fn ids(said: &Upstream) -> Option<String> {
    let request = said.request_id.as_ref();
    let request = request.map(|id| format!("request id {id}"));
    let correlation = said.correlation_id.as_ref();
    let correlation = correlation.map(|id| format!("correlation id {id}"));
    let ids: Vec<_> = request.into_iter().chain(correlation).collect();
    (!ids.is_empty()).then(|| ids.join(", "))
}

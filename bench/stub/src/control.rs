//! What the benchmark asks of the stub itself, below `/stub`.
//!
//! `counts` tells how often what was asked since the last time, `token` the token
//! that is given out, and `delay` and `token-delay` take milliseconds.

use std::time::Duration;

use crate::{
    answers::{Azure, KINDS, json},
    connection::Request,
};

/// Answers what is asked there, if it is one of these.
pub(crate) fn answer(azure: &Azure, request: &Request<'_>, answer: &mut Vec<u8>) -> bool {
    let Some(verb) = request.path.strip_prefix("/stub/") else {
        return false;
    };
    match verb.split_once('/') {
        None if verb == "counts" => json(&taken(azure), answer),
        None if verb == "token" => json(&format!("{{\"token\":\"{}\"}}", azure.token()), answer),
        Some(("delay", milliseconds)) => {
            azure.delay.set(duration(milliseconds));
            json("{}", answer);
        }
        Some(("token-delay", milliseconds)) => {
            azure.token_delay.set(duration(milliseconds));
            json("{}", answer);
        }
        _ => return false,
    }
    true
}

/// The counters as JSON; they begin anew.
fn taken(azure: &Azure) -> String {
    let members = KINDS.iter().zip(&azure.counts);
    let members: Vec<_> = members
        .map(|(kind, count)| format!("\"{kind}\":{}", count.take()))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn duration(milliseconds: &str) -> Duration {
    Duration::from_millis(milliseconds.parse().unwrap_or_default())
}

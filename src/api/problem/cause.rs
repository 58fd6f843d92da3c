//! Which problem each cause is: every match is exhaustive, so that a new cause
//! does not compile until somebody has decided.

use super::{
    super::operations::place,
    Candidate, Challenge, Code, Problem, Upstream,
    grant::Hints,
    in_the_way::{OVERTAKE, busy, in_no_state},
    refusal::{self, SOON, doubt},
};
use crate::{
    access::Refusal as NotLetIn,
    audit::Unavailable,
    azure::{self, Call, InvalidChange, InvalidName, InvalidQuery, InvalidTop, VirtualMachineId},
    config::InvalidScope,
    directory::{self, InvalidCursor},
    http::{self, Refusal},
    identity::TokenError,
    inventory,
    power::{self, InvalidId},
    task::Unfinished,
};

/// What callers wrote, and what is wrong with it.
macro_rules! invalid {
    ($($cause:ty),+ $(,)?) => {
        $(impl From<$cause> for Problem {
            fn from(error: $cause) -> Self {
                Self::invalid(error)
            }
        })+
    };
}

invalid!(
    InvalidName,
    InvalidChange,
    InvalidQuery,
    InvalidCursor,
    InvalidScope,
    InvalidTop,
    inventory::InvalidCursor,
);

impl From<NotLetIn> for Problem {
    fn from(refusal: NotLetIn) -> Self {
        let said = refusal.to_string();
        match refusal {
            NotLetIn::Missing | NotLetIn::Scheme => Self {
                challenge: Some(Challenge::NoToken),
                ..Self::new(Code::Unauthenticated, said)
            },
            NotLetIn::Repeated => Self {
                challenge: Some(Challenge::InvalidRequest),
                ..Self::invalid(said)
            },
            NotLetIn::Oversized
            | NotLetIn::Malformed
            | NotLetIn::Algorithm
            | NotLetIn::Critical
            | NotLetIn::NoKeyId
            | NotLetIn::Issuer
            | NotLetIn::UnknownKey
            | NotLetIn::Signature
            | NotLetIn::Reviewed
            | NotLetIn::Claims
            | NotLetIn::Tenant
            | NotLetIn::KeyIssuer
            | NotLetIn::Audience
            | NotLetIn::Expired
            | NotLetIn::NotYetValid
            | NotLetIn::Version => Self {
                challenge: Some(Challenge::InvalidToken),
                ..Self::new(Code::Unauthenticated, said)
            },
            NotLetIn::NoGrant => Self::insufficient_scope(said),
            NotLetIn::NoKeys(rest) => Self::new(Code::Unavailable, said).retry_after(rest),
            NotLetIn::NoReview => Self::new(Code::Unavailable, said).retry_after(SOON),
        }
    }
}

impl From<Unfinished> for Problem {
    fn from(error: Unfinished) -> Self {
        match error {
            Unfinished::Stopped => {
                Self::new(Code::Unavailable, error.to_string()).retry_after(SOON)
            }
            Unfinished::Panicked => Self::internal(error.to_string()),
        }
    }
}

/// Nothing was sent: what came before took the time for it.
fn too_late() -> Problem {
    let why = "too little time was left for the change; it was not sent";
    Problem::new(Code::UpstreamTimeout, why).retry_after(SOON)
}

impl From<power::Error> for Problem {
    fn from(error: power::Error) -> Self {
        match error {
            power::Error::Unseen(source) | power::Error::Refused(_, source) => Self::from(source),
            power::Error::Lost(id, source) => Self::from(source).in_doubt(place(&id)),
            power::Error::Crowded => Self::new(
                Code::Overloaded,
                "as many operations are under way as may be (MIG_OPERATION_LIMIT); nothing was done",
            )
            .retry_after(SOON),
            power::Error::Busy(operation) => busy(&operation, OVERTAKE),
            power::Error::Protected(name, refusal) => {
                Self::new(Code::Protected, format!("{name}: {refusal}"))
            }
            power::Error::Denied(name, denial) | power::Error::Hidden(name, denial) => {
                Self::insufficient_scope(format!("{name}: {denial}"))
            }
            power::Error::TooMany(_, exceeded) => Self::too_many_changes(&exceeded),
            power::Error::Obstacle(name, obstacle) => in_no_state(&name, obstacle, OVERTAKE),
            power::Error::Waiting(id) => {
                let problem = Self::new(
                    Code::UpstreamTimeout,
                    "the same is being asked of Azure for another caller, and it has not answered \
                     in time; whether an order is carried out is not known",
                );
                match id {
                    Some(id) => problem.in_doubt(place(&id)),
                    None => problem,
                }
            }
            power::Error::Held => Self::new(
                Code::UpstreamTimeout,
                "another order for the machine is being sent, and Azure has not answered it in \
                 time; this one was not sent",
            )
            .retry_after(SOON),
            power::Error::NoSuchOperation => Self::not_found(error.to_string()),
            power::Error::Inventory(source) => Self::from(source),
            power::Error::Late => too_late(),
            power::Error::Unaudited(source @ Unavailable::Late) => too_late().caused(source),
            power::Error::Unaudited(source) => Self::new(
                Code::AuditUnavailable,
                "the change cannot be written down, so that it was not made; nothing was sent to \
                 Azure",
            )
            .retry_after(SOON)
            .caused(source),
            power::Error::GivenUp(ref id, why) => Self {
                detail: error.to_string().into(),
                ..Self::from(why).in_doubt(place(id))
            },
            power::Error::Unfinished(source) => Self::from(source),
        }
    }
}

impl From<InvalidId> for Problem {
    fn from(error: InvalidId) -> Self {
        Self::not_found(error.to_string())
    }
}

impl From<directory::Error> for Problem {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Cursor(source) => Self::from(source),
            directory::Error::Expired | directory::Error::Changed | directory::Error::Refused => {
                Self::invalid(error)
            }
            directory::Error::Forgotten => Self::new(Code::UpstreamFailed, error.to_string()),
            directory::Error::Unproven(_) => {
                Self::new(Code::Unavailable, error.to_string()).retry_after(SOON)
            }
            directory::Error::Crowded => {
                Self::new(Code::Overloaded, error.to_string()).retry_after(SOON)
            }
            directory::Error::NotShown(why) => Self::new(Code::UpstreamRefused, why),
            directory::Error::Unfinished(source) => Self::from(source),
            directory::Error::Azure(source) => Self::from(source),
        }
    }
}

impl From<inventory::Error> for Problem {
    fn from(error: inventory::Error) -> Self {
        let said = error.to_string();
        match error {
            inventory::Error::NoScope | inventory::Error::NoGroup => {
                Self::new(Code::Unavailable, said)
            }
            inventory::Error::Metadata(_) | inventory::Error::Host(_) => {
                Self::new(Code::Unavailable, said)
                    .retry_after(SOON)
                    .caused(error)
            }
            inventory::Error::Outside(searched) => Self::not_found(said).caused(searched),
            inventory::Error::NotFound(_, searched) => Self::not_found(format!(
                "{said}; one that is new may not be known for a minute, and one that the gateway's \
                 managed identity may not read is not known at all"
            ))
            .caused(searched),
            inventory::Error::Ambiguous(namesakes) => Self {
                candidates: namesakes.machines().iter().map(Candidate::from).collect(),
                ..Self::new(
                    Code::Ambiguous,
                    format!("{said}: say which by ?resourceGroup= or ?subscriptionId="),
                )
            },
            inventory::Error::Cursor(source) => Self::from(source),
            inventory::Error::Expired => Self::invalid(said),
            inventory::Error::Azure(source) => Self::from(source),
            inventory::Error::Unfinished(source) => Self::from(source),
        }
    }
}

impl From<&VirtualMachineId> for Candidate {
    fn from(machine: &VirtualMachineId) -> Self {
        Self {
            resource_id: machine.to_string(),
            subscription_id: machine.subscription_id().to_owned(),
            resource_group: machine.resource_group().to_owned(),
        }
    }
}

impl From<azure::Error> for Problem {
    fn from(error: azure::Error) -> Self {
        let problem = match &error {
            azure::Error::Token { source, .. } => without_token(source),
            azure::Error::Upstream {
                service,
                call,
                token_age,
                grant,
                source,
            } => {
                let hints = Hints {
                    token_age: *token_age,
                    grant: grant.as_deref(),
                };
                from_exchange(service, *call, &hints, source)
            }
            azure::Error::Unsupported { .. } => Problem::new(Code::Unsupported, error.to_string()),
        };
        problem.caused(error)
    }
}

/// The service that gives out the gateway's own tokens.
const IDENTITY: &str = "identity";

fn without_token(error: &TokenError) -> Problem {
    let detail = match error.mend() {
        Some(mend) => format!("{error} ({}): {mend}", error.code()),
        None => error.to_string(),
    };
    let problem = Problem::new(Code::Unavailable, detail);
    let pause = error.asked_pause().unwrap_or_default().max(SOON);
    match error {
        TokenError::Refused(source)
        | TokenError::Throttled(source)
        | TokenError::Unavailable(source) => problem
            .retry_after(pause)
            .upstream(said(IDENTITY, source.refusal())),
        TokenError::Unusable(_) | TokenError::Local(_) => {
            problem.retry_after(pause).upstream(said(IDENTITY, None))
        }
        TokenError::Waiting | TokenError::Unchanged => problem.retry_after(pause),
        TokenError::Unfinished(unfinished) => (*unfinished).into(),
    }
}

fn from_exchange(
    service: &'static str,
    call: Call,
    hints: &Hints<'_>,
    error: &http::Error,
) -> Problem {
    let problem = match error {
        http::Error::Timeout(_) => Problem::new(
            Code::UpstreamTimeout,
            format!("no answer to {call} in time{}", doubt(call)),
        ),
        http::Error::ConnectionRefused
        | http::Error::Unreachable(_)
        | http::Error::Untrusted(_) => Problem::new(
            Code::UpstreamFailed,
            "Azure could not be reached; nothing was done",
        ),
        http::Error::Interrupted(_)
        | http::Error::Truncated(_)
        | http::Error::TooLong(_)
        | http::Error::Malformed(_) => Problem::new(
            Code::UpstreamFailed,
            format!(
                "the answer to {call} broke off or is not understood{}",
                doubt(call)
            ),
        ),
        http::Error::Refused(refused) => refusal::problem(call, hints, refused),
        http::Error::Open(silent) => Problem::new(
            Code::UpstreamFailed,
            format!(
                "calls of Azure have had no answer for {} s, and it was not asked; nothing was done",
                silent.as_secs()
            ),
        )
        .retry_after(SOON),
        http::Error::Busy(crowd) => Problem::new(
            Code::Overloaded,
            format!("the gateway has too much to ask of Azure: {crowd}; nothing was done"),
        )
        .retry_after(SOON),
    };
    problem.upstream(said(service, error.refusal()))
}

/// Azure's code and message; a message that names our ids stays in the log.
fn said(service: &'static str, refusal: Option<&Refusal>) -> Upstream {
    let Some(refusal) = refusal else {
        return Upstream {
            service,
            ..Upstream::default()
        };
    };
    let message = refusal.message.as_deref();
    let names_us = matches!(refusal.status.as_u16(), 401 | 403)
        || (service == IDENTITY && message.is_some_and(is_of_a_sign_in));
    Upstream {
        service,
        status: Some(refusal.status.as_u16()),
        code: refusal.code.clone(),
        message: refusal.message.clone().filter(|_| !names_us),
        request_id: refusal.request_id.clone(),
        correlation_id: refusal.correlation_id.clone(),
    }
}

/// Whether Entra ID said so of one request: its words name the tenant and the client.
///
/// Source: "Microsoft Entra authentication and authorization error codes".
fn is_of_a_sign_in(message: &str) -> bool {
    message.contains("AADSTS") && message.contains("Trace ID: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_that_cost_a_token_is_told_from_the_end_of_the_gateway() {
        for (unfinished, code) in [
            (Unfinished::Panicked, "internal"),
            (Unfinished::Stopped, "unavailable"),
        ] {
            assert_eq!(without_token(&unfinished.into()).code(), code);
        }
    }
}

//! What an order would come to, learnt without sending it.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde::Serialize;

use super::Problem;
use crate::{
    audit::Requester,
    azure::{Order, PowerState},
    http::Context,
    power::{Intent, Power, Precedence, Rehearsal, Target, hibernated},
};

/// A rehearsal as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    dry_run: bool,
    action: &'static str,
    resource_id: String,
    power_state: PowerState,
    would_send: bool,
    message: String,
    /// Those that permit it; none decides on the command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
}

impl Body {
    /// `order` as `rehearsal` found it.
    pub(crate) fn new(order: Order, rehearsal: &Rehearsal) -> Self {
        let policies = rehearsal.requester.grounds.as_deref();
        Self {
            dry_run: true,
            action: order.action.as_str(),
            resource_id: rehearsal.machine.to_string(),
            power_state: rehearsal.seen.power_state(),
            would_send: rehearsal.intent == Intent::Send,
            message: message(order, rehearsal),
            policies: policies.unwrap_or_default().to_vec(),
        }
    }

    /// The same in a sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

fn message(order: Order, rehearsal: &Rehearsal) -> String {
    let (name, action) = (&rehearsal.machine.name, order.action.participle());
    match rehearsal.intent {
        Intent::Send => {
            let state = rehearsal.seen.state();
            format!("{name} is {state} and would be {action}; nothing was sent")
        }
        Intent::AlreadySo => format!("{name} is {action} already"),
        Intent::Hibernated => hibernated(name),
        Intent::UnderWay => format!("Azure is at it already for {name}"),
    }
}

/// The answer to an order that is only to be tried.
pub(super) async fn answer(
    order: Order,
    target: &Target,
    precedence: Precedence,
    power: &Power,
    requester: &Arc<Requester>,
    context: &Context,
) -> Result<HttpResponse, Problem> {
    let rehearsed = power
        .rehearse(order, target, precedence, requester, context)
        .await;
    let rehearsal = rehearsed.map_err(|error| super::absent(&target.name, error.into()))?;
    Ok(HttpResponse::Ok().json(Body::new(order, &rehearsal)))
}

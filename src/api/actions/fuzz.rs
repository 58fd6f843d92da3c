//! What has to hold of every query that comes with an order.

use std::collections::BTreeMap;

use actix_web::web::Query;
use url::form_urlencoded;

use super::Asked;
use crate::{
    azure::{Action, Order},
    config::{ResourceGroup, SubscriptionId},
    power::Precedence,
};

/// Each action that has a path, with the parameters that are its own.
const ACTIONS: [(Action, &[&str]); 6] = [
    (Action::Deallocate, &["hibernate", "force"]),
    (Action::Start, &[]),
    (Action::Restart, &[]),
    (Action::PowerOff, &["skipShutdown"]),
    (Action::Redeploy, &[]),
    (Action::Reapply, &[]),
];

/// What is to be sent, or only to be rehearsed.
type Meant = (Order, Precedence, bool);

/// No guest is passed over, put to sleep, robbed of its memory or overtaken but where the
/// query says so, once and in plain words; and what it says in vain is refused.
pub(crate) fn query(text: &str) {
    let said: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    let asked = Query::<Asked>::from_query(text).ok();
    for (action, own) in ACTIONS {
        let taken = asked.as_ref().and_then(|asked| taken(action, asked));
        assert_eq!(taken, meant(action, own, &said), "{action:?} {said:?}");
    }
}

fn taken(action: Action, asked: &Asked) -> Option<Meant> {
    let order = match action {
        Action::Deallocate => asked.deallocation(),
        Action::PowerOff => asked.power_off(),
        action => asked.plain(action),
    };
    asked.narrowing().ok()?;
    Some((
        order.ok()?,
        asked.precedence().ok()?,
        asked.is_rehearsal().ok()?,
    ))
}

/// The same by the contract.
fn meant(action: Action, own: &[&str], said: &[(String, String)]) -> Option<Meant> {
    let given: BTreeMap<_, _> = said
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let fits = |(name, value): (&&str, &&str)| match *name {
        "subscriptionId" => value.parse::<SubscriptionId>().is_ok(),
        "resourceGroup" => value.parse::<ResourceGroup>().is_ok(),
        name => {
            let is_known = own.contains(&name) || ["supersede", "dryRun"].contains(&name);
            is_known && ["true", "false"].contains(value)
        }
    };
    let is_so = |name: &str| given.get(name) == Some(&"true");
    let is_forced = is_so("force") || is_so("skipShutdown");
    let is_contradiction = is_forced && is_so("hibernate");
    if given.len() != said.len() || !given.iter().all(fits) || is_contradiction {
        return None;
    }
    let order = match (is_forced, is_so("hibernate")) {
        (true, _) => Order::forced(action),
        (false, true) => Order::graceful(Action::Hibernate),
        (false, false) => Order::graceful(action),
    };
    let order = if given.get("hibernate") == Some(&"false") {
        order.discarding()
    } else {
        order
    };
    let precedence = if is_so("supersede") {
        Precedence::Supersede
    } else {
        Precedence::Wait
    };
    Some((order, precedence, is_so("dryRun")))
}

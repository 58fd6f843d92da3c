//! The rows of the conformance table of token endpoints, by their names: P for
//! answers, E for refusals, T for retries, C for the cache.

mod answers;
mod refusals;
mod retries;
mod sharing;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::gateway::Gateway;

fn azure() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

/// A gateway without an id whose endpoint answers so, always.
fn before(fault: Fault) -> Gateway {
    let azure = azure();
    azure.inject(Service::Token, fault, Times::Always);
    Gateway::before(azure, Host::ContainerApp, &[("AZURE_CLIENT_ID", "")])
}

/// How the token for Resource Manager stands once an attempt has ended.
async fn standing(gateway: &Gateway) -> Value {
    let ended = |answer: &crate::answer::Answer| {
        let token = answer.json()["tokens"][0].clone();
        (token["state"] != "absent" || token.get("lastFailure").is_some()).then_some(token)
    };
    gateway.until("/identity", ended).await
}

/// The code of the failure; panics where a token was taken.
async fn failure(gateway: &Gateway) -> String {
    let token = standing(gateway).await;
    assert_eq!(token["state"], "absent", "{token}");
    token["lastFailure"]["code"].as_str().unwrap().to_owned()
}

//! Orders and operations, as tests speak of them.

use serde_json::Value;

use crate::gateway::Gateway;

/// Orders `action` of the virtual machine `name`; returns where to ask.
pub(crate) async fn ordered(gateway: &Gateway, name: &str, action: &str) -> String {
    let answer = gateway.post(&format!("/vms/{name}/{action}")).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

/// The operation at `place` once it has ended.
pub(crate) async fn ended(gateway: &Gateway, place: &str) -> Value {
    let has_ended = |operation: &Value| operation["status"] != "InProgress";
    gateway
        .until(place, |answer| Some(answer.json()).filter(has_ended))
        .await
}

//! Orders and operations, as tests speak of them.

use serde_json::Value;

use crate::{answer::Answer, gateway::Gateway};

/// Has the gateway take changes of tags and size.
pub(crate) const CHANGES: (&str, &str) = ("MIG_VM_UPDATE", "on");

/// Orders `action` of the virtual machine `name`; returns where to ask.
pub(crate) async fn ordered(gateway: &Gateway, name: &str, action: &str) -> String {
    let answer = gateway.post(&format!("/vms/{name}/{action}")).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

/// Sends the change `body` of web-01, with `headers` of its own.
pub(crate) async fn patched(gateway: &Gateway, headers: &[(&str, &str)], body: &str) -> Answer {
    patched_at(gateway, "/vms/web-01", headers, body).await
}

/// The same, of the machine at `path`.
pub(crate) async fn patched_at(
    gateway: &Gateway,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let json = [("content-type", "application/json")];
    let headers: Vec<_> = json.iter().chain(headers).copied().collect();
    let (api, body) = (gateway.api, body.as_bytes().to_vec());
    gateway.send("PATCH", api, path, &headers, body).await
}

/// The operation at `place` once it has ended.
pub(crate) async fn ended(gateway: &Gateway, place: &str) -> Value {
    let has_ended = |operation: &Value| operation["status"] != "InProgress";
    gateway
        .until(place, |answer| Some(answer.json()).filter(has_ended))
        .await
}

//! The verbs of the typed handle that are about Graph, over HTTP.

use azure_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    client::{Answer, GRAPH, claims, sandbox, send},
    directory::{found, pages, users},
};

#[test]
fn roles_can_be_granted() {
    let azure = sandbox();

    for (roles, told, status) in [
        ("none", Value::Null, 403),
        ("basicRefused", json!(["User.ReadBasic.All"]), 403),
        ("basicHidden", json!(["User.ReadBasic.All"]), 200),
        ("readAll", json!(["User.Read.All"]), 200),
    ] {
        let granted = put(&azure, "roles", &json!({ "appRoles": roles }));

        assert_eq!(granted.status, 200, "{}", granted.body);
        assert_eq!(claims(&azure.mint(GRAPH))["roles"], told, "{roles}");
        assert_eq!(users(&azure, "").status, status, "{roles}");
    }
}

#[test]
fn pages_can_be_made_to_come_empty() {
    let azure = sandbox();

    let accepted = put(&azure, "emptyPages", &json!({"pages": 1}));

    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let pages = pages(&azure, "$top=999");
    let sizes: Vec<_> = pages.iter().map(|page| found(page).len()).collect();
    assert_eq!(sizes, [0, 999, 0, 999, 0, 2]);
}

#[test]
fn what_is_not_understood_changes_nothing() {
    let azure = sandbox();

    for (verb, body) in [
        ("roles", json!({"appRoles": "all"})),
        ("roles", json!({"roles": "none"})),
        ("emptyPages", json!({"pages": -1})),
        ("emptyPages", json!({})),
    ] {
        let answer = put(&azure, verb, &body);
        assert_eq!(answer.status, 400, "{verb} {body}");
        assert_ne!(answer.text("/message"), "");
    }
    assert_eq!(found(&users(&azure, "")).len(), 100);
}

fn put(azure: &Sandbox, verb: &str, body: &Value) -> Answer {
    let url = format!("{}/sandbox/graph/{verb}", azure.url());
    send("PUT", &url, &[], &body.to_string()).unwrap()
}

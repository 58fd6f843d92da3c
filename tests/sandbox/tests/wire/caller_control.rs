//! Tokens of callers, over HTTP.

use azure_sandbox::{Caller, Sandbox};
use serde_json::{Value, json};

use crate::{
    client::{Answer, claims, post, sandbox},
    issuer::{V1, V2, verify},
};

#[test]
fn a_token_of_the_operator_can_be_had_without_a_word() {
    let azure = sandbox();

    let token = asked(&azure, "").text("/token");

    let said = verify(&azure, &token, V2).unwrap();
    assert_eq!(said["oid"], json!(Caller::operator().object_id));
}

#[test]
fn what_is_asked_for_is_said_and_all_else_as_by_default() {
    let azure = sandbox();

    let token = asked(&azure, r#"{"roles": ["Vm.Operate"]}"#).text("/token");

    let said = verify(&azure, &token, V2).unwrap();
    assert_eq!(said["roles"], json!(["Vm.Operate"]));
}

#[test]
fn callers_are_asked_for_by_name() {
    let azure = sandbox();
    for (name, caller) in [
        (json!("reader"), Caller::reader()),
        (json!("person"), Caller::person()),
        (json!("stranger"), Caller::stranger()),
        (json!({"app": "backup"}), Caller::app("backup")),
        (json!({"user": "george"}), Caller::user("george")),
    ] {
        let body = json!({ "caller": name }).to_string();
        let said = claims(&asked(&azure, &body).text("/token"));

        let ids = json!([caller.tenant, caller.object_id, caller.client_id]);
        assert_eq!(
            json!([said["tid"], said["oid"], said["azp"]]),
            ids,
            "{name}"
        );
    }
}

#[test]
fn everything_can_be_asked_for() {
    let azure = sandbox();
    let body = json!({
        "version": "1.0",
        "caller": "person",
        "audience": "https://graph.microsoft.com",
        "scope": "User.Read",
        "issuedIn": -7200,
        "validIn": -7200,
        "expiresIn": -60,
        "claims": {"tid": null},
        "header": {"kid": "a"},
        "signedBy": "hmac",
        "shape": {"oversizedClaims": 9000},
    });

    let token = asked(&azure, &body.to_string()).text("/token");

    let said = claims(&token);
    assert_eq!(said["aud"], "https://graph.microsoft.com");
    assert_eq!(said["scp"], "User.Read");
    assert_eq!(said["tid"], Value::Null);
    assert_eq!(said["ver"], "1.0");
    assert!(token.len() > 12_000);
    assert!(verify(&azure, &token, V1).is_err());
}

#[test]
fn what_is_not_understood_is_told() {
    let azure = sandbox();
    for (body, hint) in [
        (r#"{"role": []}"#, "`roles`"),
        (r#"{"caller": "newman"}"#, "`operator`"),
        (r#"{"signedBy": "hand"}"#, "`unpublished`"),
    ] {
        let answer = asked(&azure, body);

        assert_eq!(answer.status, 400, "{body}");
        let message = answer.text("/message");
        assert!(message.contains(hint), "{body}: {message}");
    }
}

fn asked(azure: &Sandbox, body: &str) -> Answer {
    post(&format!("{}/sandbox/callers/token", azure.url()), &[], body)
}

//! Keys that change, and issuers that cannot be reached.

use azure_sandbox::{CallerToken, Fault, Service, SignedBy, Times};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::json;

use super::bearer::{called, entra, get, key_fetches};

fn signed_by(signed_by: SignedBy) -> CallerToken {
    CallerToken {
        signed_by,
        ..CallerToken::default()
    }
}

/// `token`, which then names another key; its signature is not looked at without.
fn with_key(token: &str, id: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = json!({"alg": "RS256", "kid": id}).to_string();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

#[actix_web::test]
async fn nobody_is_turned_away_while_keys_roll_over() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let early = gateway.azure.caller_token(&CallerToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &early).await.status, 200);
    gateway.azure.publish_next_key();
    gateway.azure.rotate_signing_keys();
    let late: Vec<_> = (0..32)
        .map(|_| gateway.azure.caller_token(&CallerToken::default()))
        .collect();
    let tokens = late.iter().chain(std::iter::repeat_n(&early, 32));
    let calls = tokens.map(|token| get(&gateway, "/identity", token));
    for answer in join_all(calls).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(key_fetches(&gateway), 2);
}

#[actix_web::test]
async fn keys_that_are_replaced_are_no_longer_believed() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let old = gateway.azure.caller_token(&CallerToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &old).await.status, 200);
    gateway.azure.replace_signing_keys();
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let answer = get(&gateway, "/vms/web-01", &old).await;
    assert_eq!(
        answer.status, 401,
        "a token that was proven by the old keys"
    );
    assert_eq!(called(&gateway, &signed_by(SignedBy::Retired)).await, 401);
}

#[actix_web::test]
async fn a_flood_of_unknown_keys_is_not_passed_on() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let before = key_fetches(&gateway);
    let good = gateway.azure.caller_token(&CallerToken::default());
    for burst in 0..8 {
        let tokens: Vec<_> = (0..64)
            .map(|number| with_key(&good, &format!("{burst}-{number}")))
            .collect();
        let calls = tokens
            .iter()
            .map(|token| get(&gateway, "/vms/web-01", token));
        for answer in join_all(calls).await {
            assert_eq!(answer.status, 401);
        }
    }
    assert_eq!(key_fetches(&gateway), before + 1);
    assert_eq!(get(&gateway, "/vms/web-01", &good).await.status, 200);
    let refused = r#"authentications_total{outcome="unknown_key"}"#;
    assert!((gateway.metric(refused).await - 512.0).abs() < f64::EPSILON);
}

#[actix_web::test]
async fn known_keys_outlast_an_issuer_that_fails() {
    let gateway = entra(&[]);
    gateway.ready().await;
    gateway
        .azure
        .inject(Service::Keys, Fault::answer(500, "{}"), Times::Always);
    let unknown = signed_by(SignedBy::Unpublished);
    assert_eq!(called(&gateway, &unknown).await, 401);
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let failed = r#"signing_key_fetches_total{outcome="unreachable",source="entra_v2"}"#;
    assert!((gateway.metric(failed).await - 1.0).abs() < f64::EPSILON);
}

#[actix_web::test]
async fn without_keys_nobody_is_let_in_and_the_gateway_is_not_ready() {
    let azure = azure_sandbox::Sandbox::start(azure_sandbox::Settings::default()).unwrap();
    azure.inject(Service::Keys, Fault::answer(200, "{}"), Times::Always);
    let gateway = super::bearer::before(std::rc::Rc::new(azure), "entra", &[]);
    let invalid = r#"signing_key_fetches_total{outcome="invalid",source="entra_v2"}"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(invalid).then_some(())
        })
        .await;
    let answer = gateway.admin("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("keys:entra_v2"), "{}", answer.text());
    let token = gateway.azure.caller_token(&CallerToken::default());
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(answer.header("retry-after").is_some());
    gateway.azure.clear(Service::Keys);
    gateway.ready().await;
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
}

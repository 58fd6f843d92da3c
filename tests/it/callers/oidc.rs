//! Callers with tokens of another issuer: here, of the cluster.

use std::rc::Rc;

use azure_sandbox::{CallerToken, Sandbox, Service, ServiceAccountToken, Settings};
use serde_json::{Value, json};

use super::bearer::{before, called, get};
use crate::output::captured;

#[actix_web::test]
async fn a_service_account_is_known_by_the_keys_of_its_cluster() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "oidc", &[]);
    gateway.ready().await;
    let token = ServiceAccountToken::of("ops", "robot");
    let token = gateway.azure.service_account_token(&token);
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
    assert!(gateway.azure.requests(Service::TokenReview).is_empty());
}

#[actix_web::test]
async fn who_asked_is_in_the_log() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "oidc", &[]);
    gateway.ready().await;
    let token = ServiceAccountToken::of("ops", "robot-in-the-log");
    let token = gateway.azure.service_account_token(&token);
    get(&gateway, "/vms/web-01", &token).await;
    let caller = "system:serviceaccount:ops:robot-in-the-log";
    let log = captured();
    let mut lines = log.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "request answered" && line["caller"] == caller).then_some(line)
    });
    assert_eq!(lines.next().unwrap()["http.status"], 200);
}

#[actix_web::test]
async fn what_only_entra_id_means_something_by_is_left_to_other_issuers() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "entra,oidc", &[]);
    gateway.ready().await;
    // Okta's tokens have a number there.
    for version in [json!(1), json!("1"), json!(null), json!({"a": []})] {
        let token = gateway.azure.service_account_token(&ServiceAccountToken {
            claims: json!({"ver": version}),
            ..ServiceAccountToken::default()
        });
        let answer = get(&gateway, "/vms/web-01", &token).await;
        assert_eq!(answer.status, 200, "{version}: {}", answer.text());
    }
}

#[actix_web::test]
async fn the_issuer_of_a_token_chooses_among_several_methods() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "entra,oidc,kubernetes", &[]);
    gateway.ready().await;
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
    let foreign = gateway.azure.service_account_token(&ServiceAccountToken {
        issuer: Some("https://issuer.example".to_owned()),
        ..ServiceAccountToken::default()
    });
    assert_eq!(get(&gateway, "/vms/web-01", &foreign).await.status, 401);
}

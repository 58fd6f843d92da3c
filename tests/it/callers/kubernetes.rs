//! Callers whose tokens the cluster reviews.

use std::rc::Rc;

use azure_sandbox::{Fault, Sandbox, Service, ServiceAccountToken, Settings, Times};
use futures_util::future::join_all;

use super::bearer::{before, get};
use crate::{answer::Answer, gateway::Gateway};

async fn reviewing() -> Gateway {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "kubernetes", &[]);
    gateway.ready().await;
    gateway
}

fn reviews(gateway: &Gateway) -> usize {
    gateway.azure.requests(Service::TokenReview).len()
}

#[actix_web::test]
async fn callers_who_come_together_have_their_token_reviewed_once() {
    let gateway = reviewing().await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    let calls = (0..16).map(|_| get(&gateway, "/identity", &token));
    for answer in join_all(calls).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(reviews(&gateway), 1);
}

#[actix_web::test]
async fn a_token_of_a_pod_that_is_gone_is_not_valid() {
    let gateway = reviewing().await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::of("ops", "robot"));
    gateway.azure.delete_pod("ops", "robot-0");
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "unauthenticated")
    );
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 401);
    assert_eq!(reviews(&gateway), 1, "a refusal is remembered, too");
}

#[actix_web::test]
async fn what_is_not_for_the_gateway_is_not_sent_to_the_cluster() {
    let gateway = reviewing().await;
    for token in [
        ServiceAccountToken {
            audiences: vec!["https://kubernetes.default.svc".to_owned()],
            ..ServiceAccountToken::default()
        },
        ServiceAccountToken {
            issuer: Some("https://issuer.example".to_owned()),
            ..ServiceAccountToken::default()
        },
        ServiceAccountToken {
            expires_in: -90,
            ..ServiceAccountToken::default()
        },
    ] {
        let token = gateway.azure.service_account_token(&token);
        assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 401);
    }
    assert_eq!(reviews(&gateway), 0);
}

#[actix_web::test]
async fn a_cluster_that_does_not_answer_is_no_proof_against_the_token() {
    let gateway = reviewing().await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    let fault = Fault::answer(403, "{}");
    gateway
        .azure
        .inject(Service::TokenReview, fault, Times::Always);
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    gateway.azure.clear(Service::TokenReview);
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
}

#[actix_web::test]
async fn the_own_cluster_reviews_its_tokens_though_its_keys_would_prove_them() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "oidc,kubernetes", &[]);
    gateway.ready().await;
    let token = |name| {
        let account = ServiceAccountToken::of("ops", name);
        gateway.azure.service_account_token(&account)
    };
    let (alive, gone) = (token("robot"), token("gone"));
    assert_eq!(get(&gateway, "/vms/web-01", &alive).await.status, 200);
    gateway.azure.delete_pod("ops", "gone-0");
    assert_eq!(get(&gateway, "/vms/web-01", &gone).await.status, 401);
    assert_eq!(reviews(&gateway), 2);
}

#[actix_web::test]
async fn no_keys_stand_in_for_a_review_while_the_own_cluster_is_not_known() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let vars = [("MIG_KUBERNETES_TOKEN_FILE", "/nowhere/token")];
    let gateway = before(azure, "oidc,kubernetes", &vars);
    let has_keys = |answer: &Answer| answer.text().contains("keys of http").then_some(());
    gateway.until("/readyz", has_keys).await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 503);
    let unreviewed = "authentications_total{outcome=\"no_review\"}";
    assert_eq!(gateway.metric(unreviewed).await, 1.0);
}

#[actix_web::test]
async fn a_cluster_that_does_not_answer_is_no_proof_against_the_token() {
    let gateway = reviewing().await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    let fault = Fault::answer(403, "{}");
    gateway
        .azure
        .inject(Service::TokenReview, fault, Times::Always);
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    gateway.azure.clear(Service::TokenReview);
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
}

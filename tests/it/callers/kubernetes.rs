//! Callers whose tokens the cluster reviews.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle, time};
use azure_sandbox::{Fault, Sandbox, Service, ServiceAccountToken, Settings, Times};
use futures_util::future::join_all;
use serde_json::json;

use super::bearer::{before, get};
use crate::{answer::Answer, gateway::Gateway};

/// How many tokens an instance has reviewed at a time.
const AT_ONCE: usize = 48;

pub(super) async fn reviewing(vars: &[(&str, &str)]) -> Gateway {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "kubernetes", vars);
    gateway.ready().await;
    gateway
}

pub(super) fn reviews(gateway: &Gateway) -> usize {
    gateway.azure.requests(Service::TokenReview).len()
}

#[actix_web::test]
async fn callers_who_come_together_have_their_token_reviewed_once() {
    let gateway = reviewing(&[]).await;
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
    let gateway = reviewing(&[]).await;
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
async fn a_pod_that_ends_is_believed_for_seconds_at_most() {
    let gateway = reviewing(&[]).await;
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::of("ops", "robot"));
    assert_eq!(get(&gateway, "/identity", &token).await.status, 200);
    gateway.azure.delete_pod("ops", "robot-0");

    let deadline = Instant::now() + Duration::from_secs(20);
    let mut ticks = time::interval(Duration::from_millis(200));
    let refused = loop {
        ticks.tick().await;
        let answer = get(&gateway, "/identity", &token).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(Instant::now() < deadline, "it is believed still");
    };

    let told = (refused.status, refused.code());
    assert_eq!(told, (401, "unauthenticated".to_owned()));
    assert_eq!(reviews(&gateway), 2);
}

#[actix_web::test]
async fn what_is_not_for_the_gateway_is_not_sent_to_the_cluster() {
    let gateway = reviewing(&[]).await;
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
        ServiceAccountToken {
            header: json!({"alg": "none"}),
            ..ServiceAccountToken::default()
        },
        ServiceAccountToken {
            header: json!({"alg": "HS256"}),
            ..ServiceAccountToken::default()
        },
        ServiceAccountToken {
            claims: json!({"sub": "system:node:aks-1"}),
            ..ServiceAccountToken::default()
        },
        ServiceAccountToken {
            claims: json!({"sub": null}),
            ..ServiceAccountToken::default()
        },
    ] {
        let token = gateway.azure.service_account_token(&token);
        assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 401);
    }
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    let answer = get(&gateway, "/vms/web-01", &format!("{unsigned}.")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(reviews(&gateway), 0);
}

/// The statuses of calls that come together, each with a token of its own.
pub(super) fn calls(gateway: &Rc<Gateway>, count: usize) -> Vec<JoinHandle<u16>> {
    let calls = (0..count).map(|number| {
        let account = ServiceAccountToken::of("ops", &format!("robot-{number}"));
        let token = gateway.azure.service_account_token(&account);
        let gateway = Rc::clone(gateway);
        rt::spawn(async move { get(&gateway, "/identity", &token).await.status })
    });
    calls.collect()
}

#[actix_web::test]
async fn who_comes_while_as_many_are_reviewed_as_may_be_waits_for_a_turn() {
    let gateway = Rc::new(reviewing(&[]).await);
    let hold = gateway.azure.hold(Service::TokenReview);
    let calls = calls(&gateway, AT_ONCE + 8);
    // Whoever asks for it is in it.
    let all = format!("http_requests_in_flight {}", AT_ONCE + 8 + 1);
    let are_there = |answer: &Answer| answer.text().contains(&all).then_some(());
    gateway.until("/metrics", are_there).await;
    hold.arrived(AT_ONCE).await;
    assert_eq!(reviews(&gateway), AT_ONCE);
    hold.release();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
}

#[actix_web::test]
async fn nobody_waits_for_a_turn_for_ever() {
    let gateway = Rc::new(reviewing(&[]).await);
    let hold = gateway.azure.hold(Service::TokenReview);
    let calls = calls(&gateway, AT_ONCE);
    hold.arrived(AT_ONCE).await;
    let late = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    assert_eq!(get(&gateway, "/identity", &late).await.status, 503);
    hold.release();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
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
    assert!(gateway.metric(unreviewed).await > 0.0);
}

#[actix_web::test]
async fn a_cluster_that_does_not_answer_is_no_proof_against_the_token() {
    let gateway = reviewing(&[]).await;
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
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the cluster does not say"), "{detail}");
    gateway.azure.clear(Service::TokenReview);
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
}

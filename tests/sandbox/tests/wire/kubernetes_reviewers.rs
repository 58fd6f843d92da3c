//! Who may have tokens reviewed, and where.

use std::fs;

use azure_sandbox::{Fault, KUBERNETES_AUDIENCE, Service, ServiceAccountToken, Times};
use serde_json::json;

use crate::{
    client::{claims, get, post, sandbox},
    reviewer::{object, own, review, reviews, variables},
};

#[test]
fn only_who_is_known_may_ask_and_only_the_gateways_account() {
    let azure = sandbox();
    let body = object("token", &[]).to_string();
    let api = vec![azure.kubernetes_url()];
    let other = azure.service_account_token(&ServiceAccountToken {
        audiences: api.clone(),
        ..ServiceAccountToken::of("web", "shop")
    });
    let callers = azure.service_account_token(&ServiceAccountToken::of("mi-gateway", "mi-gateway"));
    for (header, status, message) in [
        (None, 401, "Unauthorized"),
        (Some("Bearer nonsense".to_owned()), 401, "Unauthorized"),
        (Some(format!("Bearer {callers}")), 401, "Unauthorized"),
        (
            Some(format!("Bearer {other}")),
            403,
            "tokenreviews.authentication.k8s.io is forbidden: User \
             \"system:serviceaccount:web:shop\" cannot create resource \"tokenreviews\" in API \
             group \"authentication.k8s.io\" at the cluster scope",
        ),
    ] {
        let headers: Vec<_> = header
            .iter()
            .map(|it| ("Authorization", it.as_str()))
            .collect();
        let answer = post(&reviews(&azure), &headers, &body);

        assert_eq!(answer.status, status);
        assert_eq!(answer.text("/kind"), "Status");
        assert_eq!(answer.text("/message"), message);
        assert_eq!(answer.json()["code"], status);
    }
}

#[test]
fn what_is_no_review_is_refused() {
    let azure = sandbox();
    let authorization = own(&azure);
    let headers = [("Authorization", authorization.as_str())];
    for body in [
        "{".to_owned(),
        object("", &[]).to_string(),
        json!({"kind": "SubjectAccessReview", "spec": {"token": "a"}}).to_string(),
    ] {
        let answer = post(&reviews(&azure), &headers, &body);

        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.text("/reason"), "BadRequest");
    }
    let answer = get(&reviews(&azure), &headers);
    assert_eq!(answer.status, 405);
    assert_eq!(answer.text("/reason"), "MethodNotAllowed");
}

#[test]
fn reviews_fail_and_count_by_themselves() {
    let azure = sandbox();
    azure.inject(
        Service::TokenReview,
        Fault::Throttle { retry_after: 1 },
        Times::Next(1),
    );

    let throttled = review(&azure, "token", &[]);
    review(&azure, "token", &[]);

    assert_eq!(throttled.status, 429);
    assert_eq!(throttled.header("retry-after"), Some("1"));
    assert!(throttled.body.starts_with("Too many requests"));
    assert_eq!(azure.requests(Service::TokenReview).len(), 2);
    assert!(azure.requests(Service::Keys).is_empty());
    assert!(azure.unexpected().is_empty());
}

#[test]
fn the_files_of_the_gateways_pod_are_those_of_its_account() {
    let azure = sandbox();
    let variables = variables(&azure);
    let file = |name: &str| fs::read_to_string(&variables[name]).unwrap();
    assert_eq!(variables["MIG_KUBERNETES_ENDPOINT"], azure.url());
    assert_eq!(
        file("MIG_KUBERNETES_CA_FILE"),
        fs::read_to_string(azure.ca_file()).unwrap()
    );
    let said = claims(&file("MIG_KUBERNETES_TOKEN_FILE"));
    assert_eq!(said["sub"], "system:serviceaccount:mi-gateway:mi-gateway");
    assert_eq!(said["aud"], json!([azure.kubernetes_url()]));
    assert!(azure.secrets().contains(&file("MIG_KUBERNETES_TOKEN_FILE")));
}

#[test]
fn a_review_is_to_be_had_at_the_root_too() {
    let azure = sandbox();
    let token = azure.service_account_token(&ServiceAccountToken::default());
    let url = format!("{}/apis/authentication.k8s.io/v1/tokenreviews", azure.url());
    let authorization = own(&azure);
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
    ];
    let body = object(&token, &[KUBERNETES_AUDIENCE]).to_string();

    let answer = post(&url, &headers, &body).json();

    assert_eq!(answer["status"]["authenticated"], true);
    assert!(azure.unexpected().is_empty());
}

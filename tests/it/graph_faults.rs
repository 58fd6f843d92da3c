//! What callers are told when Graph refuses, fails or answers oddly.

use azure_sandbox::{Fault, Sandbox, Service, Settings, Times};

use crate::gateway::Gateway;

const RESEARCH: &str = "/directory/users?department=R%26D";

#[actix_web::test]
async fn a_page_that_is_cut_short_is_an_error_and_no_shorter_list() {
    let gateway = Gateway::start();
    gateway.proven().await;
    gateway
        .azure
        .inject(Service::Graph, Fault::Truncate, Times::Always);
    let answer = gateway.get(RESEARCH).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_failed")
    );
}

#[actix_web::test]
async fn a_body_that_is_no_page_is_an_error() {
    let gateway = Gateway::start();
    gateway.proven().await;
    for body in [
        "",
        "{}",
        "<html>",
        r#"{"value":{}}"#,
        r#"{"value":[{"id":"1"}"#,
    ] {
        gateway
            .azure
            .inject(Service::Graph, Fault::answer(200, body), Times::Next(1));
        let answer = gateway.get(RESEARCH).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed"),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn a_next_link_that_leads_elsewhere_gets_no_token() {
    let elsewhere = Sandbox::start(Settings::default()).unwrap();
    let gateway = Gateway::start();
    gateway.proven().await;
    let link = format!("{}/v1.0/users?$skiptoken=x", elsewhere.url());
    let body = format!(r#"{{"value":[],"@odata.nextLink":"{link}"}}"#);
    gateway
        .azure
        .inject(Service::Graph, Fault::answer(200, &body), Times::Next(1));
    let answer = gateway.get(RESEARCH).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_failed")
    );
    assert!(elsewhere.requests(Service::Graph).is_empty());
}

#[actix_web::test]
async fn a_missing_permission_is_told_with_its_remedy() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient"}}"#;
    gateway
        .azure
        .inject(Service::Graph, Fault::answer(403, body), Times::Always);
    let answer = gateway.get(RESEARCH).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_refused")
    );
    assert!(answer.text().contains("User.Read.All"));
}

#[actix_web::test]
async fn throttling_is_waited_for_when_it_is_short_and_passed_on_when_it_is_not() {
    let gateway = Gateway::with(&[
        ("MIG_DIRECTORY_MAX_AGE", "0s"),
        ("MIG_DIRECTORY_STALE_IF_ERROR", "0s"),
    ]);
    gateway.proven().await;
    let pause = Fault::Throttle { retry_after: 1 };
    gateway.azure.inject(Service::Graph, pause, Times::Next(1));
    assert_eq!(gateway.get(RESEARCH).await.status, 200);
    gateway.azure.inject(
        Service::Graph,
        Fault::Throttle { retry_after: 90 },
        Times::Next(1),
    );
    let answer = gateway.get(RESEARCH).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
    assert_eq!(answer.header("retry-after"), Some("90"));
}

#[actix_web::test]
async fn a_connection_that_breaks_is_met_with_another_try() {
    for fault in [Fault::Reset, Fault::Close, Fault::Truncate] {
        let gateway = Gateway::start();
        gateway.proven().await;
        gateway.azure.inject(Service::Graph, fault, Times::Next(1));
        assert_eq!(gateway.get(RESEARCH).await.status, 200);
        assert_eq!(gateway.listings().len(), 2);
    }
}

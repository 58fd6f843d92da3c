//! What callers are told when Resource Manager refuses, fails or is silent.

use std::time::Duration;

use azure_sandbox::{Fault, Service, Times};

use crate::gateway::Gateway;

const DEALLOCATE: &str = "/vms/web-01/deallocate";

/// The longest body that the gateway accepts of Azure.
const BODY_LIMIT: usize = 8 << 20;

#[actix_web::test]
async fn a_missing_permission_is_told_with_its_remedy() {
    let gateway = Gateway::start();
    let body = r#"{"error":{"code":"AuthorizationFailed","message":"The client 'me' does not"}}"#;
    gateway
        .azure
        .inject(Service::Actions, Fault::answer(403, body), Times::Always);
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_refused")
    );
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("Microsoft.Compute/virtualMachines/deallocate/action"),
        "{detail}"
    );
    assert_eq!(problem["upstream"]["code"], "AuthorizationFailed");
    assert!(problem["upstream"]["message"].is_null());
}

#[actix_web::test]
async fn a_conflict_is_passed_on_in_azures_words() {
    let gateway = Gateway::start();
    let body = r#"{"error":{"code":"Conflict","message":"a concurrent request"}}"#;
    gateway
        .azure
        .inject(Service::Actions, Fault::answer(409, body), Times::Always);
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert_eq!(answer.json()["detail"], "a concurrent request");
}

#[actix_web::test]
async fn throttling_is_passed_on_with_its_pause() {
    let gateway = Gateway::start();
    let fault = Fault::Throttle { retry_after: 1200 };
    gateway
        .azure
        .inject(Service::VirtualMachines, fault, Times::Always);
    for answer in [
        gateway.post(DEALLOCATE).await,
        gateway.get("/vms/web-01").await,
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
        assert_eq!(answer.header("retry-after"), Some("1200"));
        assert_eq!(answer.json()["upstream"]["code"], "OperationNotAllowed");
    }
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 2);
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_read_is_repeated_when_azure_fails_and_an_order_is_not() {
    let gateway = Gateway::start();
    let fault = Fault::answer(503, r#"{"error":{"code":"ServerBusy","message":"busy"}}"#);
    gateway
        .azure
        .inject(Service::VirtualMachines, fault.clone(), Times::Next(2));
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 3);
    let retries = r#"upstream_retries_total{operation="get_vm",service="arm"}"#;
    assert!((gateway.metric(retries).await - 2.0).abs() < 0.1);

    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_failed")
    );
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

#[actix_web::test]
async fn an_order_whose_answer_is_lost_is_not_sent_again() {
    for fault in [Fault::Reset, Fault::Close] {
        let gateway = Gateway::start();
        gateway
            .azure
            .inject(Service::Actions, fault, Times::Next(1));
        let answer = gateway.post(DEALLOCATE).await;
        let asked = gateway.azure.requests(Service::Actions).len();
        assert_eq!(
            (answer.status, answer.code().as_str(), asked),
            (502, "upstream_failed", 1)
        );
        assert!(answer.text().contains("broke off"), "{}", answer.text());
    }
}

#[actix_web::test]
async fn a_refusal_of_any_length_keeps_its_status() {
    let gateway = Gateway::start();
    let page = format!("<html>{}</html>", " ".repeat(BODY_LIMIT));
    for (status, told) in [(403, (502, "upstream_refused")), (404, (404, "not_found"))] {
        let fault = Fault::answer(status, &page);
        gateway
            .azure
            .inject(Service::VirtualMachines, fault, Times::Next(1));
        let answer = gateway.get("/vms/web-01").await;
        assert_eq!((answer.status, answer.code().as_str()), told);
    }
}

#[actix_web::test]
async fn an_answer_that_is_too_long_is_not_asked_for_again() {
    let gateway = Gateway::start();
    let fault = Fault::Oversize(BODY_LIMIT as u64 + 1);
    gateway
        .azure
        .inject(Service::VirtualMachines, fault, Times::Always);
    let answer = gateway.get("/vms/web-01").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_failed")
    );
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 1);
}

#[actix_web::test]
async fn an_answer_that_does_not_come_ends_in_time() {
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "300ms")]);
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "upstream_timeout")
    );
    hold.release();
}

#[actix_web::test]
async fn an_answer_that_is_cut_short_is_an_error() {
    for fault in [Fault::Truncate, Fault::TruncateChunkedAt(100)] {
        let gateway = Gateway::start();
        gateway
            .azure
            .inject(Service::VirtualMachines, fault, Times::Always);
        let answer = gateway.get("/vms/web-01").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed")
        );
    }
}

#[actix_web::test]
async fn a_read_that_is_cut_short_is_repeated() {
    let gateway = Gateway::start();
    gateway.azure.inject(
        Service::VirtualMachines,
        Fault::TruncateAt(0),
        Times::Next(1),
    );
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 2);
}

#[actix_web::test]
async fn a_pause_beyond_all_measure_is_cut_to_a_day() {
    let gateway = Gateway::start();
    let fault = Fault::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), u64::MAX.to_string())],
        body: r#"{"error":{"code":"SubscriptionRequestsThrottled","message":"M"}}"#.to_owned(),
    };
    let next = Times::Next(1);
    gateway.azure.inject(Service::VirtualMachines, fault, next);
    let answer = gateway.get("/vms/web-01").await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
    assert_eq!(answer.header("retry-after"), Some("86400"));
}

/// Headers of Azure's are as long as it likes.
#[actix_web::test]
async fn an_id_of_any_length_is_cut() {
    let mut gateway = Gateway::start();
    let long = "x".repeat(40_000);
    for status in [409, 200] {
        let headers = [
            ("x-ms-request-id", &long),
            ("x-ms-correlation-request-id", &long),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()));
        let fault = Fault::Answer {
            status,
            headers: headers.to_vec(),
            body: r#"{"error":{"code":"Conflict","message":"M"}}"#.to_owned(),
        };
        gateway
            .azure
            .inject(Service::Actions, fault, Times::Next(1));
        let answer = gateway.post(DEALLOCATE).await;
        assert_eq!(answer.status, status);
        assert!(answer.body.len() < 8_000, "{} bytes", answer.body.len());
    }
    gateway.stop();
    let outcomes = gateway.records.of_stage("outcome");
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        let id = outcome["unmapped"]["azure"]["requestId"].as_str().unwrap();
        assert!(
            long.starts_with(id) && id.len() < 8_000,
            "{} bytes",
            id.len()
        );
    }
}

/// By the contract, whether an order is carried out is open only where there is an operation.
#[actix_web::test]
async fn an_order_that_was_not_sent_for_want_of_an_answer_names_no_operation() {
    let scope = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";
    for service in [Service::VirtualMachines, Service::ResourceGraph] {
        for fault in [
            Fault::Reset,
            Fault::TruncateAt(10),
            Fault::Oversize(BODY_LIMIT as u64 + 1),
            Fault::Delay(Duration::from_mins(1)),
            Fault::answer(408, ""),
            Fault::answer(500, ""),
            Fault::answer(200, "[]"),
        ] {
            let is_waited_for = matches!(fault, Fault::Delay(_));
            let patience = if is_waited_for { "2s" } else { "10s" };
            let vars = [("MIG_SCOPES", scope), ("MIG_UPSTREAM_TIMEOUT", patience)];
            let gateway = Gateway::with(&vars);
            gateway.ready().await;
            gateway.azure.inject(service, fault.clone(), Times::Always);

            let answer = gateway.post("/vms/web-01/restart").await;

            let what = format!("{fault:?} of {service:?}: {}", answer.text());
            assert!([502, 504].contains(&answer.status), "{what}");
            assert!(answer.json()["operation"].is_null(), "{what}");
            assert!(!gateway.azure.requests(service).is_empty(), "{what}");
            assert!(
                gateway.azure.requests(Service::Actions).is_empty(),
                "{what}"
            );
        }
    }
}

//! Virtual machines.

use std::time::Duration;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::json;

use crate::gateway::Gateway;

const DEALLOCATE: &str = "/vms/web-01/deallocate";

#[actix_web::test]
async fn deallocating_is_accepted_with_a_place_to_ask() {
    let gateway = Gateway::start();
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let operation = answer.json();
    let place = format!("/operations/{}", operation["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(place.as_str()));
    assert_eq!(operation["status"], "InProgress");
    assert_eq!(operation["vm"]["name"], "web-01");
    assert_ne!(
        gateway.azure.power_state("rg-web", "web-01").as_deref(),
        Some("running")
    );
}

/// Azure's answers are not taken on trust: who mixes them up would have another machine
/// judged, or shown.
#[actix_web::test]
async fn an_answer_about_another_machine_is_none() {
    let gateway = Gateway::start();
    let seen = gateway.get("/vms/web-02").await.json();
    let other = Fault::Alter(json!({"id": seen["resourceId"], "name": "web-02"}));
    gateway
        .azure
        .inject(Service::VirtualMachines, other, Times::Always);
    for answer in [
        gateway.get("/vms/web-01").await,
        gateway.post(DEALLOCATE).await,
    ] {
        let told = (answer.status, answer.code());
        assert_eq!(told, (502, "upstream_failed".to_owned()));
        assert!(
            answer.text().contains("not understood"),
            "{}",
            answer.text()
        );
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_deallocation_is_a_look_and_an_order() {
    let gateway = Gateway::start();
    for number in 1..=3 {
        gateway
            .post(&format!("/vms/web-0{number}/deallocate"))
            .await;
    }
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 3);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 3);
}

#[actix_web::test]
async fn a_virtual_machine_is_shown_with_its_charge() {
    let azure = Sandbox::start(Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::ContainerApp, &[]);
    let machine = gateway.get("/vms/web-01").await.json();
    assert_eq!(
        (&machine["powerState"], &machine["billed"]),
        (&json!("running"), &json!(true))
    );
    gateway.post(DEALLOCATE).await;
    let machine = gateway.get("/vms/web-01").await.json();
    assert_eq!(
        (&machine["powerState"], &machine["billed"]),
        (&json!("deallocated"), &json!(false))
    );
}

#[actix_web::test]
async fn names_are_taken_in_any_case_and_shown_as_azure_has_them() {
    let gateway = Gateway::start();
    let machine = gateway.get("/vms/WEB-01").await.json();
    assert_eq!(machine["name"], "web-01");
    assert_eq!(machine["resourceGroup"], "rg-web");
}

#[actix_web::test]
async fn a_name_that_azure_does_not_know_is_not_found() {
    let gateway = Gateway::start();
    // db-01 exists, in another group.
    for name in ["nobody", "db-01"] {
        let answer = gateway.get(&format!("/vms/{name}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        assert_eq!(answer.json()["upstream"]["code"], "ResourceNotFound");
    }
}

#[actix_web::test]
async fn a_name_that_is_none_reaches_nobody() {
    let gateway = Gateway::start();
    for name in [
        "a%2Fb",
        "..%2F..",
        "%2e%2e",
        "a%00",
        "a%3Fb",
        "%EF%BC%8E",
        "a%25b",
        "-a",
        "a.",
    ] {
        let answer = gateway.get(&format!("/vms/{name}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{name}"
        );
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn an_unknown_parameter_is_refused_and_not_overlooked() {
    let gateway = Gateway::start();
    let answer = gateway.post("/vms/web-01/deallocate?hibernat=true").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request")
    );
    assert!(answer.text().contains("hibernat"));
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_pause_that_azure_asks_for_is_passed_on_whatever_the_refusal() {
    let gateway = Gateway::start();
    let fault = Fault::Answer {
        status: 503,
        headers: vec![("retry-after".to_owned(), "700".to_owned())],
        body: String::new(),
    };
    gateway
        .azure
        .inject(Service::VirtualMachines, fault, Times::Always);

    let answer = gateway.post(DEALLOCATE).await;

    assert_eq!(answer.status, 502);
    assert_eq!(answer.header("retry-after"), Some("700"));
}

#[actix_web::test]
async fn on_a_virtual_machine_its_own_group_is_the_scope() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let gateway = Gateway::before(azure, Host::Vm, &[]);
    for _ in 0..3 {
        assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    }
    assert_eq!(gateway.azure.requests(Service::Instance).len(), 1);
}

#[actix_web::test]
async fn without_a_scope_the_remedy_is_named() {
    let gateway = Gateway::with(&[("MIG_SCOPES", "")]);
    let answer = gateway.get("/vms/web-01").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(answer.text().contains("MIG_SCOPES"));
}

#[actix_web::test]
async fn calls_carry_the_trace_and_azures_correlation_ids() {
    let gateway = Gateway::start();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str())];
    gateway
        .send("GET", gateway.api, "/vms/web-01", &headers, Vec::new())
        .await;
    let call = gateway.azure.requests(Service::VirtualMachines).remove(0);
    let sent = call.header("traceparent").unwrap();
    assert!(sent.contains(trace) && sent != parent);
    for name in ["x-ms-correlation-request-id", "x-ms-client-request-id"] {
        let id = call.header(name).unwrap_or_default();
        assert_eq!(id.replace('-', ""), trace, "{name}");
    }
    assert!(call.header("x-forwarded-for").is_none());
}

#[actix_web::test]
async fn a_place_that_was_remembered_is_looked_up_again_where_azure_finds_nothing() {
    let both = "/subscriptions/5ab1e000-0000-4000-8000-000000000001 \
                /subscriptions/5ab1e000-0000-4000-8000-000000000002";
    let gateway = Gateway::with(&[("MIG_SCOPES", both)]);
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    let gone = Fault::answer(
        404,
        r#"{"error":{"code":"ResourceNotFound","message":"M"}}"#,
    );
    gateway
        .azure
        .inject(Service::VirtualMachines, gone, Times::Next(1));

    let answer = gateway.post(DEALLOCATE).await;

    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(gateway.azure.requests(Service::ResourceGraph).len(), 2);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

//! How the identity endpoints are asked, and what they are not told.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Identity, Sandbox, Service, Settings, Times};

use crate::{gateway::Gateway, nobody::Nobody};

const MACHINE: &str = "/vms/web-01";

fn azure() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

#[actix_web::test]
async fn r1_r2_every_kind_of_id_is_spelt_as_the_source_wants_it() {
    let own = Identity::gateway();
    for (host, variable, id, parameter) in [
        (Host::Vm, "AZURE_CLIENT_ID", &own.client_id, "&client_id="),
        (
            Host::Vm,
            "MIG_IDENTITY_OBJECT_ID",
            &own.object_id,
            "&object_id=",
        ),
        (
            Host::Vm,
            "MIG_IDENTITY_RESOURCE_ID",
            &own.resource_id,
            "&msi_res_id=",
        ),
        (
            Host::ContainerApp,
            "AZURE_CLIENT_ID",
            &own.client_id,
            "&client_id=",
        ),
        (
            Host::ContainerApp,
            "MIG_IDENTITY_OBJECT_ID",
            &own.object_id,
            "&principal_id=",
        ),
        (
            Host::ContainerApp,
            "MIG_IDENTITY_RESOURCE_ID",
            &own.resource_id,
            "&mi_res_id=",
        ),
    ] {
        let vars = [("AZURE_CLIENT_ID", ""), (variable, id.as_str())];
        let gateway = Gateway::before(azure(), host, &vars);
        assert_eq!(gateway.get(MACHINE).await.status, 200, "{variable}");
        let request = gateway.token_requests("management").remove(0);
        assert_eq!(
            request.query.matches(parameter).count(),
            1,
            "{}",
            request.query
        );
    }
}

#[actix_web::test]
async fn without_an_id_the_system_assigned_identity_is_meant() {
    for host in [Host::Vm, Host::ContainerApp] {
        let gateway = Gateway::before(azure(), host, &[("AZURE_CLIENT_ID", "")]);
        assert_eq!(gateway.get(MACHINE).await.status, 200);
        let request = gateway.token_requests("management").remove(0);
        assert!(!request.query.contains("_id="), "{}", request.query);
    }
}

#[actix_web::test]
async fn an_identity_that_is_not_assigned_is_told_as_azure_tells_it() {
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (host, words) in [
        (Host::Vm, "Identity not found"),
        (
            Host::ContainerApp,
            "Unable to load requested managed identity.",
        ),
    ] {
        let gateway = Gateway::before(azure(), host, &[("AZURE_CLIENT_ID", nobody)]);
        let answer = gateway.get(MACHINE).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "unavailable")
        );
        assert_eq!(answer.json()["upstream"]["message"], words);
    }
}

#[actix_web::test]
async fn s11_the_identity_header_never_reaches_instance_metadata() {
    let secret = "an-identity-header";
    let vars = [
        ("IDENTITY_HEADER", secret),
        ("IDENTITY_SERVER_THUMBPRINT", "00"),
    ];
    let gateway = Gateway::before(azure(), Host::Vm, &vars);
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let mut requests = gateway.azure.requests(Service::Token);
    requests.extend(gateway.azure.requests(Service::Instance));
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.header("metadata"), Some("true"));
        assert!(
            request
                .headers
                .iter()
                .all(|(_, value)| !value.contains(secret))
        );
        assert!(request.header("x-forwarded-for").is_none());
    }
}

#[actix_web::test]
async fn r7_what_a_caller_forwards_is_not_forwarded() {
    let gateway = Gateway::before(azure(), Host::Vm, &[]);
    let headers = [("x-forwarded-for", "203.0.113.7"), ("metadata", "false")];
    let answer = gateway
        .send("GET", gateway.api, MACHINE, &headers, Vec::new())
        .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn r8_a_redirect_is_not_followed() {
    let elsewhere = azure();
    let azure = azure();
    let target = format!("{}/metadata/identity/oauth2/token", elsewhere.url());
    azure.inject(Service::Token, Fault::Redirect(target), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(elsewhere.requests(Service::Token).is_empty());
}

#[actix_web::test]
async fn a_body_of_a_gibibyte_is_refused_early() {
    let azure = azure();
    azure.inject(Service::Token, Fault::Oversize(1 << 30), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[("MIG_TOKEN_WAIT", "20s")]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    let refused = |answer: &crate::answer::Answer| {
        let told = "it is longer than any answer with a token";
        answer.text().contains(told).then_some(())
    };
    let not_ready = gateway.admin("/readyz").await;
    assert_eq!(refused(&not_ready), Some(()), "{}", not_ready.text());
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn a_gateway_is_one_of_many_at_its_nodes_endpoint() {
    let began = Instant::now();
    let gateway = Gateway::before(azure(), Host::Vm, &[("MIG_TOKEN_WAIT", "5s")]);
    gateway.ready().await;
    assert_eq!(gateway.azure.requests(Service::Token).len(), 2);
    assert_eq!(gateway.azure.peak_concurrency(Service::Token), 1);
    assert!(
        began.elapsed() > Duration::from_millis(900),
        "the second came a second later"
    );
}

#[actix_web::test]
async fn a_nodes_endpoint_that_is_slow_is_asked_one_thing_at_a_time() {
    let azure = azure();
    // Longer than the second after which the next may come.
    let slow = Fault::Delay(Duration::from_secs(3));
    azure.inject(Service::Token, slow, Times::Next(1));
    let gateway = Gateway::before(azure, Host::Vm, &[]);
    gateway.ready().await;
    assert_eq!(gateway.azure.requests(Service::Token).len(), 2);
    assert_eq!(gateway.azure.peak_concurrency(Service::Token), 1);
}

#[actix_web::test]
async fn t9_an_endpoint_that_boots_beside_us_is_waited_for() {
    let booting = Nobody::listens();
    let endpoint = format!("{}/msi/token", booting.url());
    let vars = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "booting"),
    ];
    let gateway = Gateway::with(&vars);
    gateway
        .until("/metrics", |answer| {
            let refused = r#"token_acquisitions_total{outcome="unreachable",source="app_service"}"#;
            answer.text().contains(refused).then_some(())
        })
        .await;
    assert_eq!(gateway.admin("/readyz").await.status, 503);

    let booted = Sandbox::on(booting.listen(), Settings::default()).unwrap();

    let asked = booted.arrived(Service::Token, 1);
    time::timeout(Duration::from_secs(5), asked).await.unwrap();
}

#[actix_web::test]
async fn a_metadata_service_that_fails_is_asked_for_all_callers_together() {
    let azure = azure();
    azure.inject(Service::Instance, Fault::answer(500, "{}"), Times::Always);
    let gateway = Gateway::before(azure, Host::Vm, &[("MIG_TOKEN_WAIT", "5s")]);
    gateway.ready().await;

    for _ in 0..20 {
        let answer = gateway.get(MACHINE).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "unavailable")
        );
    }

    let asked = gateway.azure.requests(Service::Instance).len();
    assert!((1..=3).contains(&asked), "{asked}");
}

//! The power actions, and what each of them comes to.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    gateway::Gateway,
    orders::{CHANGES, ended, ordered, patched},
};

/// The power state of web-01, by Azure's own account.
fn state(gateway: &Gateway) -> String {
    gateway.azure.power_state("rg-web", "web-01").unwrap()
}

/// A gateway before an Azure that offers no later version of Compute.
fn behind(version: &str) -> Gateway {
    let settings = Settings {
        compute_versions: vec!["2021-03-01".to_owned(), version.to_owned()],
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    Gateway::before(azure, Host::ContainerApp, &[])
}

#[actix_web::test]
async fn every_action_is_sent_under_its_name_and_followed_to_its_end() {
    let gateway = Gateway::start();
    for (action, segment, after) in [
        ("restart", "restart", "running"),
        ("reapply", "reapply", "running"),
        ("redeploy", "redeploy", "running"),
        ("powerOff", "powerOff", "stopped"),
        ("start", "start", "running"),
        ("deallocate", "deallocate", "deallocated"),
    ] {
        let place = ordered(&gateway, "web-01", action).await;
        let operation = ended(&gateway, &place).await;
        assert_eq!(operation["status"], "Succeeded", "{operation}");
        assert_eq!(operation["action"], action);
        assert_eq!(state(&gateway), after, "{action}");
        let sent = gateway.azure.requests(Service::Actions).pop().unwrap();
        assert!(
            sent.path.ends_with(&format!("/web-01/{segment}")),
            "{sent:?}"
        );
    }
}

#[actix_web::test]
async fn an_order_that_is_bound_to_a_version_is_refused() {
    let gateway = Gateway::start();
    for action in [
        "deallocate",
        "start",
        "restart",
        "powerOff",
        "redeploy",
        "reapply",
    ] {
        for header in [
            ("if-match", "\"777\""),
            ("if-match", "*"),
            ("if-none-match", "*"),
        ] {
            let (api, path) = (gateway.api, format!("/vms/web-01/{action}"));
            let answer = gateway
                .send("POST", api, &path, &[header], Vec::new())
                .await;
            let told = (answer.status, answer.code());
            assert_eq!(
                told,
                (400, "invalid_request".to_owned()),
                "{action} {header:?}"
            );
            assert!(answer.text().contains("If-Match"), "{}", answer.text());
        }
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    let dated = [("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")];
    let (api, path) = (gateway.api, "/vms/web-01/start");
    let answer = gateway.send("POST", api, path, &dated, Vec::new()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[actix_web::test]
async fn parameters_are_passed_on_in_azures_words() {
    let gateway = Gateway::start();
    for (path, parameter) in [
        ("/vms/web-01/deallocate?force=true", "forceDeallocate=true"),
        (
            "/vms/web-02/powerOff?skipShutdown=true",
            "skipShutdown=true",
        ),
        ("/vms/hiber-01/deallocate?hibernate=true", "hibernate=true"),
    ] {
        let answer = gateway.post(path).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let sent = gateway.azure.requests(Service::Actions).pop().unwrap();
        assert!(sent.query.contains(parameter), "{}", sent.query);
    }
    gateway.post("/vms/web-03/deallocate?force=false").await;
    let sent = gateway.azure.requests(Service::Actions).pop().unwrap();
    assert!(!sent.query.contains("force"), "{}", sent.query);
}

#[actix_web::test]
async fn a_parameter_of_another_action_is_refused_and_reaches_nobody() {
    let gateway = Gateway::start();
    for path in [
        "/vms/web-01/start?hibernate=true",
        "/vms/web-01/restart?force=true",
        "/vms/web-01/powerOff?force=true",
        "/vms/web-01/deallocate?skipShutdown=true",
        "/vms/web-01/deallocate?hibernate=true&force=true",
        "/vms/web-01/deallocate?hibernate=1",
        "/vms/web-01/deallocate?hibernat=true",
        "/vms/web-01/deallocate?supersede=yes",
    ] {
        let answer = gateway.post(path).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (400, "invalid_request".to_owned()), "{path}");
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_hibernated_machine_is_told_from_a_deallocated_one() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "hiber-01", "deallocate?hibernate=true").await;
    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Succeeded", "{operation}");
    assert_eq!(operation["action"], "hibernate");
    let machine = gateway.get("/vms/hiber-01").await.json();
    assert_eq!(machine["powerState"], "deallocated");
    assert_eq!(machine["hibernated"], true);
    let again = gateway
        .post("/vms/hiber-01/deallocate?hibernate=true")
        .await;
    assert_eq!((again.status, &again.json()["noop"]), (200, &true.into()));
}

#[actix_web::test]
async fn a_refusal_of_the_machines_state_is_passed_on() {
    let gateway = Gateway::start();
    gateway.azure.order("rg-web", "web-01", "shutdown");
    for path in [
        "/vms/web-01/restart",
        "/vms/web-02/deallocate?hibernate=true",
    ] {
        let answer = gateway.post(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
        assert_eq!(answer.json()["upstream"]["code"], "OperationNotAllowed");
    }
}

#[actix_web::test]
async fn an_older_cloud_is_served_in_the_newest_version_that_it_offers() {
    let gateway = behind("2022-11-01");
    let place = ordered(&gateway, "web-01", "deallocate").await;
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    let reads = gateway.azure.requests(Service::VirtualMachines);
    assert!(reads[0].query.contains("api-version=2025-11-01"));
    assert!(reads[1].query.contains("api-version=2022-11-01"));
    let sent = gateway.azure.requests(Service::Actions);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].query.contains("api-version=2022-11-01"));
}

#[actix_web::test]
async fn a_parameter_that_needs_a_newer_version_is_told_as_such() {
    let gateway = behind("2024-07-01");
    let answer = gateway.post("/vms/web-01/deallocate?force=true").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (501, "unsupported")
    );
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    for word in ["force", "2025-11-01", "2024-07-01"] {
        assert!(detail.contains(word), "{detail}");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert_eq!(state(&gateway), "running");
}

#[actix_web::test]
async fn a_lack_of_hardware_is_told_in_azures_words_and_in_plain_ones() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    let message = "Allocation failed. We do not have sufficient capacity.";
    gateway
        .azure
        .fail_next_operation("AllocationFailed", message);

    let place = ordered(&gateway, "web-01", "start").await;
    let operation = ended(&gateway, &place).await;

    assert_eq!(operation["status"], "Failed");
    assert_eq!(operation["error"]["code"], "AllocationFailed");
    assert_eq!(operation["error"]["message"], message);
    let plain = operation["error"]["explanation"].as_str().unwrap();
    assert!(plain.contains("no hardware free"), "{plain}");
}

#[actix_web::test]
async fn an_order_whose_answer_is_lost_is_found_by_a_look() {
    let gateway = Gateway::start();
    gateway
        .azure
        .inject(Service::Actions, Fault::LoseAnswer, Times::Next(1));

    let place = ordered(&gateway, "web-01", "restart").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

/// Azure takes the order at once, and answers late; then it is slow to show the machine.
#[actix_web::test]
async fn an_order_that_is_answered_too_late_is_followed_and_its_caller_told_in_time() {
    const SLOW: Duration = Duration::from_secs(3);
    let mut gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "1s")]);
    gateway.ready().await;
    let late = Fault::AnswerLate(Duration::from_mins(1));
    gateway.azure.inject(Service::Actions, late, Times::Next(1));
    let began = Instant::now();

    let (answer, ()) = tokio::join!(gateway.post("/vms/web-01/restart"), async {
        gateway.azure.arrived(Service::Actions, 1).await;
        let slow = Fault::Delay(SLOW);
        gateway
            .azure
            .inject(Service::VirtualMachines, slow, Times::Next(1));
    });

    assert!(began.elapsed() < SLOW, "{:?}", began.elapsed());
    let told = (answer.status, answer.code());
    assert_eq!(told, (504, "upstream_timeout".to_owned()));
    let place = answer.json()["operation"].as_str().unwrap().to_owned();
    let has_ended = r#"audit_records_total{outcome="success",stage="outcome"}"#;
    let mut ticks = time::interval(Duration::from_millis(50));
    while gateway.metric(has_ended).await < 1.0 {
        ticks.tick().await;
    }
    assert_eq!(gateway.records.of_stage("outcome").len(), 1);
    assert_eq!(gateway.get(&place).await.json()["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    gateway.stop();
}

#[actix_web::test]
async fn in_the_last_moments_of_a_callers_time_nothing_is_sent_or_written_down() {
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "1s"), CHANGES]);
    gateway.ready().await;
    let slow = || {
        let almost_all = Fault::Delay(Duration::from_millis(965));
        let azure = &gateway.azure;
        azure.inject(Service::VirtualMachines, almost_all, Times::Next(1));
    };

    slow();
    let ordered = gateway.post("/vms/web-01/restart").await;
    slow();
    let changed = patched(&gateway, &[], r#"{"tags":{"owner":"web"}}"#).await;

    for answer in [ordered, changed] {
        let told = (answer.status, answer.code());
        assert_eq!(told, (504, "upstream_timeout".to_owned()));
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert!(gateway.records.all().is_empty());
}

#[actix_web::test]
async fn an_order_that_left_no_trace_is_told_with_where_to_look() {
    let gateway = Gateway::start();
    for (fault, told) in [
        (Fault::Reset, (502, "upstream_failed")),
        (Fault::answer(503, ""), (502, "upstream_failed")),
        (Fault::answer(408, ""), (504, "upstream_timeout")),
    ] {
        gateway
            .azure
            .inject(Service::Actions, fault, Times::Next(1));
        let answer = gateway.post("/vms/web-01/deallocate").await;
        assert_eq!((answer.status, answer.code().as_str()), told);
        let place = answer.json()["operation"].as_str().unwrap().to_owned();
        assert_eq!(gateway.get(&place).await.json()["status"], "InProgress");
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 3);
    assert_eq!(state(&gateway), "running");
}

#[actix_web::test]
async fn an_order_whose_answer_is_lost_is_not_found_in_what_was_under_way_before() {
    let gateway = Gateway::start();
    gateway.azure.operations_take(Duration::from_mins(1));
    gateway.azure.order("rg-web", "web-01", "restart");
    let fault = Fault::answer(503, "");
    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));

    let answer = gateway.post("/vms/web-01/restart?supersede=true").await;

    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(answer.json()["operation"].is_string());
}

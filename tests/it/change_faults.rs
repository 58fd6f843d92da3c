//! Changes of tags and size while something is amiss: what is promised of orders is
//! promised of them.

use std::time::Duration;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    gateway::Gateway,
    orders::{CHANGES, ended, ordered, patched},
    records::Records,
};

const TAGS: &str = r#"{"tags":{"owner":"web"}}"#;

#[actix_web::test]
async fn without_a_record_nothing_is_changed_until_there_is_one() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    Records::of(&azure).fill();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[CHANGES]);
    gateway.ready().await;

    let answer = patched(&gateway, &[], TAGS).await;

    let told = (answer.status, answer.code());
    assert_eq!(told, (503, "audit_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some());
    assert!(gateway.azure.requests(Service::Actions).is_empty());

    gateway.records.remove();
    gateway.ready().await;
    assert_eq!(patched(&gateway, &[], TAGS).await.status, 200);
}

#[actix_web::test]
async fn a_change_whose_answer_is_lost_is_not_sent_again_and_is_told_with_where_to_look() {
    let mut gateway = Gateway::with(&[CHANGES]);
    for (fault, told) in [
        (Fault::Reset, (502, "upstream_failed")),
        (Fault::answer(503, ""), (502, "upstream_failed")),
        (Fault::answer(408, ""), (504, "upstream_timeout")),
    ] {
        gateway
            .azure
            .inject(Service::Actions, fault, Times::Next(1));
        let answer = patched(&gateway, &[], TAGS).await;
        assert_eq!((answer.status, answer.code().as_str()), told);
        let place = answer.json()["operation"].as_str().unwrap().to_owned();
        assert_eq!(gateway.get(&place).await.json()["status"], "InProgress");
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 3);
    gateway.stop();
    for outcome in gateway.records.of_stage("outcome") {
        assert_eq!(outcome["status"], "Unknown", "{outcome}");
    }
}

#[actix_web::test]
async fn a_change_whose_answer_is_lost_is_found_by_a_look() {
    let mut gateway = Gateway::with(&[CHANGES]);
    let lose = || {
        let azure = &gateway.azure;
        azure.inject(Service::Actions, Fault::LoseAnswer, Times::Next(1));
    };

    lose();
    let tagged = patched(&gateway, &[], TAGS).await;
    lose();
    let resized = patched(&gateway, &[], r#"{"size":"Standard_B4ms"}"#).await;

    assert_eq!(tagged.status, 200, "{}", tagged.text());
    assert_eq!(resized.status, 202, "{}", resized.text());
    let place = resized.header("location").unwrap();
    assert_eq!(ended(&gateway, place).await["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
    gateway.stop();
    let outcomes = gateway.records.of_stage("outcome");
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        assert_eq!(outcome["status"], "Success", "{outcome}");
    }
}

#[actix_web::test]
async fn a_change_whose_answer_is_lost_is_not_found_in_what_somebody_else_does() {
    let mut gateway = Gateway::with(&[CHANGES]);
    gateway.ready().await;
    let orders = gateway.azure.hold(Service::Actions);
    let azure = &gateway.azure;
    let (answer, ()) = tokio::join!(patched(&gateway, &[], TAGS), async {
        orders.arrived(1).await;
        azure.operations_take(Duration::ZERO);
        azure.order("rg-web", "web-01", "restart");
        azure.inject(Service::Actions, Fault::Reset, Times::Next(1));
        orders.release();
    });

    assert_eq!(answer.status, 502, "{}", answer.text());
    gateway.stop();
    let outcome = gateway.records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status"], "Unknown", "{outcome}");
}

#[actix_web::test]
async fn a_refusal_of_a_change_is_no_operation() {
    let mut gateway = Gateway::with(&[CHANGES]);
    let fault = Fault::answer(409, r#"{"error":{"code":"Conflict","message":"busy"}}"#);
    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));
    let answer = patched(&gateway, &[], TAGS).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert!(answer.json()["operation"].is_null(), "{}", answer.text());
    gateway.stop();
    let outcome = gateway.records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status"], "Failure", "{outcome}");
}

#[actix_web::test]
async fn nothing_is_changed_during_a_deallocation() {
    let settings = Settings {
        operation_takes: Duration::from_secs(3),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[CHANGES]);
    let place = ordered(&gateway, "web-01", "deallocate").await;

    let answer = patched(&gateway, &[], TAGS).await;

    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert_eq!(answer.json()["operation"], place.as_str());
    // It overtakes nothing.
    assert!(!answer.text().contains("supersede"), "{}", answer.text());
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert_eq!(patched(&gateway, &[], TAGS).await.status, 200);
}

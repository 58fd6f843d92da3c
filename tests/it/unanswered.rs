//! What whoever asks is told of an order that Azure has not answered, while it is looked
//! for.

use std::{collections::BTreeSet, time::Duration};

use azure_sandbox::{Fault, Hold, Recorded, Service, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{ended, ordered},
};

/// Names are looked up there, and those look-ups fail.
async fn gateway() -> Gateway {
    let scope = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "2s"), ("MIG_SCOPES", scope)]);
    gateway.ready().await;
    let names = Fault::answer(503, "{}");
    gateway
        .azure
        .inject(Service::ResourceGraph, names, Times::Always);
    gateway
}

/// Orders what is not answered in time. Returns where it is told, once the machine is looked
/// at, and what holds that look.
async fn lost(gateway: &Gateway) -> (String, Hold) {
    let (answer, looks) = tokio::join!(
        gateway.post("/vms/web-01/restart?resourceGroup=rg-web"),
        async {
            gateway.azure.arrived(Service::Actions, 1).await;
            gateway.azure.hold(Service::VirtualMachines)
        }
    );
    assert_eq!(answer.status, 504, "{}", answer.text());
    let place = answer.json()["operation"].as_str().unwrap().to_owned();
    looks.arrived(1).await;
    (place, looks)
}

/// Asks for what was not answered in time while the machine is looked at. Returns where, and
/// what was told.
async fn asked_amid_the_look(gateway: &Gateway) -> (String, Answer) {
    let (place, looks) = lost(gateway).await;
    let (told, ()) = tokio::join!(gateway.get(&place), async {
        gateway.busy_with(1).await;
        looks.release();
    });
    (place, told)
}

/// Orders what is not answered in time, and lets that look at the machine go on. Returns where
/// it is told, and what holds the next one.
async fn held_at_the_next_look(gateway: &Gateway) -> (String, Hold) {
    let (place, looks) = lost(gateway).await;
    let others = gateway.azure.hold(Service::VirtualMachines);
    looks.release();
    (place, others)
}

fn is_under_way(told: &Answer) {
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(told.json()["status"], "InProgress");
}

#[actix_web::test]
async fn whoever_asks_waits_for_the_look_and_makes_none() {
    let gateway = gateway().await;
    let late = Fault::AnswerLate(Duration::from_mins(1));
    gateway.azure.inject(Service::Actions, late, Times::Next(1));

    let (place, told) = asked_amid_the_look(&gateway).await;

    assert_eq!(told.status, 200, "{}", told.text());
    let looks = gateway.azure.requests(Service::VirtualMachines);
    let id = |look: &Recorded| {
        let id = look.header("x-ms-correlation-request-id");
        id.map(str::to_owned)
    };
    let of_whom: BTreeSet<_> = looks.iter().map(id).collect();
    assert_eq!(of_whom.len(), 1, "the order's alone: {of_whom:?}");
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
}

#[actix_web::test]
async fn whoever_asks_is_told_of_the_operation_also_where_the_look_shows_nothing() {
    let gateway = gateway().await;
    // It does not come to Azure.
    let _orders = gateway.azure.hold(Service::Actions);

    let (place, told) = asked_amid_the_look(&gateway).await;
    let later = gateway.get(&place).await;

    is_under_way(&told);
    is_under_way(&later);
}

#[actix_web::test]
async fn whoever_asks_beside_another_look_is_told_of_the_operation_as_well() {
    let gateway = gateway().await;
    let _orders = gateway.azure.hold(Service::Actions);
    let (place, others) = held_at_the_next_look(&gateway).await;

    let beside = async {
        others.arrived(1).await;
        let release = async {
            gateway.busy_with(2).await;
            others.release();
        };
        tokio::join!(gateway.get(&place), release).0
    };
    let (told, beside) = tokio::join!(gateway.get(&place), beside);

    is_under_way(&told);
    is_under_way(&beside);
}

#[actix_web::test]
async fn an_operation_stays_known_when_whoever_looks_for_it_leaves() {
    let gateway = gateway().await;
    let _orders = gateway.azure.hold(Service::Actions);
    let (place, others) = held_at_the_next_look(&gateway).await;

    gateway.left_by_a_caller(&place, &others).await;
    others.release();

    is_under_way(&gateway.get(&place).await);
}

/// A gateway with these settings, before an Azure that carries out the next order, does not
/// say so, and answers to the first look after it what this `fault` has.
async fn unsure(vars: &[(&str, &str)], fault: Fault, times: Times) -> Gateway {
    let gateway = Gateway::with(vars);
    gateway.ready().await;
    let (azure, machines) = (&gateway.azure, Service::VirtualMachines);
    azure.inject(Service::Actions, Fault::LoseAnswer, Times::Next(1));
    azure.inject(machines, Fault::Delay(Duration::ZERO), Times::Next(1));
    azure.inject(machines, fault, times);
    gateway
}

/// The same where all tries of that look fail, and the next one does not.
async fn failing_at_first(vars: &[(&str, &str)]) -> Gateway {
    unsure(vars, Fault::answer(503, "{}"), Times::Next(3)).await
}

/// The one outcome in the record.
fn outcome(mut gateway: Gateway) -> Value {
    gateway.stop();
    let mut outcomes = gateway.records.of_stage("outcome");
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0)
}

#[actix_web::test]
async fn an_order_is_looked_for_again_where_the_first_look_fails() {
    let gateway = failing_at_first(&[]).await;

    let place = ordered(&gateway, "web-01", "restart").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(outcome(gateway)["status"], "Success");
}

#[actix_web::test]
async fn whoever_has_no_time_for_another_look_is_told_so_and_it_is_made_all_the_same() {
    let gateway = failing_at_first(&[("MIG_UPSTREAM_TIMEOUT", "2s")]).await;

    let answer = gateway.post("/vms/web-01/restart").await;

    let told = (answer.status, answer.code());
    assert_eq!(told, (502, "upstream_failed".to_owned()));
    let has_ended = r#"mi_gateway_audit_records_total{outcome="success",stage="outcome"} 1"#;
    gateway
        .until("/metrics", |it| it.text().contains(has_ended).then_some(()))
        .await;
    let place = answer.json()["operation"].as_str().unwrap().to_owned();
    assert_eq!(gateway.get(&place).await.json()["status"], "Succeeded");
    assert_eq!(outcome(gateway)["status"], "Success");
}

/// The look is refused for good, and a later one is not.
#[actix_web::test]
async fn an_order_that_is_lost_is_counted_once_as_one_whose_end_is_not_known() {
    let refusal = r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#;
    let gateway = unsure(&[], Fault::answer(403, refusal), Times::Next(1)).await;

    let answer = gateway.post("/vms/web-01/restart").await;
    let place = answer.json()["operation"].as_str().unwrap().to_owned();

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    let metrics = gateway.admin("/metrics").await.text();
    let is_ended = |line: &&str| line.starts_with("mi_gateway_operations_total{");
    let counted: Vec<_> = metrics.lines().filter(is_ended).collect();
    let once = r#"mi_gateway_operations_total{action="restart",outcome="unknown"} 1"#;
    assert_eq!(counted, [once]);
    assert_eq!(outcome(gateway)["status"], "Unknown");
}

/// Both are told so while the machine is looked at.
#[actix_web::test]
async fn whoever_joins_an_order_without_an_answer_has_a_line_that_names_it() {
    let mut gateway = gateway().await;
    let _orders = gateway.azure.hold(Service::Actions);
    let path = "/vms/web-01/restart?resourceGroup=rg-web";
    let second = async {
        gateway.azure.arrived(Service::Actions, 1).await;
        let looks = gateway.azure.hold(Service::VirtualMachines);
        let agent = [("user-agent", "second/1")];
        let (api, body) = (gateway.api, Vec::new());
        let answer = gateway.send("POST", api, path, &agent, body).await;
        (answer, looks)
    };

    let (first, (second, looks)) = tokio::join!(gateway.post(path), second);
    looks.release();

    for answer in [&first, &second] {
        assert_eq!(answer.status, 504, "{}", answer.text());
        assert_eq!(answer.json()["operation"], first.json()["operation"]);
    }
    gateway.stop();
    let joined = gateway.records.of_stage("joined");
    assert_eq!(joined.len(), 1, "{joined:?}");
    assert_eq!(joined[0]["http_request"]["user_agent"], "second/1");
    let (place, line) = (first.json()["operation"].clone(), &joined[0]["unmapped"]);
    let id = line["operationId"].as_str().unwrap();
    assert!(place.as_str().unwrap().ends_with(id), "{place} {line}");
}

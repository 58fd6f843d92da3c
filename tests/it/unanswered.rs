//! What whoever asks is told of an order that Azure has not answered, while it is looked
//! for.

use std::{collections::BTreeSet, time::Duration};

use azure_sandbox::{Fault, Hold, Recorded, Service, Times};

use crate::{answer::Answer, gateway::Gateway, orders::ended};

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

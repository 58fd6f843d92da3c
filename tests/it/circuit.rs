//! Azure does not answer at all.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use azure_sandbox::Service;

use crate::{answer::Answer, gateway::Gateway};

const MACHINE: &str = "/vms/web-01";

/// Calls until nobody waits for an answer any more; how often Azure was asked.
async fn opened(gateway: &Gateway) -> usize {
    gateway
        .until(MACHINE, |answer| {
            assert!(answer.status > 500, "{}", answer.text());
            answer.text().contains("was not asked").then_some(())
        })
        .await;
    gateway.azure.requests(Service::VirtualMachines).len()
}

async fn is_open(gateway: &Gateway) -> bool {
    let circuit = gateway.metric(r#"upstream_circuit_open{service="arm"}"#);
    circuit.await > 0.5
}

/// With nobody calling.
async fn closed(gateway: &Gateway) {
    let is_closed = |answer: &Answer| {
        let series = r#"mi_gateway_upstream_circuit_open{service="arm"} 0"#;
        answer.text().contains(series).then_some(())
    };
    gateway.until("/metrics", is_closed).await;
}

/// What a caller is told, at once, while there is no answer.
async fn told_at_once(gateway: &Gateway) {
    let began = Instant::now();
    let answer = gateway.get(MACHINE).await;
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_failed")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn an_upstream_that_hangs_costs_callers_no_time_once_it_is_known() {
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "1s")]);
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    opened(&gateway).await;
    assert!(is_open(&gateway).await);
    for _ in 0..5 {
        told_at_once(&gateway).await;
    }

    hold.release();
    let back = Instant::now();
    gateway
        .until(MACHINE, |answer| (answer.status == 200).then_some(()))
        .await;
    // Half a second to the next look, and a machine that is busy.
    assert!(
        back.elapsed() < Duration::from_secs(5),
        "{:?}",
        back.elapsed()
    );
    assert!(!is_open(&gateway).await);
}

#[actix_web::test]
async fn an_upstream_that_is_back_is_noticed_with_nobody_calling() {
    let gateway = Gateway::start();
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let away = gateway.azure.refuse_connections();
    opened(&gateway).await;
    drop(away);
    closed(&gateway).await;
    assert_eq!(gateway.get(MACHINE).await.status, 200);
}

/// Five orders in a row that nobody answers: whoever opens the circuit is the first to
/// be sent again, if anything is.
#[actix_web::test]
async fn an_order_is_not_sent_to_look_whether_azure_is_back_and_that_is_noticed() {
    let gateway = Rc::new(Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "3s")]));
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let orders: Vec<_> = (1..=5)
        .map(|number| {
            let gateway = Rc::clone(&gateway);
            let path = format!("/vms/web-0{number}/deallocate");
            rt::spawn(async move { gateway.post(&path).await })
        })
        .collect();
    hold.arrived(5).await;
    // An answer to the look at what became of one would close it again.
    let looks = gateway.azure.hold(Service::VirtualMachines);
    for order in orders {
        assert_eq!(order.await.unwrap().status, 504);
    }
    assert!(is_open(&gateway).await);

    looks.release();
    closed(&gateway).await;
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 5);
    hold.release();
}

#[actix_web::test]
async fn an_upstream_that_refuses_is_there() {
    let gateway = Gateway::start();
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let gone = azure_sandbox::Fault::answer(503, "{}");
    gateway
        .azure
        .inject(Service::VirtualMachines, gone, azure_sandbox::Times::Always);
    for _ in 0..20 {
        assert_eq!(gateway.get(MACHINE).await.status, 502);
    }
    assert!(!is_open(&gateway).await);
}

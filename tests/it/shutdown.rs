//! The end of a gateway.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};
use azure_sandbox::{Fault, Service, Times};
use serde_json::Value;

use crate::{
    gateway::Gateway,
    orders::CHANGES,
    wire::{Connection, get},
};

/// The status of the answer to an order, however long it takes.
async fn ordered(api: SocketAddr) -> u16 {
    let client = awc::Client::builder().disable_timeout().finish();
    let url = format!("http://{api}/vms/web-01/deallocate");
    client.post(url).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_request_under_way_is_answered() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let order = rt::spawn(ordered(gateway.api));
    hold.arrived(1).await;
    let ended = gateway.begin_to_stop();
    hold.release();
    assert_eq!(order.await.unwrap(), 202);
    ended.join().unwrap();
}

#[actix_web::test]
async fn whoever_connects_after_the_delay_is_refused_while_work_goes_on() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let api = gateway.api;
    let order = rt::spawn(ordered(api));
    hold.arrived(1).await;

    let ended = gateway.begin_to_stop();

    let mut ticks = time::interval(Duration::from_millis(20));
    while TcpStream::connect(api).is_ok() {
        ticks.tick().await;
    }
    hold.release();
    // It would not be, had the grace to end first.
    assert_eq!(order.await.unwrap(), 202);
    ended.join().unwrap();
}

#[actix_web::test]
async fn an_order_whose_caller_has_left_is_carried_out_before_the_end() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let caller = rt::spawn(ordered(gateway.api));
    hold.arrived(1).await;
    caller.abort();
    let ended = gateway.begin_to_stop();
    hold.release();
    ended.join().unwrap();
    let state = gateway.azure.power_state("rg-web", "web-01");
    assert_ne!(state.as_deref(), Some("running"));
}

/// Nothing shows what became of the order while Azure fails.
#[actix_web::test]
async fn the_end_does_not_wait_for_another_look_for_an_order_without_an_answer() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let (azure, machines) = (&gateway.azure, Service::VirtualMachines);
    azure.inject(Service::Actions, Fault::LoseAnswer, Times::Next(1));
    azure.inject(machines, Fault::Delay(Duration::ZERO), Times::Next(1));
    azure.inject(machines, Fault::answer(503, "{}"), Times::Always);
    let order = rt::spawn(ordered(gateway.api));
    // The look before the order, and all tries of the one after it.
    azure.arrived(machines, 4).await;

    let ended = gateway.begin_to_stop();

    assert_eq!(order.await.unwrap(), 502);
    ended.join().unwrap();
    // What is given up when the grace ends is not followed.
    let outcome = gateway.records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status"], "Unknown", "{outcome}");
    assert_ne!(outcome["status_code"], "NotFollowed", "{outcome}");
}

#[actix_web::test]
async fn readiness_ends_before_requests_do() {
    let mut gateway = Gateway::with(&[("MIG_SHUTDOWN_DELAY", "3s")]);
    gateway.ready().await;
    let ended = gateway.begin_to_stop();
    let not_ready = |answer: &crate::answer::Answer| (answer.status == 503).then_some(());
    gateway.until("/readyz", not_ready).await;
    assert!(
        gateway
            .admin("/readyz")
            .await
            .text()
            .contains("shutting down")
    );
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    ended.join().unwrap();
}

/// Whoever keeps a connection learns that it ends before it does.
#[actix_web::test]
async fn connections_are_told_to_close_from_the_beginning_of_the_end() {
    let mut gateway = Gateway::with(&[("MIG_SHUTDOWN_DELAY", "3s")]);
    gateway.ready().await;
    let mut kept = Connection::to(gateway.api);
    let contract = get("/openapi.yaml", None);
    assert!(!kept.ask(&contract).closes);
    let ended = gateway.begin_to_stop();
    let not_ready = |answer: &crate::answer::Answer| (answer.status == 503).then_some(());
    gateway.until("/readyz", not_ready).await;

    let last = kept.ask(&contract);

    assert_eq!((last.status, last.closes), (200, true));
    assert!(kept.is_closed());
    ended.join().unwrap();
}

#[actix_web::test]
async fn an_operation_that_is_followed_does_not_delay_the_end() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Operations);
    gateway.post("/vms/web-01/deallocate").await;
    hold.arrived(1).await;
    let began = Instant::now();
    gateway.stop();
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    drop(hold);
}

#[actix_web::test]
async fn who_waits_for_an_operation_is_told_where_to_ask_before_the_end() {
    let mut gateway = Gateway::start();
    gateway.azure.operations_take(Duration::from_mins(1));
    gateway.ready().await;
    let api = gateway.api;
    let caller = rt::spawn(async move {
        let client = awc::Client::builder().disable_timeout().finish();
        let url = format!("http://{api}/vms/web-01/deallocate");
        let order = client.post(url).insert_header(("prefer", "wait=60"));
        order.send().await.unwrap().status().as_u16()
    });
    gateway.azure.arrived(Service::Operations, 1).await;
    let began = Instant::now();

    gateway.stop();

    assert_eq!(caller.await.unwrap(), 202);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

/// Who would send a restart again might have it done twice.
#[actix_web::test]
async fn who_is_given_up_at_the_end_is_told_of_which_operation_and_not_to_try_again() {
    for (method, path) in [("POST", "/vms/web-01/restart"), ("PATCH", "/vms/web-01")] {
        let mut gateway = Gateway::with(&[("MIG_SHUTDOWN_GRACE", "1s"), CHANGES]);
        gateway.ready().await;
        let hold = gateway.azure.hold(Service::Actions);
        let api = gateway.api;
        let caller = rt::spawn(async move {
            let client = awc::Client::builder().disable_timeout().finish();
            let request = client.request(method.parse().unwrap(), format!("http://{api}{path}"));
            let request = request.content_type("application/json");
            let body = if method == "PATCH" {
                r#"{"tags":{}}"#
            } else {
                ""
            };
            let mut answer = request.send_body(body).await.unwrap();
            let told: Value = answer.json().await.unwrap();
            let again = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), again, told)
        });
        hold.arrived(1).await;

        gateway.stop();

        let (status, again, told) = caller.await.unwrap();
        assert_eq!((status, again), (503, false), "{told}");
        let operation = told["operation"].as_str().unwrap();
        assert!(operation.starts_with("/operations/"), "{told}");
        let detail = told["detail"].as_str().unwrap();
        assert!(
            detail.ends_with("whether Azure carries it out is not known"),
            "{told}"
        );
        drop(hold);
    }
}

#[actix_web::test]
async fn tasks_and_requests_have_one_grace_together() {
    let mut gateway = Gateway::with(&[("MIG_SHUTDOWN_GRACE", "2s")]);
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let api = gateway.api;
    let caller = rt::spawn(async move {
        let client = awc::Client::builder().disable_timeout().finish();
        let url = format!("http://{api}/vms/web-01/deallocate");
        let _ = client.post(url).send().await;
    });
    hold.arrived(1).await;
    let began = Instant::now();

    gateway.stop();

    let took = began.elapsed();
    assert!(
        (Duration::from_secs(2)..Duration::from_millis(3_500)).contains(&took),
        "{took:?}"
    );
    drop(hold);
    caller.abort();
}

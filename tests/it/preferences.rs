//! Waiting for the end, or not (RFC 7240).

use std::time::{Duration, Instant};

use azure_sandbox::{Host, Sandbox, Settings};

use crate::{answer::Answer, gateway::Gateway, orders::ordered};

async fn order(gateway: &Gateway, prefer: &str) -> Answer {
    let headers = [("prefer", prefer)];
    let (api, path) = (gateway.api, "/vms/web-01/deallocate");
    gateway.send("POST", api, path, &headers, Vec::new()).await
}

fn before(operation_takes: Duration) -> Gateway {
    let settings = Settings {
        operation_takes,
        ..Settings::default()
    };
    Gateway::before(Sandbox::start(settings).unwrap(), Host::ContainerApp, &[])
}

#[actix_web::test]
async fn who_waits_gets_the_end() {
    let gateway = Gateway::start();
    let answer = order(&gateway, "respond-async, wait=15").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["status"], "Succeeded");
    assert_eq!(answer.header("preference-applied"), Some("wait=15"));
    assert_eq!(answer.header("retry-after"), None);
}

#[actix_web::test]
async fn who_does_not_wait_long_enough_gets_a_place_to_ask() {
    let gateway = before(Duration::from_mins(1));
    let began = Instant::now();
    let answer = order(&gateway, "wait=1").await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), Some("wait=1"));
    assert!(answer.header("location").is_some());
}

#[actix_web::test]
async fn who_prefers_an_answer_at_once_is_told_that_he_got_it() {
    let gateway = before(Duration::from_mins(1));
    let answer = order(&gateway, "respond-async").await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), Some("respond-async"));
}

#[actix_web::test]
async fn an_operation_can_be_waited_for_after_the_order() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    let headers = [("prefer", "wait=15")];
    let answer = gateway
        .send("GET", gateway.api, &place, &headers, Vec::new())
        .await;
    assert_eq!(answer.json()["status"], "Succeeded");
    assert_eq!(answer.header("preference-applied"), Some("wait=15"));
}

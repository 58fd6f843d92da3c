//! The cluster that is to review callers' tokens is slow, fails, or does not answer at all.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use azure_sandbox::{Fault, Service, ServiceAccountToken, Times};

use super::{
    bearer::get,
    kubernetes::{calls, reviewing, reviews},
};
use crate::{answer::Answer, gateway::Gateway};

const MACHINE: &str = "/vms/web-01";
const CIRCUIT: &str = r#"upstream_circuit_open{service="kubernetes"}"#;
const BUDGET: &str = r#"upstream_withheld_total{reason="retry_budget",service="kubernetes"}"#;

/// GET of the machine with the token of `name`, and how long that took.
async fn timed(gateway: &Gateway, name: &str) -> (Answer, Duration) {
    let account = ServiceAccountToken::of("ops", name);
    let token = gateway.azure.service_account_token(&account);
    let began = Instant::now();
    let answer = get(gateway, MACHINE, &token).await;
    (answer, began.elapsed())
}

fn is_unavailable(answer: &Answer) -> bool {
    answer.status == 503
        && answer.code() == "unavailable"
        && answer.header("retry-after") == Some("1")
}

#[actix_web::test]
async fn an_api_server_that_hangs_costs_callers_no_time_once_it_is_known() {
    let gateway = Rc::new(reviewing(&[]).await);
    let hold = gateway.azure.hold(Service::TokenReview);
    for call in calls(&gateway, 5) {
        assert_eq!(call.await.unwrap(), 503);
    }
    assert!(gateway.metric(CIRCUIT).await > 0.5);
    for name in ["late", "later", "latest"] {
        let (answer, took) = timed(&gateway, name).await;
        assert!(is_unavailable(&answer), "{}", answer.text());
        assert!(took < Duration::from_millis(900), "{took:?}");
    }

    // With nobody calling.
    hold.release();
    let closed = format!("mi_gateway_{CIRCUIT} 0\n");
    let is_closed = |answer: &Answer| answer.text().contains(&closed).then_some(());
    gateway.until("/metrics", is_closed).await;
    assert_eq!(timed(&gateway, "back").await.0.status, 200);
}

#[actix_web::test]
async fn one_review_in_ten_is_asked_for_again() {
    const CALLS: usize = 100;
    let gateway = reviewing(&[]).await;
    let failing = Fault::answer(503, "{}");
    let azure = &gateway.azure;
    azure.inject(Service::TokenReview, failing, Times::Always);
    let token = azure.service_account_token(&ServiceAccountToken::default());
    for _ in 0..CALLS {
        assert!(is_unavailable(&get(&gateway, MACHINE, &token).await));
    }
    let again = reviews(&gateway) - CALLS;
    // One in ten, and the twenty that every start has.
    assert!((20..=CALLS / 10 + 20).contains(&again), "{again}");
    assert!(gateway.metric(BUDGET).await > 0.0);
    // Who refuses is there.
    assert!(gateway.metric(CIRCUIT).await < 0.5);
}

#[actix_web::test]
async fn the_time_of_a_request_begins_before_it_is_known_who_calls() {
    let gateway = reviewing(&[("MIG_UPSTREAM_TIMEOUT", "3s")]).await;
    // The name of the machine is known from here on.
    assert_eq!(timed(&gateway, "early").await.0.status, 200);
    let slow = Fault::Delay(Duration::from_secs(2));
    gateway
        .azure
        .inject(Service::TokenReview, slow, Times::Always);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let (answer, took) = timed(&gateway, "robot").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "upstream_timeout")
    );
    assert!(took < Duration::from_secs(4), "{took:?}");
    hold.release();
}

#[actix_web::test]
async fn nobody_waits_for_a_review_beyond_their_time() {
    let gateway = reviewing(&[("MIG_UPSTREAM_TIMEOUT", "1s")]).await;
    let hold = gateway.azure.hold(Service::TokenReview);
    let (answer, took) = timed(&gateway, "robot").await;
    assert!(is_unavailable(&answer), "{}", answer.text());
    assert!(took < Duration::from_secs(3), "{took:?}");
    hold.release();
}

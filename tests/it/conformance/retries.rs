//! T: what passes is tried again, at a pace that a node bears; what does not, is
//! not. The long schedules are tried with a clock, beside them.

use std::time::{Duration, Instant, SystemTime};

use azure_sandbox::{Fault, Host, Service, Times};
use futures_util::future::join_all;

use super::{azure, before, failure};
use crate::gateway::Gateway;

/// A gateway whose endpoint fails so for the first request of each resource.
fn after_one(fault: Fault) -> Gateway {
    let azure = azure();
    azure.inject(Service::Token, fault, Times::Next(2));
    Gateway::before(azure, Host::ContainerApp, &[])
}

/// How long the endpoint was left alone after it answered with `header`.
async fn left_alone(header: (&str, String)) -> Duration {
    let fault = Fault::Answer {
        status: 503,
        headers: vec![(header.0.to_owned(), header.1)],
        body: "{}".to_owned(),
    };
    let began = Instant::now();
    after_one(fault).ready().await;
    began.elapsed()
}

/// A service under update, 410, is left alone for ten seconds: that has a clock
/// of its own, in `t3`.
#[actix_web::test]
async fn t1_each_status_that_passes_is_tried_again() {
    let statuses = [
        404, 429, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
    ];
    let gateways = statuses.map(|status| after_one(Fault::answer(status, "{}")));
    join_all(gateways.iter().map(Gateway::ready)).await;
    for gateway in &gateways {
        assert_eq!(gateway.azure.requests(Service::Token).len(), 4);
    }
}

#[actix_web::test]
async fn t2_two_of_404_are_sat_out_on_a_virtual_machine() {
    let azure = azure();
    azure.inject(Service::Token, Fault::answer(404, "{}"), Times::Next(2));
    let gateway = Gateway::before(azure, Host::Vm, &[]);
    gateway.ready().await;
    assert_eq!(gateway.azure.requests(Service::Token).len(), 4);
}

#[actix_web::test]
async fn t5_a_refusal_is_one_request() {
    let gateway = before(Fault::answer(400, "{}"));
    failure(&gateway).await;
    for _ in 0..5 {
        assert_eq!(gateway.get("/vms/web-01").await.status, 503);
    }
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn t6_the_endpoint_is_left_alone_for_as_long_as_it_asks() {
    let in_two_seconds = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let (seconds, date, silent) = tokio::join!(
        left_alone(("retry-after", "2".to_owned())),
        left_alone(("retry-after", in_two_seconds)),
        left_alone(("x-other", "2".to_owned())),
    );
    assert!(seconds >= Duration::from_secs(2), "{seconds:?}");
    // A date has whole seconds, and the gateway's start took a part of them.
    assert!(date >= Duration::from_secs(1), "{date:?}");
    assert!(silent < seconds.max(date), "{silent:?}");
}

#[actix_web::test]
async fn t8_each_acquisition_has_all_its_tries() {
    let azure = azure();
    let fault = || Fault::answer(500, "{}");
    azure.inject(Service::Token, fault(), Times::Next(4));
    let vars = [("MIG_TOKEN_WAIT", "15s"), ("MIG_UPSTREAM_TIMEOUT", "18s")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &vars);
    gateway.ready().await;

    gateway.azure.expire_tokens();
    gateway
        .azure
        .inject(Service::Token, fault(), Times::Next(3));
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
}

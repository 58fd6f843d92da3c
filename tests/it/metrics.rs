//! What metrics tell of the moment at which they are asked for.

use std::time::Duration;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{ended, ordered},
};

/// The value of `series` in `answer`, as it stands there.
fn value(answer: &Answer, series: &str) -> Option<String> {
    let text = answer.text();
    let prefix = format!("mi_gateway_{series} ");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(&prefix));
    value.map(str::to_owned)
}

#[actix_web::test]
async fn calls_that_azure_throttles_are_told_from_those_that_it_refuses() {
    let gateway = Gateway::start();
    gateway.proven().await;
    for (service, path) in [
        (Service::VirtualMachines, "/vms/web-01"),
        (Service::Graph, "/directory/users?department=Seinfeld"),
    ] {
        // Longer than any caller waits: nothing is tried again.
        let throttled = Fault::Throttle { retry_after: 1_200 };
        let refused = Fault::answer(404, "{}");
        gateway.azure.inject(service, refused, Times::Next(1));
        gateway.get(path).await;
        gateway.azure.inject(service, throttled, Times::Next(1));
        assert_eq!(gateway.get(path).await.status, 429, "{path}");
    }

    let metrics = gateway.admin("/metrics").await;

    for call in [
        r#"operation="get_vm",service="arm""#,
        r#"operation="list_users",service="graph""#,
    ] {
        let throttled = value(&metrics, &format!("upstream_throttled_total{{{call}}}"));
        let refused = format!(r#"upstream_requests_total{{{call},status="4xx"}}"#);
        assert_eq!(throttled.as_deref(), Some("1"), "{call}");
        assert_eq!(value(&metrics, &refused).as_deref(), Some("2"), "{call}");
    }
}

#[actix_web::test]
async fn the_oldest_operation_grows_older_until_it_has_ended() {
    const OLDEST: &str = "operations_oldest_seconds";
    let gateway = Gateway::start();
    let metrics = gateway.admin("/metrics").await;
    assert_eq!(value(&metrics, OLDEST).as_deref(), Some("0"));
    let hold = gateway.azure.hold(Service::Operations);
    let place = ordered(&gateway, "web-01", "deallocate").await;

    let age = |answer: &Answer| value(answer, OLDEST)?.parse::<u64>().ok();
    let older = |than| move |answer: &Answer| age(answer).filter(|age| *age > than);
    let young = gateway.until("/metrics", older(0)).await;
    gateway.until("/metrics", older(young)).await;
    hold.release();

    ended(&gateway, &place).await;
    let none = |answer: &Answer| (age(answer)? == 0).then_some(());
    gateway.until("/metrics", none).await;
}

/// The checks of readiness, and the metrics of a moment at which none of them changed.
async fn standing(gateway: &Gateway) -> (Vec<Value>, Answer) {
    let checks = async || {
        let readiness = gateway.admin("/readyz").await.json();
        let mut checks = readiness["checks"].as_array().unwrap().clone();
        // Words may tell of time.
        for check in &mut checks {
            check.as_object_mut().unwrap().remove("detail");
        }
        checks
    };
    loop {
        let before = checks().await;
        let metrics = gateway.admin("/metrics").await;
        if before == checks().await {
            return (before, metrics);
        }
    }
}

#[actix_web::test]
async fn every_check_of_readiness_is_a_metric() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let fault = Fault::answer(400, r#"{"error":"invalid_request"}"#);
    azure.inject(Service::Token, fault, Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let (checks, metrics) = standing(&gateway).await;

    assert!(checks.len() > 5, "{checks:?}");
    for check in &checks {
        let (name, required) = (check["name"].as_str().unwrap(), &check["required"]);
        let series = format!("readiness_check{{check=\"{name}\",required=\"{required}\"}}");
        let ok = if check["ok"] == true { "1" } else { "0" };
        assert_eq!(value(&metrics, &series).as_deref(), Some(ok), "{series}");
    }
    let token = r#"readiness_check{check="token:arm",required="true"}"#;
    assert_eq!(value(&metrics, token).as_deref(), Some("0"));
}

#[actix_web::test]
async fn a_scrape_sees_a_token_end_and_come_again() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::from_secs(4),
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::ContainerApp, &[]);
    let series = r#"readiness_check{check="token:arm",required="true"}"#;
    let is = |ok| move |answer: &Answer| (value(answer, series)? == ok).then_some(());
    gateway.until("/metrics", is("1")).await;
    let fails = Fault::answer(500, "{}");
    gateway.azure.inject(Service::Token, fails, Times::Always);

    gateway.until("/metrics", is("0")).await;

    gateway.azure.clear(Service::Token);
    gateway.until("/metrics", is("1")).await;
}

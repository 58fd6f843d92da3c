//! What metrics tell of the moment at which they are asked for.

use azure_sandbox::{Fault, Service, Times};

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

    let is = |age| move |answer: &Answer| (value(answer, OLDEST)? == age).then_some(());
    gateway.until("/metrics", is("1")).await;
    gateway.until("/metrics", is("2")).await;
    hold.release();

    ended(&gateway, &place).await;
    gateway.until("/metrics", is("0")).await;
}

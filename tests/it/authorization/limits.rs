//! How many changes callers may order, and how many a group may have.

use azure_sandbox::{Caller, CallerToken, Service};

use super::{BOTH_GROUPS, order, token};
use crate::{
    answer::Answer,
    callers::bearer::{EVERYBODY, entra},
    gateway::Gateway,
    orders::{CHANGES, patched_at},
};

#[actix_web::test]
async fn a_caller_orders_no_more_changes_than_it_may() {
    let gateway = entra(&[("MIG_CALLER_CHANGES", "2/10m")]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);

    let first = order(&gateway, "/vms/web-01/restart", &operator).await;
    let tried = order(&gateway, "/vms/web-03/restart?dryRun=true", &operator).await;
    let second = order(&gateway, "/vms/web-02/restart", &operator).await;
    let third = order(&gateway, "/vms/web-03/restart", &operator).await;

    assert_eq!([first.status, tried.status, second.status], [202, 200, 202]);
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"caller\";q=2;w=600")
    );
    assert_eq!(first.header("ratelimit"), Some("\"caller\";r=1;t=300"));
    let told = (third.status, third.code());
    assert_eq!(told, (429, "too_many_changes".to_owned()));
    let left = third.header("ratelimit").unwrap();
    assert!(left.starts_with("\"caller\";r=0;t="), "{left}");
    let pause: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((290..=300).contains(&pause), "{pause}");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);

    let other = Caller::app("somebody else").with_roles(&["Vm.Operate"]);
    let other = gateway.azure.caller_token(&CallerToken::of(other));
    let taken = order(&gateway, "/vms/web-03/restart", &other).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
}

#[actix_web::test]
async fn a_group_has_no_more_machines_changed_than_it_may() {
    let gateway = entra(&[("MIG_GROUP_CHANGES", "1/10m"), ("MIG_SCOPES", BOTH_GROUPS)]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);

    let first = order(&gateway, "/vms/web-01/restart", &operator).await;
    let second = order(&gateway, "/vms/web-02/restart", &operator).await;
    let elsewhere = order(&gateway, "/vms/db-01/restart", &operator).await;

    assert_eq!([first.status, elsewhere.status], [202, 202]);
    let told = (second.status, second.code());
    assert_eq!(
        told,
        (429, "too_many_changes".to_owned()),
        "{}",
        second.text()
    );
    let policy = second.header("ratelimit-policy");
    assert_eq!(policy, Some("\"resourceGroup\";q=1;w=600"));
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
}

#[actix_web::test]
async fn what_a_limit_refuses_is_counted_by_the_limit() {
    let limits = [
        ("MIG_CALLER_CHANGES", "2/10m"),
        ("MIG_GROUP_CHANGES", "1/10m"),
    ];
    let gateway = entra(&limits);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let refused = async || {
        let text = gateway.admin("/metrics").await.text();
        ["caller", "resourceGroup"].map(|limit| {
            let series = format!("mi_gateway_changes_refused_total{{limit=\"{limit}\"}} ");
            let mut lines = text.lines();
            let count = lines.find_map(|line| line.strip_prefix(&series));
            count.map(str::to_owned)
        })
    };
    let counts = |caller: &str, group: &str| [caller, group].map(|it| Some(it.to_owned()));
    assert_eq!(refused().await, counts("0", "0"));

    order(&gateway, "/vms/web-01/restart", &operator).await;
    assert_eq!(refused().await, counts("0", "0"));
    order(&gateway, "/vms/web-02/restart", &operator).await;
    assert_eq!(refused().await, counts("0", "1"));
    order(&gateway, "/vms/web-03/restart", &operator).await;
    assert_eq!(refused().await, counts("1", "1"));
}

/// A gateway that takes changes of tags from everybody, with this limit.
fn changing(limit: (&str, &str)) -> Gateway {
    entra(&[CHANGES, ("MIG_POLICY_FILE", EVERYBODY), limit])
}

/// Changes the tags of the machine at `path`.
async fn tagged(gateway: &Gateway, path: &str, token: &str) -> Answer {
    let header = format!("Bearer {token}");
    let headers = [("authorization", header.as_str())];
    patched_at(gateway, path, &headers, r#"{"tags":{}}"#).await
}

#[actix_web::test]
async fn a_change_of_tags_is_one_of_a_callers_changes() {
    let gateway = changing(("MIG_CALLER_CHANGES", "2/10m"));
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);

    let first = tagged(&gateway, "/vms/web-01", &caller).await;
    let second = order(&gateway, "/vms/web-02/restart", &caller).await;
    let third = tagged(&gateway, "/vms/web-03", &caller).await;

    assert_eq!([first.status, second.status], [200, 202]);
    assert_eq!(first.header("ratelimit"), Some("\"caller\";r=1;t=300"));
    let told = (third.status, third.code());
    assert_eq!(told, (429, "too_many_changes".to_owned()));
    let left = third.header("ratelimit").unwrap();
    assert!(left.starts_with("\"caller\";r=0;t="), "{left}");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
}

#[actix_web::test]
async fn a_change_of_tags_is_one_of_a_groups_changes() {
    let gateway = changing(("MIG_GROUP_CHANGES", "1/10m"));
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);

    let first = tagged(&gateway, "/vms/web-01", &caller).await;
    let second = tagged(&gateway, "/vms/web-02", &caller).await;
    let third = order(&gateway, "/vms/web-03/restart", &caller).await;

    assert_eq!(first.status, 200, "{}", first.text());
    for refused in [second, third] {
        let told = (refused.status, refused.code());
        assert_eq!(told, (429, "too_many_changes".to_owned()));
        let policy = refused.header("ratelimit-policy");
        assert_eq!(policy, Some("\"resourceGroup\";q=1;w=600"));
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

//! Listings from a replica of the directory.

mod answers;
mod emptiness;
mod faults;
mod filters;
mod resync;
mod silence;
mod size;

use std::collections::BTreeMap;

use azure_sandbox::{Host, Sandbox, Service, Settings};
use serde_json::Value;

use crate::{
    answer::Answer,
    gateway::Gateway,
    people::{self, ids, listing, next},
};

const REPLICA: [(&str, &str); 2] = [
    ("MIG_DIRECTORY", "replica"),
    ("MIG_DIRECTORY_POLL", "100ms"),
];

const OK_ROUNDS: &str = r#"directory_replica_rounds_total{outcome="ok"}"#;

const EVERYTHING: &str = "&select=id,displayName,givenName,surname,userPrincipalName,mail,\
                          jobTitle,department,officeLocation,mobilePhone,businessPhones,\
                          preferredLanguage,accountEnabled,userType,employeeId,companyName";

type Rows = BTreeMap<String, Value>;

/// A gateway with a replica, in front of an Azure with `settings`.
fn before(settings: Settings) -> Gateway {
    let azure = Sandbox::start(settings).unwrap();
    Gateway::before(azure, Host::ContainerApp, &REPLICA)
}

/// The same, once it answers from the replica, and asks Graph for nothing but
/// changes.
async fn warm() -> Gateway {
    warm_with(&[]).await
}

/// The same, with variables of its own.
async fn warm_with(vars: &[(&str, &str)]) -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[&REPLICA[..], vars].concat());
    rounds(&gateway, 1.0).await;
    gateway.proven().await;
    gateway
}

/// Makes Graph forget its delta tokens while a request for changes waits: one that
/// is being answered would get a new token, and the old ones would not be missed.
async fn forget_tokens(azure: &Sandbox) {
    let hold = azure.hold(Service::Graph);
    hold.arrived(1).await;
    azure.forget_delta_tokens();
    hold.release();
}

/// Resolves when `count` rounds have come to their end.
async fn rounds(gateway: &Gateway, count: f64) {
    reached(gateway, OK_ROUNDS, count).await;
}

/// Resolves when the metric `series` is `value` or more.
async fn reached(gateway: &Gateway, series: &str, value: f64) {
    let start = format!("mi_gateway_{series} ");
    let of = |line: &str| line.strip_prefix(&start)?.parse::<f64>().ok();
    gateway
        .until("/metrics", |answer| {
            let text = answer.text();
            text.lines().find_map(of).filter(|it| *it >= value)
        })
        .await;
}

/// Resolves when the gateway has heard of all that has changed by now: the round
/// under way may have begun before.
async fn caught_up(gateway: &Gateway) {
    let before = gateway.metric(OK_ROUNDS).await;
    rounds(gateway, before + 2.0).await;
}

/// The users on a page, with their ids.
fn users(page: &Answer) -> impl Iterator<Item = (String, Value)> {
    ids(page).into_iter().zip(people::rows(page))
}

/// Every user on the pages from `path` on, by id.
async fn rows(gateway: &Gateway, path: String) -> Rows {
    let mut rows = Rows::new();
    let mut path = Some(path);
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        path = next(&page);
        assert!(path.is_none() || !ids(&page).is_empty(), "a page of nobody");
        for (id, user) in users(&page) {
            assert!(rows.insert(id, user).is_none(), "somebody comes twice");
        }
    }
    rows
}

/// The gateway lists every department as one without a replica does.
async fn assert_as_in_graph(gateway: &Gateway) {
    let direct = gateway.twin();
    for department in gateway.azure.departments() {
        let path = listing(&department, &format!("{EVERYTHING}&top=999"));
        let expected = rows(&direct, path.clone()).await;
        assert_eq!(rows(gateway, path).await, expected, "{department}");
    }
}

#[actix_web::test]
async fn every_department_is_as_in_graph_at_any_page_size() {
    let gateway = warm().await;
    let direct = gateway.twin();
    for department in gateway.azure.departments() {
        let path = |top: u16| listing(&department, &format!("{EVERYTHING}&top={top}"));
        let expected = rows(&direct, path(999)).await;
        let tops: &[u16] = if expected.len() > 40 {
            &[23, 999]
        } else {
            &[1, 2, 7, 999]
        };
        for top in tops {
            let found = rows(&gateway, path(*top)).await;
            assert_eq!(found, expected, "{department} by {top}");
        }
    }
}

#[actix_web::test]
async fn a_listing_asks_graph_for_nothing() {
    let gateway = warm().await;
    assert_eq!(rows(&gateway, listing("R&D", "&top=50")).await.len(), 310);
    let requests = gateway.listings();
    assert!(requests.iter().all(|it| it.path.ends_with("/users/delta")));
    assert!(requests.len() >= 10);
    let low = |header: Option<&str>| header == Some("Low");
    assert!(
        requests
            .iter()
            .all(|it| low(it.header("x-ms-throttle-priority")))
    );
}

#[actix_web::test]
async fn ten_thousand_changes_leave_it_as_graph_is() {
    let gateway = warm().await;
    for step in 0..10 {
        gateway.azure.churn(1_000, step);
        if step % 3 == 0 {
            caught_up(&gateway).await;
        }
    }
    caught_up(&gateway).await;
    assert_as_in_graph(&gateway).await;
    let changes = gateway.metric("directory_replica_changes_total").await;
    assert!(changes > 5_000.0, "{changes}");
}

#[actix_web::test]
async fn users_who_come_and_go_move_nobody_to_another_page() {
    let gateway = warm().await;
    let path = listing("R&D", "&select=id&top=100");
    let first = gateway.get(&path).await;
    let seen = ids(&first);
    for id in [&seen[0], &seen[50], &seen[99]] {
        gateway.azure.remove_user(id);
    }
    let moved = serde_json::json!({ "department": "Sales" });
    gateway.azure.change_user(&seen[98], &moved);
    for _ in 0..5 {
        gateway.azure.add_user(Some("R&D"));
    }
    caught_up(&gateway).await;
    let rest = rows(&gateway, next(&first).unwrap()).await;
    let now = gateway.azure.user_ids("R&D");
    let missed: Vec<_> = now
        .iter()
        .filter(|id| !seen.contains(id) && !rest.contains_key(*id))
        .collect();
    // Who is new may stand before the place that the listing had reached.
    assert!(missed.iter().all(|id| **id < seen[99]), "{missed:?}");
    assert!(rest.keys().all(|id| !seen.contains(id) && now.contains(id)));
    assert!(rest.len() >= 210, "{}", rest.len());
}

#[actix_web::test]
async fn graph_is_asked_until_everybody_has_been_heard_of() {
    // Two thousand pages, and the listing is one.
    let gateway = before(Settings {
        delta_page: 1,
        ..Settings::default()
    });
    let found = rows(&gateway, listing("Seinfeld", "")).await;
    assert_eq!(found.len(), 26);
    let asked = gateway.listings();
    assert!(asked.iter().any(|it| it.path.ends_with("/users")));
    let shown = gateway.admin("/metrics").await.text();
    assert!(!shown.contains("mi_gateway_directory_replica_as_of_timestamp_seconds "));
}

#[actix_web::test]
async fn who_has_left_does_not_make_a_directory_too_large_when_it_is_read_anew() {
    let gateway = warm_with(&[("MIG_DIRECTORY_MOST_USERS", "2005")]).await;
    let hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;
    for id in gateway.azure.user_ids("R&D").iter().take(10) {
        gateway.azure.purge_user(id);
        gateway.azure.add_user(Some("R&D"));
    }
    gateway.azure.forget_delta_tokens();
    hold.release();
    reached(&gateway, resync::RESYNCS, 1.0).await;
    caught_up(&gateway).await;
    let asked = gateway.listings().len();
    assert_eq!(rows(&gateway, listing("R&D", "&top=50")).await.len(), 310);
    let since = &gateway.listings()[asked..];
    assert!(since.iter().all(|it| it.path.ends_with("/users/delta")));
}

#[actix_web::test]
async fn a_directory_that_is_too_large_is_asked_of_graph() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let few = ("MIG_DIRECTORY_MOST_USERS", "900");
    let gateway = Gateway::before(azure, Host::ContainerApp, &[&REPLICA[..], &[few]].concat());
    reached(&gateway, "directory_replica_changes_total", 901.0).await;
    assert_eq!(rows(&gateway, listing("R&D", "&top=50")).await.len(), 310);
    let asked = gateway.listings();
    let listings = asked.iter().filter(|it| it.path.ends_with("/users"));
    assert_eq!(listings.count(), 7);
    assert!((gateway.metric("directory_replica_users").await).abs() < 0.5);
}

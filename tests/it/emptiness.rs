//! That there is nobody is said only where somebody would be seen, however late the end.

use azure_sandbox::{AppRoles, Host, Sandbox, Service, Settings};
use serde_json::Value;

use crate::{
    gateway::Gateway,
    people::{ids, listing, next},
};

/// More empty pages than are followed for one caller at a time.
const MANY: usize = 60;

/// A gateway that is shown users without their departments.
async fn half_blind() -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.app_roles(AppRoles::BasicHidden);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.standing("silently_empty").await;
    gateway
}

/// Has the listing that is asked for next come to its end after [`MANY`] empty pages, and
/// what is asked for meanwhile at once.
fn end_late(azure: &Sandbox) -> impl Future<Output = ()> {
    azure.empty_pages(MANY);
    let first = azure.hold(Service::Graph);
    async move {
        first.arrived(1).await;
        let second = azure.hold(Service::Graph);
        first.release();
        second.arrived(1).await;
        azure.empty_pages(0);
        second.release();
    }
}

fn assert_not_shown(problem: &Value) {
    assert_eq!(problem["code"], "upstream_refused", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("User.ReadBasic.All"), "{detail}");
}

#[actix_web::test]
async fn a_last_page_without_anybody_is_proven_where_nobody_came_before() {
    let gateway = half_blind().await;
    let path = listing("R&D", "");
    let (first, ()) = tokio::join!(gateway.get(&path), end_late(&gateway.azure));
    assert!(ids(&first).is_empty(), "{}", first.text());
    let last = gateway.get(&next(&first).unwrap()).await;
    assert_eq!(last.status, 502);
    assert_not_shown(&last.json());
}

#[actix_web::test]
async fn a_whole_listing_without_anybody_breaks_off_where_that_is_not_proven() {
    let gateway = half_blind().await;
    let path = listing("R&D", "");
    let accept = [("accept", "application/x-ndjson")];
    let whole = gateway.send("GET", gateway.api, &path, &accept, Vec::new());
    let (ndjson, ()) = tokio::join!(whole, end_late(&gateway.azure));
    let text = ndjson.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_not_shown(&last["error"]);

    let csv = gateway.broken_off(&path, ("accept", "text/csv"));
    tokio::join!(csv, end_late(&gateway.azure));
}

#[actix_web::test]
async fn a_last_page_without_anybody_ends_a_listing_where_departments_are_shown() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("Nobody", "");
    let (first, ()) = tokio::join!(gateway.get(&path), end_late(&gateway.azure));
    let last = gateway.get(&next(&first).unwrap()).await;
    assert_eq!((last.status, next(&last)), (200, None));
}

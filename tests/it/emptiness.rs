//! That there is nobody is said only where somebody would be seen, however late the end.

use std::{rc::Rc, time::Duration};

use actix_web::rt::{self, task::JoinHandle, time};
use azure_sandbox::{AppRoles, Fault, Hold, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
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

/// A gateway that has no proof yet, as its own look for one hangs.
async fn without_proof() -> Rc<Gateway> {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let slow = Fault::Delay(Duration::from_mins(5));
    azure.inject(Service::Graph, slow, Times::Next(1));
    let limits = [("MIG_UPSTREAM_TIMEOUT", "4s")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &limits);
    gateway.azure.arrived(Service::Graph, 1).await;
    Rc::new(gateway)
}

fn nobody(gateway: &Rc<Gateway>) -> JoinHandle<Answer> {
    let gateway = Rc::clone(gateway);
    rt::spawn(async move { gateway.get(&listing("Nobody", "")).await })
}

/// A caller whose page has come, and whose look at the permission waits.
async fn who_looks(gateway: &Rc<Gateway>) -> (JoinHandle<Answer>, Hold) {
    let page = gateway.azure.hold(Service::Graph);
    let caller = nobody(gateway);
    page.arrived(1).await;
    let look = gateway.azure.hold(Service::Graph);
    page.release();
    look.arrived(1).await;
    (caller, look)
}

#[actix_web::test]
async fn a_caller_short_of_time_leaves_the_proof_as_it_is() {
    let gateway = without_proof().await;
    let (caller, look) = who_looks(&gateway).await;
    let late = caller.await.unwrap();
    let told = (late.status, late.code());
    assert_eq!(told, (504, "upstream_timeout".to_owned()));
    gateway.standing("unproven").await;
    look.release();
    let next = nobody(&gateway).await.unwrap();
    assert_eq!(next.status, 200, "{}", next.text());
    gateway.proven().await;
}

#[actix_web::test]
async fn who_joined_a_caller_without_time_for_a_proof_has_their_own() {
    let gateway = without_proof().await;
    let (first, look) = who_looks(&gateway).await;
    // So much more time has the second one.
    time::sleep(Duration::from_millis(2_500)).await;
    let second = nobody(&gateway);
    assert_eq!(first.await.unwrap().status, 504);
    look.release();
    let second = second.await.unwrap();
    assert_eq!(second.status, 200, "{}", second.text());
}

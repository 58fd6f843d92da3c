//! What is answered while Graph is away, and what is asked once it is back.

use azure_sandbox::{Fault, Sandbox, Service, Settings, Times};

use super::{caught_up, reached, resync::on_to_the_next, rows, warm, warm_with};
use crate::{answer::Answer, gateway::Gateway, people::listing};

const FAILED: &str = r#"directory_replica_rounds_total{outcome="failed"}"#;

#[actix_web::test]
async fn answers_go_on_while_graph_is_away_and_changes_when_it_is_back() {
    let gateway = warm().await;
    let path = listing("R&D", "&top=100");
    let old = rows(&gateway, path.clone()).await;
    let away = gateway.azure.refuse_connections();
    let new = gateway.azure.add_user(Some("R&D"));
    reached(&gateway, FAILED, 1.0).await;
    assert_eq!(rows(&gateway, path.clone()).await, old);
    drop(away);
    let path = listing("R&D", "&top=999&select=id");
    gateway
        .until(&path, |page| page.text().contains(&new).then_some(()))
        .await;
}

#[actix_web::test]
async fn a_page_that_fails_is_asked_again_and_not_the_pages_before_it() {
    let gateway = warm().await;
    let mut hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;
    gateway.azure.forget_delta_tokens();
    let before = gateway.listings().len();
    // What is forgotten, and three pages.
    for _ in 0..4 {
        hold = on_to_the_next(&gateway, hold).await;
    }
    // Three tries make one failure.
    let broken = Fault::answer(500, "{}");
    gateway.azure.inject(Service::Graph, broken, Times::Next(4));
    hold.release();
    caught_up(&gateway).await;
    assert!(gateway.metric(FAILED).await >= 1.0);

    let asked = &gateway.listings()[before..];
    let starts = asked.iter().filter(|it| it.query.starts_with("$select="));
    assert_eq!(starts.count(), 1);
    let fourth = &asked[3].query;
    let again = asked.iter().filter(|it| it.query == *fourth);
    assert_eq!(again.count(), 5);
}

#[actix_web::test]
async fn a_link_that_leads_elsewhere_gets_no_token() {
    let elsewhere = Sandbox::start(Settings::default()).unwrap();
    let gateway = warm().await;
    let link = format!("{}/v1.0/users/delta?$deltatoken=x", elsewhere.url());
    let body = format!(r#"{{"value":[],"@odata.deltaLink":"{link}"}}"#);
    let page = Fault::answer(200, &body);
    gateway.azure.inject(Service::Graph, page, Times::Next(1));
    reached(&gateway, FAILED, 1.0).await;
    assert!(elsewhere.requests(Service::Graph).is_empty());
    assert_eq!(rows(&gateway, listing("Seinfeld", "")).await.len(), 26);
}

/// Has Graph tell of the same user again and again, on so many pages that lead on.
fn go_on(gateway: &Gateway, pages: usize) {
    let again = r#"{"id":"again","department":"R&D"},"#.repeat(1_000);
    let again = again.trim_end_matches(',');
    for page in 0..pages {
        // None leads to itself.
        let token = page % 2;
        let link = format!(
            "{}/v1.0/users/delta?$skiptoken={token}",
            gateway.azure.url()
        );
        let body = format!(r#"{{"value":[{again}],"@odata.nextLink":"{link}"}}"#);
        let fault = Fault::answer(200, &body);
        gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    }
}

#[actix_web::test]
async fn a_reading_without_an_end_is_given_up() {
    let gateway = warm_with(&[("MIG_DIRECTORY_MOST_USERS", "2005")]).await;
    let path = listing("R&D", "&top=999&select=id");
    let hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;
    // Eleven are more than a round of so few users tells of: they are enough for one of
    // changes, and for a reading after it.
    go_on(&gateway, 60);
    let before = gateway.listings().len();
    hold.release();
    reached(&gateway, FAILED, 2.0).await;
    assert_eq!(rows(&gateway, path.clone()).await.len(), 311);
    let mut asked = gateway.listings().into_iter().skip(before);
    let anew = asked.position(|it| it.query.starts_with("$select="));
    assert_eq!(anew, Some(10));

    gateway.azure.clear(Service::Graph);
    caught_up(&gateway).await;
    assert_eq!(rows(&gateway, path).await.len(), 310);
}

#[actix_web::test]
async fn who_is_refused_has_nothing_to_show_any_more() {
    let gateway = warm().await;
    let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient"}}"#;
    let denied = Fault::answer(403, body);
    gateway.azure.inject(Service::Graph, denied, Times::Always);
    let path = listing("R&D", "");
    let refused = |answer: &Answer| (answer.status == 502).then(|| answer.code());
    assert_eq!(gateway.until(&path, refused).await, "upstream_refused");

    gateway.azure.clear(Service::Graph);
    let served = r#"directory_pages_total{event="replica"}"#;
    let before = gateway.metric(served).await;
    caught_up(&gateway).await;
    assert_eq!(gateway.get(&path).await.status, 200);
    assert!(gateway.metric(served).await > before);
}

//! What answers from the replica are like beside their rows.

use std::collections::BTreeSet;

use azure_sandbox::{Host, Sandbox, Service, Settings};

use super::{REPLICA, before, caught_up, rounds, rows, warm};
use crate::{
    answer::Answer,
    gateway::Gateway,
    people::{ids, listing, next},
};

async fn with(gateway: &Gateway, path: &str, header: (&str, &str)) -> Answer {
    let headers = [header];
    gateway
        .send("GET", gateway.api, path, &headers, Vec::new())
        .await
}

fn listings(gateway: &Gateway) -> usize {
    let asked = gateway.listings();
    asked
        .iter()
        .filter(|it| it.path.ends_with("/users"))
        .count()
}

#[actix_web::test]
async fn a_whole_listing_comes_from_memory() {
    let gateway = warm().await;
    let path = listing("Engineering", "&select=id");
    let answer = with(&gateway, &path, ("accept", "application/x-ndjson")).await;
    let found = answer.text().lines().count();
    assert_eq!(found, gateway.azure.user_ids("Engineering").len());
    let answer = with(&gateway, &path, ("accept", "text/csv")).await;
    assert_eq!(answer.text().lines().count(), found + 1);
    assert_eq!(listings(&gateway), 0);
}

#[actix_web::test]
async fn an_answer_tells_its_age_and_is_known_again() {
    let gateway = warm().await;
    let path = listing("Seinfeld", "&top=5");
    let answer = gateway.get(&path).await;
    let age: u64 = answer.header("age").unwrap().parse().unwrap();
    assert!(age < 20, "{age}");
    assert!(answer.header("x-data-as-of").is_some());
    let tag = answer.header("etag").unwrap();
    let again = with(&gateway, &path, ("if-none-match", tag)).await;
    assert_eq!(again.status, 304);

    let gone = ids(&answer).remove(0);
    gateway.azure.remove_user(&gone);
    caught_up(&gateway).await;
    let again = with(&gateway, &path, ("if-none-match", tag)).await;
    assert_eq!(again.status, 200);
    assert!(!again.text().contains(&gone));
}

#[actix_web::test]
async fn who_wants_it_fresher_gets_it_from_graph_and_stays_there() {
    let gateway = warm().await;
    let path = listing("R&D", "&top=200&select=id");
    let first = with(&gateway, &path, ("cache-control", "no-cache")).await;
    assert_eq!(listings(&gateway), 1);
    let second = gateway.get(&next(&first).unwrap()).await;
    assert_eq!(listings(&gateway), 2);
    assert_eq!(ids(&first).len() + ids(&second).len(), 310);
    assert!(next(&second).is_none());
}

#[actix_web::test]
async fn a_listing_that_was_begun_in_memory_goes_on_there_whatever_a_caller_wants() {
    let gateway = warm().await;
    let mut page = gateway.get(&listing("R&D", "&top=100&select=id")).await;
    let mut found = ids(&page);
    while let Some(path) = next(&page) {
        page = with(&gateway, &path, ("cache-control", "no-cache")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        found.extend(ids(&page));
    }
    let expected = gateway.azure.user_ids("R&D");
    assert_eq!(found.len(), expected.len(), "none twice");
    assert_eq!(BTreeSet::from_iter(found), expected);
    assert_eq!(listings(&gateway), 0);
}

#[actix_web::test]
async fn a_cursor_is_of_no_use_in_another_query() {
    let gateway = warm().await;
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    let path = next(&page).unwrap();
    let (_, cursor) = path.split_once("&cursor=").unwrap();
    for elsewhere in [
        listing("Sales", &format!("&top=5&cursor={cursor}")),
        listing("R&D", &format!("&top=6&cursor={cursor}")),
        listing("R&D", &format!("&top=5&select=id&cursor={cursor}")),
        listing("R&D", &format!("&top=5&enabled=true&cursor={cursor}")),
    ] {
        let answer = gateway.get(&elsewhere).await;
        let refused = (answer.status, answer.code());
        assert_eq!(refused, (400, "invalid_request".to_owned()), "{elsewhere}");
    }
}

#[actix_web::test]
async fn a_listing_goes_on_at_another_gateway_that_has_a_replica() {
    let gateway = warm().await;
    let page = gateway.get(&listing("R&D", "&top=100&select=id")).await;
    let path = next(&page).unwrap();

    let other = before(Settings::default());
    rounds(&other, 1.0).await;
    assert_eq!(rows(&other, path.clone()).await.len(), 210);

    let direct = gateway.twin();
    let answer = direct.get(&path).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request")
    );
    assert!(answer.text().contains("begin again"), "{}", answer.text());

    // One that is not warm yet says the same.
    let azure = Sandbox::start(Settings::default()).unwrap();
    let hold = azure.hold(Service::Graph);
    let cold = Gateway::before(azure, Host::ContainerApp, &REPLICA);
    let answer = cold.get(&path).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("expired"), "{}", answer.text());
    hold.release();
}

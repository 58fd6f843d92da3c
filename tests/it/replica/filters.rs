//! Filters find in the replica whom they find in Graph.

use std::collections::BTreeSet;

use azure_sandbox::Settings;
use serde_json::json;
use url::form_urlencoded;

use super::{EVERYTHING, before, caught_up, rounds, rows, warm};
use crate::people::{ids, in_ndjson, listing, pages};

/// Asks with and without a replica.
async fn compared(filters: &[&str]) {
    let gateway = warm().await;
    let direct = gateway.twin();
    for filter in filters {
        let path = listing("engineering", &format!("{EVERYTHING}{filter}&top=50"));
        let expected = rows(&direct, path.clone()).await;
        assert!(!expected.is_empty(), "{filter}");
        assert_eq!(rows(&gateway, path).await, expected, "{filter}");
    }
}

#[actix_web::test]
async fn accounts_are_told_apart_as_graph_does() {
    compared(&[
        "&enabled=false",
        "&enabled=true&userType=guest",
        "&userType=Member",
    ])
    .await;
}

#[actix_web::test]
async fn names_and_several_departments_are_found_as_by_graph() {
    compared(&[
        "&department=Sales",
        "&department=Nobody&department=sales&userType=Member",
        "&search=o%27",
        "&search=m%C3%BC",
        "&search=AD&enabled=true",
    ])
    .await;
}

#[actix_web::test]
async fn case_is_not_told_apart_in_greek_either() {
    let gateway = warm().await;
    let id = gateway.azure.add_user(Some("ΟΔΟΣ"));
    let name = json!({ "displayName": "Ασημάκης", "surname": "ΑΣΗΜΑΚΗΣ" });
    gateway.azure.change_user(&id, &name);
    caught_up(&gateway).await;
    let direct = gateway.twin();
    for (department, search) in [("οδοσ", "ΑΣ"), ("οδος", "ασ"), ("Οδος", "ΑΣΗΜΑΚΗΣ")]
    {
        let path = listing(
            department,
            &format!("{EVERYTHING}&search={}", encoded(search)),
        );
        let expected = rows(&direct, path.clone()).await;
        assert!(expected.keys().eq([&id]), "{department} {search}");
        assert_eq!(
            rows(&gateway, path).await,
            expected,
            "{department} {search}"
        );
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[actix_web::test]
async fn a_search_among_many_comes_in_parts_and_misses_nobody() {
    let gateway = before(Settings {
        users: Some(6_000),
        ..Settings::default()
    });
    rounds(&gateway, 1.0).await;
    gateway.proven().await;
    let path = listing("Workforce", "&search=ad&select=id&top=999");
    let direct = pages(&gateway.twin(), path.clone()).await;
    let expected: BTreeSet<_> = direct.iter().flat_map(ids).collect();
    assert!((1..999).contains(&expected.len()), "{}", expected.len());

    let parts = pages(&gateway, path.clone()).await;
    assert_eq!(parts.len(), 2);
    assert_eq!(
        parts.iter().flat_map(ids).collect::<BTreeSet<_>>(),
        expected
    );
    let ndjson = [("accept", "application/x-ndjson")];
    let whole = gateway.send("GET", gateway.api, &path, &ndjson, Vec::new());
    assert_eq!(BTreeSet::from_iter(in_ndjson(&whole.await)), expected);
}

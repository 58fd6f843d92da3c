//! Filters find in the replica whom they find in Graph.

use serde_json::json;
use url::form_urlencoded;

use super::{EVERYTHING, caught_up, rows, warm};
use crate::people::listing;

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

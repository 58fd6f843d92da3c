//! Filters find in the replica whom they find in Graph.

use super::{EVERYTHING, rows, warm};
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

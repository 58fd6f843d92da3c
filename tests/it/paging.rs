//! Listings that Graph interrupts.

use std::collections::BTreeSet;

use azure_sandbox::{Fault, Service, Times};
use futures_util::future::join_all;

use crate::{
    gateway::Gateway,
    people::{ids, listing, next},
};

/// Nothing is kept: each page comes from Graph.
const UNCACHED: [(&str, &str); 2] = [
    ("MIG_DIRECTORY_MAX_AGE", "0s"),
    ("MIG_DIRECTORY_STALE_IF_ERROR", "0s"),
];

/// The users of a listing, with `between` done before each page but the first.
async fn found(gateway: &Gateway, first: String, between: impl Fn(&Gateway)) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = Some(first);
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        found.extend(ids(&page));
        path = next(&page);
        between(gateway);
    }
    found
}

#[actix_web::test]
async fn faults_between_pages_lose_nobody() {
    let disturb: [fn(&Gateway); 4] = [
        |it| it.azure.expire_page_tokens(),
        |it| inject(it, Fault::Reset),
        |it| inject(it, Fault::Truncate),
        |it| inject(it, Fault::answer(503, "{}")),
    ];
    let listings = disturb.map(|between| async move {
        for (department, top) in [
            ("Kramer's Ideas", "1"),
            ("Küche & Café", "7"),
            ("R&D", "99"),
        ] {
            // A fault at every page: each gateway may ask again for twenty, and no more.
            let gateway = Gateway::with(&UNCACHED);
            gateway.proven().await;
            whole(&gateway, department, top, between).await;
        }
    });
    join_all(listings).await;
}

#[actix_web::test]
async fn throttling_between_pages_loses_nobody() {
    let gateway = Gateway::with(&UNCACHED);
    gateway.proven().await;
    // A second or two each time.
    let throttle = |it: &Gateway| inject(it, Fault::Throttle { retry_after: 1 });
    whole(&gateway, "Küche & Café", "7", throttle).await;
}

async fn whole(gateway: &Gateway, department: &str, top: &str, between: impl Fn(&Gateway)) {
    let first = listing(department, &format!("&top={top}"));
    let found = found(gateway, first, between).await;
    gateway.azure.clear(Service::Graph);
    let expected = gateway.azure.user_ids(department);
    assert_eq!(found.len(), expected.len(), "{department}: none twice");
    assert_eq!(BTreeSet::from_iter(found), expected, "{department}");
}

fn inject(gateway: &Gateway, fault: Fault) {
    gateway.azure.inject(Service::Graph, fault, Times::Next(1));
}

#[actix_web::test]
async fn a_listing_of_many_parts_is_taken_up_again_in_its_part() {
    let gateway = Gateway::with(&UNCACHED);
    gateway.proven().await;
    let departments = gateway.azure.departments();
    let mut first = "/directory/users?top=99".to_owned();
    let mut expected = BTreeSet::new();
    for department in &departments {
        let path = listing(department, "");
        let (_, parameter) = path.split_once('?').unwrap();
        first = format!("{first}&{parameter}");
        expected.extend(gateway.azure.user_ids(department));
    }
    let found = found(&gateway, first, |it| it.azure.expire_page_tokens()).await;
    assert_eq!(found.len(), expected.len(), "none twice");
    assert_eq!(BTreeSet::from_iter(found), expected);
}

#[actix_web::test]
async fn a_cursor_that_expires_again_at_once_is_not_followed_for_ever() {
    let gateway = Gateway::with(&UNCACHED);
    gateway.proven().await;
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    let body = r#"{"error":{"code":"Directory_ExpiredPageToken","message":"expired"}}"#;
    let fault = Fault::answer(400, body);
    gateway.azure.inject(Service::Graph, fault, Times::Always);
    let answer = gateway.get(&next(&page).unwrap()).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request")
    );
    assert!(answer.text().contains("begin again"), "{}", answer.text());
    assert_eq!(gateway.listings().len(), 3);
}

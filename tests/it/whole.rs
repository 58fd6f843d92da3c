//! Every department in every form, whatever happens between its pages.

use std::{collections::BTreeSet, time::Duration};

use azure_sandbox::{Fault, Host, PageLinks, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
    gateway::Gateway,
    people::{ids, in_csv, in_ndjson, listing, next},
};

const NDJSON: &str = "application/x-ndjson";

const UNCACHED: [(&str, &str); 2] = [
    ("MIG_DIRECTORY_MAX_AGE", "0s"),
    ("MIG_DIRECTORY_STALE_IF_ERROR", "0s"),
];

/// What comes instead of a page: once something that passes, and once that the
/// listing is forgotten. It is begun again once, and not if that is forgotten too.
fn troubles(random: &mut fastrand::Rng) -> [Fault; 2] {
    let forgotten = r#"{"error":{"code":"Directory_ExpiredPageToken","message":"expired"}}"#;
    let passing = match random.u8(..4) {
        0 => Fault::Reset,
        1 => Fault::Close,
        2 => Fault::Truncate,
        _ => Fault::answer(503, "{}"),
    };
    let mut troubles = [Fault::answer(400, forgotten), passing];
    random.shuffle(&mut troubles);
    troubles
}

/// Puts trouble after every so many answers, beginning with an answer.
fn disturb(azure: &Sandbox, random: &mut fastrand::Rng) {
    azure.clear(Service::Graph);
    for trouble in troubles(random) {
        let answers = Fault::Delay(Duration::ZERO);
        azure.inject(Service::Graph, answers, Times::Next(random.usize(1..4)));
        azure.inject(Service::Graph, trouble, Times::Next(1));
    }
}

/// The sizes of pages that a department of `users` is asked for in: some pages
/// each, and all at once.
fn tops(users: usize, random: &mut fastrand::Rng) -> [usize; 3] {
    let least = users / 40 + 1;
    [least, random.usize(least..=users.max(least)), 999]
}

async fn in_pages(gateway: &Gateway, department: &str, top: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = Some(listing(department, &format!("&top={top}")));
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        found.extend(ids(&page));
        path = next(&page);
    }
    found
}

async fn export(gateway: &Gateway, department: &str, top: usize, form: &str) -> Answer {
    let path = listing(department, &format!("&top={top}"));
    let accept = [("accept", form)];
    gateway
        .send("GET", gateway.api, &path, &accept, Vec::new())
        .await
}

/// Every department in front of an Azure whose links have this shape.
async fn every_department_is_whole(links: PageLinks) {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let settings = Settings {
        page_links: links,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &UNCACHED);
    gateway.proven().await;
    for department in gateway.azure.departments() {
        let expected = gateway.azure.user_ids(&department);
        for top in tops(expected.len(), &mut random) {
            for form in ["application/json", "text/csv", NDJSON] {
                gateway.azure.empty_pages(random.usize(..3));
                disturb(&gateway.azure, &mut random);
                let found = match form {
                    "text/csv" => in_csv(&export(&gateway, &department, top, form).await),
                    "application/json" => in_pages(&gateway, &department, top).await,
                    _ => in_ndjson(&export(&gateway, &department, top, form).await),
                };
                let place = format!("{department} by {top} as {form}, seed {seed}");
                assert_eq!(found.len(), expected.len(), "{place}: none twice");
                assert_eq!(BTreeSet::from_iter(found), expected, "{place}");
            }
        }
    }
}

#[actix_web::test]
async fn faults_between_pages_leave_every_department_whole_in_every_form() {
    every_department_is_whole(PageLinks::BinaryLiteral).await;
}

#[actix_web::test]
async fn links_of_the_other_shape_lead_on_as_well() {
    every_department_is_whole(PageLinks::Base64).await;
}

/// More than a whole listing follows, and not so many that it would never end.
const WITHOUT_END: usize = 1_500;

/// The listing ends with an error, and Graph was asked for no more than it takes to see.
fn assert_broken_off(gateway: &Gateway, answer: &Answer) {
    let text = answer.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_failed", "{last}");
    let asked = gateway.listings().len();
    assert!((1_000..1_100).contains(&asked), "{asked}");
}

#[actix_web::test]
async fn many_empty_pages_are_followed_and_not_for_ever() {
    let gateway = Gateway::start();
    gateway.proven().await;
    gateway.azure.empty_pages(400);
    let answer = export(&gateway, "Seinfeld", 999, NDJSON).await;
    assert_eq!(in_ndjson(&answer).len(), 26);

    let gateway = Gateway::start();
    gateway.proven().await;
    gateway.azure.empty_pages(WITHOUT_END);
    let answer = export(&gateway, "Seinfeld", 999, NDJSON).await;
    assert_broken_off(&gateway, &answer);
}

#[actix_web::test]
async fn a_listing_that_leads_in_a_circle_is_given_up() {
    let gateway = Gateway::start();
    gateway.proven().await;
    export(&gateway, "Seinfeld", 5, NDJSON).await;
    let query = gateway.listings().remove(0).query;
    let before = gateway.listings().len();
    for page in 0..100 {
        // None leads to itself.
        let (url, token) = (gateway.azure.url(), page % 3);
        let link = format!("{url}/v1.0/users?{query}&%24skiptoken={token}");
        let body = format!(r#"{{"value":[{{"id":"again"}}],"@odata.nextLink":"{link}"}}"#);
        let fault = Fault::answer(200, &body);
        gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    }
    let answer = export(&gateway, "Seinfeld", 5, NDJSON).await;
    let text = answer.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_failed", "{text}");
    assert_eq!(gateway.listings().len() - before, 4);
}

#[actix_web::test]
async fn a_listing_that_is_begun_again_is_not_looked_for_for_ever() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let first = gateway.azure.hold(Service::Graph);
    let meanwhile = async {
        first.arrived(1).await;
        let second = gateway.azure.hold(Service::Graph);
        first.release();
        second.arrived(1).await;
        gateway.azure.expire_page_tokens();
        gateway.azure.empty_pages(WITHOUT_END);
        second.release();
    };
    let (answer, ()) = tokio::join!(export(&gateway, "R&D", 50, NDJSON), meanwhile);
    assert_broken_off(&gateway, &answer);
}

//! Every department in every form, whatever happens between its pages.

use std::{collections::BTreeSet, time::Duration};

use azure_sandbox::{Fault, Host, PageLinks, Sandbox, Service, Settings, Times};

use crate::{
    answer::Answer,
    gateway::Gateway,
    people::{ids, in_csv, in_ndjson, listing, next},
};

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
            for form in ["application/json", "text/csv", "application/x-ndjson"] {
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

//! Users of departments.

use std::collections::BTreeSet;

use azure_sandbox::Service;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::form_urlencoded;

use crate::{answer::Answer, gateway::Gateway};

fn listing(department: &str, rest: &str) -> String {
    let department: String = form_urlencoded::byte_serialize(department.as_bytes()).collect();
    format!("/directory/users?department={department}{rest}")
}

fn ids(page: &Answer) -> Vec<String> {
    let page = page.json();
    let users = page["value"].as_array().unwrap().iter();
    users
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The path and query of the next page.
fn next(page: &Answer) -> Option<String> {
    let link = page.json()["nextLink"].as_str()?.to_owned();
    let (_, path) = link.split_once("/directory").unwrap();
    Some(format!("/directory{path}"))
}

/// Every page of a listing.
async fn pages(gateway: &Gateway, first: String) -> Vec<Answer> {
    let mut pages = Vec::new();
    let mut path = Some(first);
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        path = next(&page);
        pages.push(page);
    }
    pages
}

#[actix_web::test]
async fn every_department_has_exactly_its_users() {
    let gateway = Gateway::start();
    let departments = gateway.azure.departments();
    assert!(departments.len() > 20);
    for department in departments {
        let pages = pages(&gateway, listing(&department, "")).await;
        let found: Vec<_> = pages.iter().flat_map(ids).collect();
        let expected = gateway.azure.user_ids(&department);
        assert_eq!(found.len(), expected.len(), "{department}: none twice");
        assert_eq!(BTreeSet::from_iter(found), expected, "{department}");
    }
}

#[actix_web::test]
async fn a_large_department_comes_in_pages_of_the_size_asked_for() {
    let gateway = Gateway::start();
    let pages = pages(&gateway, listing("R&D", "&top=99&select=id,mail")).await;
    let sizes: Vec<_> = pages.iter().map(|page| ids(page).len()).collect();
    assert_eq!(sizes, [99, 99, 99, 13]);
    let found: BTreeSet<_> = pages.iter().flat_map(ids).collect();
    assert_eq!(found, gateway.azure.user_ids("R&D"));
    let first = &pages[0].json()["value"][0];
    assert_eq!(first.as_object().unwrap().len(), 2, "{first}");
    assert_eq!(gateway.azure.requests(Service::Graph).len(), 4);
}

#[actix_web::test]
async fn the_next_link_is_absolute_and_leads_to_where_it_was_asked() {
    let gateway = Gateway::start();
    let path = listing("Seinfeld", "&top=2");
    let page = gateway.get(&path).await;
    let link = page.json()["nextLink"].as_str().unwrap().to_owned();
    assert!(
        link.starts_with(&format!("http://{}/directory/users?", gateway.api)),
        "{link}"
    );

    let public = Gateway::with(&[("MIG_PUBLIC_URL", "https://gateway.example")]);
    let page = public.get(&path).await;
    let link = page.json()["nextLink"].as_str().unwrap().to_owned();
    assert!(
        link.starts_with("https://gateway.example/directory/users?"),
        "{link}"
    );
}

#[actix_web::test]
async fn a_department_cannot_become_more_than_one_literal() {
    let gateway = Gateway::start();
    let department = "x' or accountEnabled eq false or department eq 'x";
    let page = gateway.get(&listing(department, "")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(ids(&page).is_empty());
    let sent = gateway.azure.requests(Service::Graph).remove(0).query;
    let (_, filter) = form_urlencoded::parse(sent.as_bytes())
        .find(|(name, _)| name == "$filter")
        .unwrap();
    let literal = department.replace('\'', "''");
    assert_eq!(filter, format!("department eq '{literal}'"));
}

#[actix_web::test]
async fn a_cursor_is_of_no_use_in_another_query() {
    let gateway = Gateway::start();
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    let path = next(&page).unwrap();
    let (_, cursor) = path.split_once("&cursor=").unwrap();
    for elsewhere in [
        listing("Sales", &format!("&top=5&cursor={cursor}")),
        listing("R&D", &format!("&top=6&cursor={cursor}")),
        listing("R&D", &format!("&top=5&select=id&cursor={cursor}")),
        listing("R&D", "&top=5&cursor=bm9uc2Vuc2U"),
        listing("R&D", "&top=5&cursor=%21"),
    ] {
        let answer = gateway.get(&elsewhere).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{elsewhere}"
        );
    }
    assert_eq!(gateway.azure.requests(Service::Graph).len(), 1);
}

#[actix_web::test]
async fn an_expired_cursor_says_to_begin_again() {
    let gateway = Gateway::start();
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    gateway.azure.expire_page_tokens();
    let answer = gateway.get(&next(&page).unwrap()).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request")
    );
    assert!(answer.text().contains("expired"));
}

#[actix_web::test]
async fn a_cursor_that_graph_does_not_know_is_the_callers_fault() {
    let gateway = Gateway::start();
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    let link = next(&page).unwrap();
    let (query, cursor) = link.split_once("cursor=").unwrap();
    let own = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let (own, _) = own.split_once("$skiptoken=").unwrap();
    let forged = URL_SAFE_NO_PAD.encode(format!("{own}$skiptoken=nonsense"));

    let answer = gateway.get(&format!("{query}cursor={forged}")).await;

    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request")
    );
    assert!(answer.text().contains("begin again"), "{}", answer.text());
}

#[actix_web::test]
async fn what_graph_cannot_do_is_refused_with_what_it_can() {
    let gateway = Gateway::start();
    let long = "d".repeat(65);
    for (path, hint) in [
        ("/directory/users".to_owned(), "department"),
        (listing("", ""), "1 to 64"),
        (listing(&long, ""), "1 to 64"),
        (listing("a\u{1}b", ""), "control"),
        (listing("R&D", "&top=0"), "1 to 999"),
        (listing("R&D", "&top=1000"), "1 to 999"),
        (listing("R&D", "&select=passwordProfile"), "displayName"),
        (listing("R&D", "&filter=x"), "filter"),
    ] {
        let answer = gateway.get(&path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{path}"
        );
        assert!(answer.text().contains(hint), "{path}: {}", answer.text());
    }
    assert!(gateway.azure.requests(Service::Graph).is_empty());
}

//! Users of departments.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    gateway::Gateway,
    people::{ids, listing, next, pages, rows},
};

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
    assert_eq!(gateway.listings().len(), 4);
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
    let sent = gateway.listings().remove(0).query;
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
    assert_eq!(gateway.listings().len(), 1);
}

#[actix_web::test]
async fn a_cursor_that_graph_does_not_know_is_the_callers_fault() {
    let gateway = Gateway::start();
    let page = gateway.get(&listing("R&D", "&top=5")).await;
    let link = next(&page).unwrap();
    let (query, cursor) = link.split_once("cursor=").unwrap();
    let own = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let (own, _) = own.split_once("$skiptoken=").unwrap();
    let forged = URL_SAFE_NO_PAD.encode(format!("{own}$skiptoken=X%2744%27"));

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
        (listing("R&D", "&top=5&top=6"), "twice"),
        (listing("Ku\u{308}che", ""), "form C"),
        (listing("R&D", "&enabled=yes"), "true or false"),
        (listing("R&D", "&userType=admin"), "member or guest"),
        (listing("R&D", "&search="), "beginning of a name"),
        (listing("R&D", "&filter=x"), "search"),
        (listing("R&D", "&$orderby=displayName"), "sorts"),
        (listing("R&D", "&skip=5"), "nextLink"),
        (listing("R&D", "&sort=x"), "known are"),
    ] {
        let answer = gateway.get(&path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{path}"
        );
        assert!(answer.text().contains(hint), "{path}: {}", answer.text());
    }
    assert!(gateway.listings().is_empty());
}

#[actix_web::test]
async fn a_listing_can_be_narrowed() {
    let gateway = Gateway::start();
    let all = "&top=999&select=id,displayName,givenName,surname,accountEnabled,userType";
    let engineers = rows(&gateway.get(&listing("Engineering", all)).await);
    let narrowed = |rest: &str, holds: &dyn Fn(&Value) -> bool| {
        let expected = engineers.iter().filter(|it| holds(it));
        let expected: BTreeSet<_> = expected.map(|it| it["id"].to_string()).collect();
        assert!(!expected.is_empty() && expected.len() < engineers.len());
        (listing("Engineering", &format!("{all}{rest}")), expected)
    };
    for (path, expected) in [
        narrowed("&enabled=true", &|it| it["accountEnabled"] == true),
        narrowed("&enabled=false", &|it| it["accountEnabled"] == false),
        narrowed("&userType=guest", &|it| it["userType"] == "Guest"),
        narrowed("&userType=MEMBER&enabled=true", &|it| {
            it["userType"] == "Member" && it["accountEnabled"] == true
        }),
        narrowed("&search=o%27b", &|it| begins(it, "o'b")),
        narrowed("&search=AD&enabled=true", &|it| {
            begins(it, "ad") && it["accountEnabled"] == true
        }),
    ] {
        let page = gateway.get(&path).await;
        let found: BTreeSet<_> = rows(&page).iter().map(|it| it["id"].to_string()).collect();
        assert_eq!(found, expected, "{path}");
    }
}

fn begins(user: &Value, prefix: &str) -> bool {
    ["displayName", "givenName", "surname"].iter().any(|name| {
        let name = user[name].as_str().unwrap_or_default();
        name.to_lowercase().starts_with(prefix)
    })
}

#[actix_web::test]
async fn a_call_carries_the_trace_as_graphs_client_request_id() {
    let gateway = Gateway::start();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str())];
    let (api, path) = (gateway.api, listing("Seinfeld", ""));
    let page = gateway.send("GET", api, &path, &headers, Vec::new()).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let call = gateway.listings().remove(0);
    let id = call.header("client-request-id").unwrap_or_default();
    assert_eq!(id.replace('-', ""), trace);
}

#[actix_web::test]
async fn several_departments_come_in_one_listing() {
    let gateway = Gateway::start();
    let departments = gateway.azure.departments();
    assert!(departments.len() > 15, "more than Graph takes at once");
    let encoded: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(departments.iter().map(|it| ("department", it)))
        .append_pair("department", "SEINFELD")
        .finish();
    let mut expected = BTreeSet::new();
    for department in &departments {
        expected.extend(gateway.azure.user_ids(department));
    }
    for top in ["7", "100", "999"] {
        let first = format!("/directory/users?{encoded}&top={top}");
        let pages = pages(&gateway, first).await;
        let found: Vec<_> = pages.iter().flat_map(ids).collect();
        assert_eq!(found.len(), expected.len(), "none twice at {top}");
        assert_eq!(BTreeSet::from_iter(found), expected, "{top}");
    }
}

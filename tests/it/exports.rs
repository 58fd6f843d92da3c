//! Whole listings, as CSV and as NDJSON.

use std::{collections::BTreeSet, time::Duration};

use actix_web::rt;
use azure_sandbox::{Caller, CallerToken, Fault, Service, Times};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    answer::Answer,
    callers::bearer::entra,
    gateway::Gateway,
    people::{in_csv, in_ndjson, listing, rows},
    wire::Connection,
};

const CSV: (&str, &str) = ("accept", "text/csv");
const NDJSON: (&str, &str) = ("accept", "application/x-ndjson");

async fn whole(gateway: &Gateway, path: &str, accept: (&str, &str)) -> Answer {
    gateway
        .send("GET", gateway.api, path, &[accept], Vec::new())
        .await
}

#[actix_web::test]
async fn every_department_is_whole_in_every_form_at_any_size_of_page() {
    let gateway = Gateway::start();
    gateway.proven().await;
    for department in gateway.azure.departments() {
        let expected = gateway.azure.user_ids(&department);
        for rest in ["", "&top=20", "&top=999"] {
            let path = listing(&department, rest);
            let csv = in_csv(&whole(&gateway, &path, CSV).await);
            let ndjson = in_ndjson(&whole(&gateway, &path, NDJSON).await);
            assert_eq!(csv.len(), expected.len(), "{department}: none twice");
            assert_eq!(BTreeSet::from_iter(csv), expected, "{department}");
            assert_eq!(ndjson.len(), expected.len(), "{department}: none twice");
            assert_eq!(BTreeSet::from_iter(ndjson), expected, "{department}");
        }
    }
}

#[actix_web::test]
async fn a_row_is_the_same_in_every_form() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let select = "displayName,businessPhones,accountEnabled,jobTitle,userType";
    let path = listing("Seinfeld", &format!("&select={select}"));
    let json = rows(&gateway.get(&path).await);
    let ndjson = whole(&gateway, &path, NDJSON).await;
    let lines: Vec<Value> = ndjson
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, json);
    let csv = whole(&gateway, &path, CSV).await;
    assert!(csv.text().starts_with(&format!("{select}\r\n")));
    let phone = json[1]["businessPhones"][0].as_str().unwrap();
    let name = json[1]["displayName"].as_str().unwrap();
    let line = format!("{name},'{phone},true,Specialist,Member");
    assert_eq!(csv.text().lines().nth(2), Some(&line[..]));
}

#[actix_web::test]
async fn a_form_is_told_in_its_headers() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("Seinfeld", "");
    let csv = whole(&gateway, &path, CSV).await;
    assert_eq!(
        csv.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    assert_eq!(
        csv.header("content-disposition"),
        Some("attachment; filename=\"users.csv\"")
    );
    assert_eq!(csv.header("cache-control"), Some("no-store"));
    let ndjson = whole(&gateway, &path, NDJSON).await;
    assert_eq!(ndjson.header("content-type"), Some("application/x-ndjson"));
    let neither = whole(&gateway, &path, ("accept", "text/html")).await;
    assert_eq!(neither.status, 406);
    assert!(neither.text().contains("text/csv"), "{}", neither.text());
}

#[actix_web::test]
async fn whoever_knows_no_chunks_has_pages_and_no_whole_listing() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let (path, api) = (listing("Seinfeld", ""), gateway.api);
    let asked = |accept: &str| {
        let request = format!("GET {path} HTTP/1.0\r\nhost: {api}\r\naccept: {accept}\r\n\r\n");
        rt::task::spawn_blocking(move || Connection::to(api).ask(&request))
    };
    for accept in [CSV.1, NDJSON.1] {
        let refused = asked(accept).await.unwrap();
        let problem: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!((refused.status, &problem["status"]), (406, &406.into()));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("HTTP/1.1"), "{detail}");
        assert!(detail.contains("have a proxy"), "{detail}");
    }
    let page = asked("application/json").await.unwrap();
    let page = (page.status, serde_json::from_slice::<Value>(&page.body));
    assert_eq!((page.0, page.1.is_ok()), (200, true));
}

#[actix_web::test]
async fn nobody_is_a_header_row_or_nothing() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("Nobody", "&select=id,mail");
    assert_eq!(whole(&gateway, &path, CSV).await.text(), "id,mail\r\n");
    assert_eq!(whole(&gateway, &path, NDJSON).await.text(), "");
}

#[actix_web::test]
async fn what_is_wrong_from_the_beginning_is_a_problem() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let cursor = listing("R&D", "&cursor=MC1jYmYyOWNlNDg0MjIyMzI1PyR0b3A9NQ");
    for accept in [CSV, NDJSON] {
        let answer = whole(&gateway, &cursor, accept).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_request".to_owned())
        );
        gateway
            .azure
            .inject(Service::Graph, Fault::answer(500, "{}"), Times::Next(3));
        let answer = whole(&gateway, &listing("R&D", ""), accept).await;
        assert_eq!(
            (answer.status, answer.code()),
            (502, "upstream_failed".to_owned())
        );
    }
}

#[actix_web::test]
async fn the_first_row_takes_less_than_two_calls_to_graph() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let first = gateway.azure.hold(Service::Graph);
    let meanwhile = async {
        first.arrived(1).await;
        let second = gateway.azure.hold(Service::Graph);
        first.release();
        second
    };
    // It comes though the second call has no answer, and goes on having none.
    let (_, second) = tokio::join!(gateway.first_part(&path, NDJSON), meanwhile);
    second.release();
}

/// Faults for every second call: the calls between them are answered.
fn disturb(gateway: &Gateway, faults: &[Fault]) {
    let none = || Fault::Delay(Duration::ZERO);
    for fault in faults {
        for fault in [none(), fault.clone()] {
            gateway.azure.inject(Service::Graph, fault, Times::Next(1));
        }
    }
}

#[actix_web::test]
async fn faults_between_pages_lose_nobody() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let faults = [
        Fault::Reset,
        Fault::Truncate,
        Fault::answer(503, "{}"),
        Fault::Throttle { retry_after: 0 },
        Fault::answer(504, "{}"),
    ];
    for department in ["R&D", "Engineering"] {
        let expected = gateway.azure.user_ids(department);
        let path = listing(department, "&top=50");
        for accept in [CSV, NDJSON] {
            disturb(&gateway, &faults);
            let answer = whole(&gateway, &path, accept).await;
            gateway.azure.clear(Service::Graph);
            let found = if accept == CSV {
                in_csv(&answer)
            } else {
                in_ndjson(&answer)
            };
            assert_eq!(found.len(), expected.len(), "{department}: none twice");
            assert_eq!(BTreeSet::from_iter(found), expected, "{department}");
        }
    }
}

#[actix_web::test]
async fn a_listing_that_graph_forgets_midway_is_taken_up_again() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let first = gateway.azure.hold(Service::Graph);
    let meanwhile = async {
        first.arrived(1).await;
        let second = gateway.azure.hold(Service::Graph);
        first.release();
        second.arrived(1).await;
        gateway.azure.expire_page_tokens();
        second.release();
    };
    let (answer, ()) = tokio::join!(whole(&gateway, &path, NDJSON), meanwhile);
    let found = in_ndjson(&answer);
    assert_eq!(found.len(), 310, "none twice");
    assert_eq!(BTreeSet::from_iter(found), gateway.azure.user_ids("R&D"));
}

#[actix_web::test]
async fn a_listing_that_was_forgotten_and_has_changed_is_to_be_begun_again() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let first = gateway.azure.hold(Service::Graph);
    let meanwhile = async {
        first.arrived(1).await;
        let second = gateway.azure.hold(Service::Graph);
        first.release();
        second.arrived(1).await;
        for id in gateway.azure.user_ids("R&D") {
            let title = serde_json::json!({"jobTitle": "Somebody else"});
            gateway.azure.change_user(&id, &title);
        }
        gateway.azure.expire_page_tokens();
        second.release();
    };
    let (answer, ()) = tokio::join!(whole(&gateway, &path, NDJSON), meanwhile);
    let text = answer.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let error = &last["error"];
    assert_eq!(error["code"], "upstream_failed", "{error}");
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains("begin it again"), "{detail}");
    assert!(!detail.contains("cursor"), "{detail}");
}

#[actix_web::test]
async fn the_first_row_leaves_before_the_second_page_is_asked_for() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let first = gateway.azure.hold(Service::Graph);
    let reading = gateway.first_part(&path, NDJSON);
    let holding = async {
        first.arrived(1).await;
        let second = gateway.azure.hold(Service::Graph);
        first.release();
        second
    };
    let (part, second) = tokio::join!(reading, holding);
    let line = part.split(|byte| *byte == b'\n').next().unwrap();
    let user: Value = serde_json::from_slice(line).unwrap();
    assert!(user["id"].is_string());
    second.release();
}

#[actix_web::test]
async fn a_listing_that_breaks_off_is_seen_to() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let body = r#"{"error":{"code":"UnknownError","message":""}}"#;
    let broken = || {
        let none = Fault::Delay(Duration::ZERO);
        gateway.azure.clear(Service::Graph);
        gateway.azure.inject(Service::Graph, none, Times::Next(2));
        gateway
            .azure
            .inject(Service::Graph, Fault::answer(500, body), Times::Always);
    };

    broken();
    let answer = whole(&gateway, &path, NDJSON).await;
    let text = answer.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(text.lines().count(), 101);
    assert_eq!(last["error"]["code"], "upstream_failed");
    assert_eq!(
        last["error"]["requestId"].as_str(),
        answer.header("x-request-id")
    );

    broken();
    let text = gateway.broken_off(&path, CSV).await;
    assert_eq!(text.matches(",R&D,").count(), 100, "{text}");

    let metrics = gateway.admin("/metrics").await.text();
    for form in ["csv", "ndjson"] {
        let line = format!("directory_exports_total{{form=\"{form}\",outcome=\"broken\"}} 1\n");
        assert!(metrics.contains(&line), "{line}");
    }
}

/// What became of a caller's whole share, and of one more in the form `accept` meanwhile.
async fn one_too_many(
    gateway: &Gateway,
    path: &str,
    accept: (&str, &str),
) -> (Vec<Answer>, Answer) {
    let hold = gateway.azure.hold(Service::Graph);
    let begun = join_all((0..8).map(|_| whole(gateway, path, NDJSON)));
    let meanwhile = async {
        hold.arrived(8).await;
        let refused = whole(gateway, path, accept).await;
        hold.release();
        refused
    };
    tokio::join!(begun, meanwhile)
}

#[actix_web::test]
async fn a_caller_has_no_more_whole_listings_on_their_way_than_their_share() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let (begun, refused) = one_too_many(&gateway, &path, NDJSON).await;
    assert_eq!(
        (refused.status, refused.code()),
        (503, "overloaded".to_owned())
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    for answer in begun {
        assert_eq!(in_ndjson(&answer).len(), 310);
    }
    assert_eq!(whole(&gateway, &path, NDJSON).await.status, 200);
}

#[actix_web::test]
async fn a_whole_listing_that_is_refused_is_counted_as_that() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let path = listing("R&D", "&top=50");
    let (_, refused) = one_too_many(&gateway, &path, CSV).await;
    assert_eq!(refused.code(), "overloaded");
    // What ends otherwise is none, and neither is what Azure refuses.
    let denied = Fault::answer(403, "{}");
    gateway.azure.inject(Service::Graph, denied, Times::Always);
    assert_eq!(whole(&gateway, &path, CSV).await.status, 502);
    let metrics = gateway.admin("/metrics").await.text();
    for (form, count) in [("csv", 1), ("ndjson", 0)] {
        let line =
            format!("directory_exports_total{{form=\"{form}\",outcome=\"refused\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

/// A whole listing for `caller`, each time with another token.
async fn whole_for(gateway: &Gateway, caller: Caller) -> Answer {
    let token = gateway.azure.caller_token(&CallerToken::of(caller));
    let bearer = format!("Bearer {token}");
    let headers = [NDJSON, ("authorization", bearer.as_str())];
    let path = listing("R&D", "&top=50");
    gateway
        .send("GET", gateway.api, &path, &headers, Vec::new())
        .await
}

#[actix_web::test]
async fn a_caller_who_has_used_up_their_share_leaves_others_theirs() {
    let gateway = entra(&[]);
    gateway.proven().await;
    let hold = gateway.azure.hold(Service::Graph);
    let begun = join_all((0..8).map(|_| whole_for(&gateway, Caller::operator())));
    let meanwhile = async {
        hold.arrived(8).await;
        let refused = whole_for(&gateway, Caller::operator()).await;
        let mut other = Box::pin(whole_for(&gateway, Caller::reader()));
        tokio::select! {
            answer = &mut other => panic!("it did not begin: {}", answer.text()),
            () = hold.arrived(9) => {}
        }
        hold.release();
        (refused, other.await)
    };
    let (begun, (refused, other)) = tokio::join!(begun, meanwhile);
    assert_eq!(
        (refused.status, refused.code()),
        (503, "overloaded".to_owned())
    );
    for answer in begun.iter().chain([&other]) {
        assert_eq!(in_ndjson(answer).len(), 310);
    }
}

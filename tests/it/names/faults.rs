//! Look-ups that Resource Graph answers amiss.

use std::{rc::Rc, time::Duration};

use actix_web::rt::{self, time};
use azure_sandbox::{CallerToken, Fault, Service, Times};

use super::{ONE, TWO, gateway, look_ups, not_found, reads, status, within};
use crate::{
    callers::bearer::{entra, get},
    gateway::Gateway,
};

/// All of a subscription, whose callers have four seconds.
const HASTE: [(&str, &str); 2] = [
    (
        "MIG_SCOPES",
        "/subscriptions/5ab1e000-0000-4000-8000-000000000001",
    ),
    ("MIG_UPSTREAM_TIMEOUT", "4s"),
];

/// What Resource Graph says to an identity that has no role in any of the
/// subscriptions. Source: Azure/aztfexport#331.
const NOTHING_READABLE: &str = r#"{"error":{"code":"BadRequest","message":"M",
    "details":[{"code":"NoValidSubscriptionsInQueryRequest","message":"M"}]}}"#;

/// Rows are missing, and nothing leads to them.
const CUT: &str = r#"{"data":[],"count":0,"totalRecords":1,"resultTruncated":"true"}"#;

#[actix_web::test]
async fn a_failed_look_up_is_told_with_its_cause_and_not_remembered() {
    let gateway = gateway();
    for (status, code, fault) in [
        (
            429,
            "throttled",
            Fault::Answer {
                status: 429,
                headers: vec![("retry-after".to_owned(), "700".to_owned())],
                body: r#"{"error":{"code":"RateLimiting","message":"M"}}"#.to_owned(),
            },
        ),
        (502, "upstream_refused", Fault::answer(403, "{}")),
        (
            502,
            "upstream_refused",
            Fault::answer(400, NOTHING_READABLE),
        ),
        (502, "upstream_failed", Fault::answer(400, "{}")),
        (502, "upstream_failed", Fault::answer(200, "[]")),
        (502, "upstream_failed", Fault::answer(200, CUT)),
    ] {
        gateway
            .azure
            .inject(Service::ResourceGraph, fault, Times::Next(1));
        let answer = gateway.get("/vms/web-01").await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
}

#[actix_web::test]
async fn a_look_up_that_breaks_off_is_repeated() {
    let gateway = gateway();
    for fault in [Fault::answer(503, ""), Fault::Reset] {
        gateway
            .azure
            .inject(Service::ResourceGraph, fault, Times::Next(1));
    }
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    assert_eq!(look_ups(&gateway), 3);
}

#[actix_web::test]
async fn a_look_up_goes_on_to_its_last_page() {
    let gateway = gateway();
    let id = format!(
        "/subscriptions/{ONE}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/\
         web-01"
    );
    let last = format!(r#"{{"data":[{{"id":"{id}"}}]}}"#);
    for body in [r#"{"data":[],"$skipToken":"on"}"#, &last] {
        let page = Fault::answer(200, body);
        gateway
            .azure
            .inject(Service::ResourceGraph, page, Times::Next(1));
    }
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    assert_eq!(look_ups(&gateway), 2);

    let again = Fault::answer(200, r#"{"data":[],"$skipToken":"on"}"#);
    gateway
        .azure
        .inject(Service::ResourceGraph, again, Times::Always);
    let answer = gateway.get("/vms/web-02").await;
    assert_eq!(status(&answer), (502, "upstream_failed".to_owned()));
}

#[actix_web::test]
async fn a_name_that_two_have_is_refused_though_they_are_on_two_pages() {
    let gateway = gateway();
    for (group, rest) in [("rg-db", r#","$skipToken":"on""#), ("rg-web", "")] {
        let id = format!(
            "/subscriptions/{ONE}/resourceGroups/{group}/providers/Microsoft.Compute/\
             virtualMachines/shared-01"
        );
        let page = Fault::answer(200, &format!(r#"{{"data":[{{"id":"{id}"}}]{rest}}}"#));
        gateway
            .azure
            .inject(Service::ResourceGraph, page, Times::Next(1));
    }
    let answer = gateway.post("/vms/shared-01/deallocate").await;
    assert_eq!(status(&answer), (409, "ambiguous".to_owned()));
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 0);
}

#[actix_web::test]
async fn a_listing_of_which_rows_are_missing_is_none() {
    let gateway = gateway();
    for (truncated, total, status) in [
        (r#""true""#, 2, 502),
        ("true", 2, 502),
        (r#""true""#, 1, 200),
        (r#""false""#, 2, 200),
    ] {
        let page = format!(
            r#"{{"data":[],"count":1,"totalRecords":{total},"resultTruncated":{truncated}}}"#
        );
        let page = Fault::answer(200, &page);
        gateway
            .azure
            .inject(Service::ResourceGraph, page, Times::Next(1));
        let answer = gateway.get("/vms").await;
        assert_eq!(answer.status, status, "{truncated} of {total}");
    }
}

#[actix_web::test]
async fn who_joined_a_caller_whose_time_is_over_has_their_own() {
    let gateway = Rc::new(Gateway::with(&HASTE));
    gateway.ready().await;
    let slow = Fault::Delay(Duration::from_mins(1));
    gateway
        .azure
        .inject(Service::ResourceGraph, slow, Times::Next(1));
    let ask = || {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.get("/vms/web-01").await.status })
    };
    let first = ask();
    gateway.azure.arrived(Service::ResourceGraph, 1).await;
    // So much more time have the others.
    time::sleep(Duration::from_secs(2)).await;
    let others = [ask(), ask()];

    assert_eq!(first.await.unwrap(), 504);
    for other in others {
        assert_eq!(other.await.unwrap(), 200);
    }
    assert_eq!(look_ups(&gateway), 2);
}

/// To prove who they are takes of a caller's time.
#[actix_web::test]
async fn who_joined_a_caller_with_more_time_has_no_more_than_their_own() {
    let gateway = Rc::new(entra(&HASTE));
    gateway.ready().await;
    let azure = &gateway.azure;
    let early = azure.caller_token(&CallerToken::default());
    azure.publish_next_key();
    azure.rotate_signing_keys();
    let late = azure.caller_token(&CallerToken::default());
    let (keys, names) = (
        azure.hold(Service::Keys),
        azure.hold(Service::ResourceGraph),
    );
    let ask = |token: String| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { get(&gateway, "/vms/web-01", &token).await.status })
    };
    let joining = ask(late);
    keys.arrived(1).await;
    // So much more time has whoever comes now.
    time::sleep(Duration::from_secs(2)).await;
    let first = ask(early);
    names.arrived(1).await;
    keys.release();

    assert_eq!(joining.await.unwrap(), 504);
    names.release();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(look_ups(&gateway), 1);
}

#[actix_web::test]
async fn a_row_from_beyond_the_scopes_is_not_believed() {
    let scopes = format!("/subscriptions/{ONE}/resourceGroups/rg-db /subscriptions/{TWO}");
    let gateway = within(&scopes);
    let id = format!(
        "/subscriptions/{ONE}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-01"
    );
    let row = format!(r#"{{"data":[{{"id":"{id}","name":"web-01","location":"l"}}]}}"#);
    gateway.azure.inject(
        Service::ResourceGraph,
        Fault::answer(200, &row),
        Times::Next(2),
    );
    let answer = gateway.get("/vms/web-01").await;
    assert_eq!(status(&answer), not_found());
    let listed = gateway.get("/vms").await.json();
    assert_eq!(
        listed["value"].as_array().map(Vec::len),
        Some(0),
        "{listed}"
    );
    assert_eq!(reads(&gateway), 0);
}

#[actix_web::test]
async fn a_row_of_another_name_is_not_switched() {
    let gateway = gateway();
    let id = format!(
        "/subscriptions/{ONE}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-02"
    );
    let row = format!(r#"{{"data":[{{"id":"{id}","name":"web-01"}}]}}"#);
    gateway.azure.inject(
        Service::ResourceGraph,
        Fault::answer(200, &row),
        Times::Next(1),
    );
    let answer = gateway.post("/vms/web-01/deallocate").await;
    assert_eq!(status(&answer), not_found());
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 0);
}

#[actix_web::test]
async fn an_answer_that_fits_no_such_question_is_azures_fault() {
    let gateway = gateway();
    for (service, status, method, path) in [
        (Service::ResourceGraph, 404, "GET", "/vms/web-01"),
        (Service::ResourceGraph, 404, "GET", "/vms"),
        (Service::ResourceGraph, 409, "GET", "/vms"),
        (Service::ResourceGraph, 412, "GET", "/vms"),
        (Service::VirtualMachines, 412, "GET", "/vms/web-02"),
        (Service::Actions, 412, "POST", "/vms/web-03/restart"),
    ] {
        let fault = Fault::answer(status, "");
        gateway.azure.inject(service, fault, Times::Next(1));
        let answer = gateway
            .send(method, gateway.api, path, &[], Vec::new())
            .await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (502, "upstream_failed".to_owned()), "{status} {path}");
    }
}

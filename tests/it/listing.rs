//! All virtual machines, page by page.

use std::{collections::BTreeSet, rc::Rc, time::Duration};

use azure_sandbox::{Fault, Fleet, Host, Sandbox, Service, Settings, Times};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{answer::Answer, gateway::Gateway};

const ONE: &str = "5ab1e000-0000-4000-8000-000000000001";
const TWO: &str = "5ab1e000-0000-4000-8000-000000000002";

/// A gateway for every subscription that Azure has.
fn before(settings: Settings) -> Gateway {
    let azure = Rc::new(Sandbox::start(settings).unwrap());
    let machines = azure.virtual_machines();
    let subscriptions: BTreeSet<_> = machines.iter().map(|it| &it.subscription_id).collect();
    let scopes: Vec<_> = subscriptions
        .iter()
        .map(|id| format!("/subscriptions/{id}"))
        .collect();
    let scopes = [("MIG_SCOPES", &*scopes.join(" "))];
    Gateway::beside(azure, Host::ContainerApp, &scopes)
}

fn gateway() -> Gateway {
    before(Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    })
}

fn machines(page: &Answer) -> Vec<Value> {
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["value"].as_array().unwrap().clone()
}

fn ids(page: &Answer) -> Vec<String> {
    let id = |machine: &Value| machine["resourceId"].as_str().unwrap().to_owned();
    machines(page).iter().map(id).collect()
}

/// The path and query of the next page.
fn next(page: &Answer) -> Option<String> {
    let link = page.json()["nextLink"].as_str()?.to_owned();
    let (_, path) = link.split_once("/vms?").unwrap();
    Some(format!("/vms?{path}"))
}

/// Every page of a listing.
async fn pages(gateway: &Gateway, first: &str) -> Vec<Answer> {
    let mut pages = Vec::new();
    let mut path = Some(first.to_owned());
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{at}: {}", page.text());
        path = next(&page);
        pages.push(page);
    }
    pages
}

fn calls(gateway: &Gateway) -> usize {
    gateway.azure.requests(Service::ResourceGraph).len()
}

fn all_ids(gateway: &Gateway) -> BTreeSet<String> {
    let machines = gateway.azure.virtual_machines();
    machines
        .iter()
        .map(azure_sandbox::VirtualMachine::id)
        .collect()
}

#[actix_web::test]
async fn every_machine_is_on_one_page_and_none_on_two() {
    let gateway = gateway();
    let pages = pages(&gateway, "/vms?top=9").await;
    let found: Vec<_> = pages.iter().flat_map(ids).collect();
    let expected = all_ids(&gateway);
    assert_eq!(found.len(), expected.len(), "none twice");
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(pages.iter().all(|page| machines(page).len() <= 9));
    assert_eq!(calls(&gateway), pages.len());
}

/// A thousand machines more, in five subscriptions.
fn with_a_fleet() -> Gateway {
    before(Settings {
        fleet: Some(Fleet {
            machines: 1_000,
            subscriptions: 5,
        }),
        ..Settings::default()
    })
}

#[actix_web::test]
async fn a_thousand_machines_are_one_call() {
    let gateway = with_a_fleet();
    let page = gateway.get("/vms?resourceGroup=rg-fleet&top=1000").await;
    let found: BTreeSet<_> = ids(&page).into_iter().collect();
    assert_eq!(found.len(), 1_000);
    assert_eq!(next(&page), None);
    assert_eq!(calls(&gateway), 1);
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_thousand_machines_are_five_calls_to_those_who_do_not_say_how_many() {
    let gateway = with_a_fleet();
    let pages = pages(&gateway, "/vms?resourceGroup=rg-fleet").await;
    let found: BTreeSet<_> = pages.iter().flat_map(ids).collect();
    assert_eq!((found.len(), calls(&gateway)), (1_000, 5));
}

#[actix_web::test]
async fn a_machine_is_listed_as_it_is_shown() {
    let gateway = gateway();
    let mut shown = gateway.get("/vms/web-01").await.json();
    let page = gateway.get("/vms?resourceGroup=RG-WEB").await;
    let listed = machines(&page);
    let mut listed = listed
        .into_iter()
        .find(|it| it["name"] == "web-01")
        .unwrap();
    assert_eq!(
        listed["hibernated"],
        Value::Null,
        "Resource Graph cannot tell"
    );
    for machine in [&mut shown, &mut listed] {
        for own in ["observedAt", "hibernated"] {
            machine.as_object_mut().unwrap().remove(own).unwrap();
        }
    }
    assert_eq!(listed, shown);
}

#[actix_web::test]
async fn a_power_state_lists_those_that_are_in_it() {
    let gateway = gateway();
    let all = all_ids(&gateway).len();
    let place = format!("subscriptionId={ONE}&resourceGroup=rg-web");
    gateway.post("/vms/web-02/deallocate").await;
    gateway.azure.order("rg-web", "web-03", "shutdown");
    for (state, billed, name) in [
        ("deallocated", false, "web-02"),
        ("stopped", true, "web-03"),
    ] {
        let path = format!("/vms?powerState={state}&{place}");
        let listed = machines(&gateway.get(&path).await);
        assert_eq!(listed.len(), 1, "{state}");
        let shown = ["name", "powerState", "billed"].map(|member| &listed[0][member]);
        assert_eq!(shown, [&json!(name), &json!(state), &json!(billed)]);
    }
    let running = gateway.get("/vms?powerState=running&top=1000").await;
    assert_eq!(machines(&running).len(), all - 2);
    let unknown = gateway.get("/vms?powerState=unknown").await;
    assert!(machines(&unknown).is_empty());
}

#[actix_web::test]
async fn only_what_is_in_the_scopes_is_listed() {
    let gateway = Gateway::start();
    let listed = machines(&gateway.get("/vms").await);
    assert!(listed.len() > 10);
    for machine in listed {
        let place = (&machine["subscriptionId"], &machine["resourceGroup"]);
        assert_eq!(place, (&json!(ONE), &json!("rg-web")), "{machine}");
    }
}

#[actix_web::test]
async fn narrowing_lists_one_group_of_one_subscription() {
    let gateway = gateway();
    let place = format!("/vms?subscriptionId={TWO}&resourceGroup=Rg-Web&top=3");
    let pages = pages(&gateway, &place).await;
    let found: Vec<_> = pages.iter().flat_map(machines).collect();
    assert_eq!(found.len(), 8);
    assert!(found.iter().all(|it| it["subscriptionId"] == TWO));
    assert!(found.iter().all(|it| it["resourceGroup"] == "rg-web"));

    let odd = gateway.get("/vms?resourceGroup=rg_batch.%281%29").await;
    assert_eq!(machines(&odd).len(), 16);
}

#[actix_web::test]
async fn the_next_link_is_absolute_and_asks_the_same_again() {
    let public = Gateway::with(&[("MIG_PUBLIC_URL", "https://gateway.example")]);
    let page = public.get("/vms?top=2&powerState=running").await;
    let link = page.json()["nextLink"].as_str().unwrap().to_owned();
    let start = "https://gateway.example/vms?top=2&powerState=running&cursor=";
    assert!(link.starts_with(start), "{link}");
    let second = public.get(&next(&page).unwrap()).await;
    let link = second.json()["nextLink"].as_str().unwrap().to_owned();
    assert_eq!(link.matches("cursor=").count(), 1, "{link}");
}

#[actix_web::test]
async fn a_cursor_is_of_no_use_in_another_listing() {
    let gateway = gateway();
    let page = gateway.get("/vms?top=5").await;
    let path = next(&page).unwrap();
    let (_, cursor) = path.split_once("&cursor=").unwrap();
    for elsewhere in [
        format!("top=6&cursor={cursor}"),
        format!("cursor={cursor}"),
        format!("top=5&powerState=running&cursor={cursor}"),
        format!("top=5&resourceGroup=rg-web&cursor={cursor}"),
        format!("top=5&subscriptionId={ONE}&cursor={cursor}"),
        format!("top=5&cursor={cursor}x%21"),
        "top=5&cursor=".to_owned(),
        "top=5&cursor=bm9uc2Vuc2U".to_owned(),
    ] {
        let answer = gateway.get(&format!("/vms?{elsewhere}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{elsewhere}"
        );
    }
    assert_eq!(calls(&gateway), 1);
}

#[actix_web::test]
async fn a_cursor_that_azure_does_not_know_is_the_callers_fault() {
    let gateway = gateway();
    let page = gateway.get("/vms?top=5").await;
    let path = next(&page).unwrap();
    let (query, cursor) = path.split_once("cursor=").unwrap();
    let mut forged = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    forged.truncate(8);
    forged.extend_from_slice(b"nonsense");
    let forged = URL_SAFE_NO_PAD.encode(forged);

    let answer = gateway.get(&format!("{query}cursor={forged}")).await;

    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_request"),
        "{}",
        answer.text()
    );
    assert!(answer.text().contains("begin again"), "{}", answer.text());
}

#[actix_web::test]
async fn what_is_not_documented_is_refused_with_what_is() {
    let gateway = gateway();
    for (query, hint) in [
        ("top=0", "1 to 1000"),
        ("top=1001", "1 to 1000"),
        ("top=all", "1 to 1000"),
        ("powerState=off", "deallocated"),
        ("powerState=Running", "deallocated"),
        (
            "powerState=running%27%20or%20%271%27%3D%3D%271",
            "deallocated",
        ),
        ("powerstate=running", "powerState"),
        ("filter=x", "filter"),
        ("top=5&top=6", "top"),
    ] {
        let answer = gateway.get(&format!("/vms?{query}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_request"),
            "{query}"
        );
        assert!(answer.text().contains(hint), "{query}: {}", answer.text());
    }
    assert_eq!(calls(&gateway), 0);
}

#[actix_web::test]
async fn what_azure_leaves_of_its_quota_is_shown() {
    let gateway = gateway();
    gateway.get("/vms").await;
    let left = gateway
        .metric(r#"upstream_quota_remaining{bucket="user-quota",service="arm"}"#)
        .await;
    assert!((1.0..15.0).contains(&left), "{left}");
}

#[actix_web::test]
async fn a_listing_carries_the_trace_as_azures_correlation_ids() {
    let gateway = gateway();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("traceparent", parent.as_str())];
    for path in ["/vms/web-01", "/vms"] {
        let asked = calls(&gateway);
        let api = gateway.api;
        let answer = gateway.send("GET", api, path, &headers, Vec::new()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let call = gateway.azure.requests(Service::ResourceGraph).remove(asked);
        for name in ["x-ms-correlation-request-id", "x-ms-client-request-id"] {
            let id = call.header(name).unwrap_or_default();
            assert_eq!(id.replace('-', ""), trace, "{path}: {name}");
        }
    }
}

#[actix_web::test]
async fn a_listing_that_azure_throttles_says_when_to_come_back() {
    let gateway = gateway();
    let fault = Fault::Answer {
        status: 429,
        headers: vec![(
            "x-ms-user-quota-resets-after".to_owned(),
            "00:11:40".to_owned(),
        )],
        body: r#"{"error":{"code":"RateLimiting","message":"M"}}"#.to_owned(),
    };
    gateway
        .azure
        .inject(Service::ResourceGraph, fault, Times::Always);
    let answer = gateway.get("/vms").await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
    assert_eq!(answer.header("retry-after"), Some("700"));
    assert_eq!(calls(&gateway), 1);
}

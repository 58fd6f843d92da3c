//! Names of virtual machines in many subscriptions and groups.

mod faults;

use std::rc::Rc;

use actix_web::rt;
use azure_sandbox::{Assignment, Service};

use crate::{answer::Answer, gateway::Gateway};

const ONE: &str = "5ab1e000-0000-4000-8000-000000000001";
const TWO: &str = "5ab1e000-0000-4000-8000-000000000002";

/// A gateway for all of both subscriptions.
fn gateway() -> Gateway {
    within(&format!("/subscriptions/{ONE},/subscriptions/{TWO}"))
}

fn within(scopes: &str) -> Gateway {
    Gateway::with(&[("MIG_SCOPES", scopes)])
}

fn look_ups(gateway: &Gateway) -> usize {
    gateway.azure.requests(Service::ResourceGraph).len()
}

fn reads(gateway: &Gateway) -> usize {
    gateway.azure.requests(Service::VirtualMachines).len()
}

fn status(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn not_found() -> (u16, String) {
    (404, "not_found".to_owned())
}

#[actix_web::test]
async fn a_name_is_found_in_whichever_subscription_and_group_it_is() {
    let gateway = gateway();
    for (name, subscription, group) in [
        ("web-01", ONE, "rg-web"),
        ("db-08", ONE, "rg-db"),
        ("Batch-16", ONE, "RG_Batch.(1)"),
        ("edge-01", TWO, "rg-web"),
    ] {
        let machine = gateway.get(&format!("/vms/{name}")).await.json();
        assert_eq!(machine["subscriptionId"], subscription, "{machine}");
        assert_eq!(machine["resourceGroup"], group, "{machine}");
        assert_eq!(machine["name"], name.to_lowercase(), "{machine}");
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (4, 4));
}

#[actix_web::test]
async fn a_name_that_two_have_is_refused_with_both_and_reaches_neither() {
    let gateway = gateway();
    for answer in [
        gateway.get("/vms/shared-01").await,
        gateway.post("/vms/SHARED-01/deallocate").await,
    ] {
        assert_eq!(status(&answer), (409, "ambiguous".to_owned()));
        let problem = answer.json();
        let candidates = problem["candidates"].as_array().unwrap().iter();
        let groups: Vec<_> = candidates.map(|it| &it["resourceGroup"]).collect();
        assert_eq!(groups, ["rg-db", "rg-web"], "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("?resourceGroup="), "{detail}");
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (1, 0));
}

#[actix_web::test]
async fn saying_where_it_is_settles_which_is_meant() {
    let gateway = gateway();
    for (query, group) in [
        ("resourceGroup=RG-DB", "rg-db"),
        ("resourceGroup=rg-web", "rg-web"),
    ] {
        for query in [query.to_owned(), format!("subscriptionId={ONE}&{query}")] {
            let answer = gateway.get(&format!("/vms/shared-01?{query}")).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
            assert_eq!(answer.json()["resourceGroup"], group);
        }
    }
    let answer = gateway
        .get(&format!("/vms/shared-01?subscriptionId={ONE}"))
        .await;
    assert_eq!(status(&answer), (409, "ambiguous".to_owned()));
}

#[actix_web::test]
async fn a_name_is_looked_up_once_however_it_is_written() {
    let gateway = gateway();
    for name in ["web-01", "WEB-01", "Web-01", "web-01"] {
        assert_eq!(gateway.get(&format!("/vms/{name}")).await.status, 200);
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (1, 4));
}

#[actix_web::test]
async fn callers_that_come_together_share_one_look_up() {
    let gateway = Rc::new(gateway());
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::ResourceGraph);
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move { gateway.get("/vms/web-01").await.status })
        })
        .collect();
    gateway.busy_with(32).await;
    hold.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 200);
    }
    assert_eq!(look_ups(&gateway), 1);
}

/// Resource Graph answers 15 queries in five seconds, and machines are often asked for by
/// the dozen.
#[actix_web::test]
async fn many_names_that_come_together_are_looked_up_together() {
    let gateway = Rc::new(gateway());
    gateway.ready().await;
    let ask = |name: String| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.get(&format!("/vms/{name}")).await.status })
    };
    let nobody: Vec<_> = (0..30).map(|it| ask(format!("nobody-{it}"))).collect();
    let somebody = ["web-01", "db-08", "edge-01"].map(|name| ask(name.to_owned()));

    for caller in nobody {
        assert_eq!(caller.await.unwrap(), 404);
    }
    for caller in somebody {
        assert_eq!(caller.await.unwrap(), 200);
    }
}

#[actix_web::test]
async fn a_caller_that_leaves_takes_nobody_along() {
    let gateway = Rc::new(gateway());
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::ResourceGraph);
    gateway.left_by_a_caller("/vms/web-01", &hold).await;
    let next = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { gateway.get("/vms/web-01").await.status }
    });
    hold.release();

    assert_eq!(next.await.unwrap(), 200);
    assert_eq!(look_ups(&gateway), 1);
}

#[actix_web::test]
async fn a_name_that_nobody_has_is_not_found_and_not_asked_for_again() {
    let gateway = gateway();
    for name in ["nobody", "NOBODY", "nobody"] {
        let answer = gateway.get(&format!("/vms/{name}")).await;
        assert_eq!(status(&answer), not_found());
        let text = answer.text();
        assert!(text.contains("minute"), "{text}");
        assert!(!text.contains(ONE) && !text.contains(TWO), "{text}");
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (1, 0));
}

#[actix_web::test]
async fn nothing_beyond_the_scopes_is_found() {
    let scopes = format!(
        "/subscriptions/{ONE}/resourceGroups/RG-DB /subscriptions/{TWO}/resourceGroups/rg-test"
    );
    let gateway = within(&scopes);
    assert_eq!(gateway.get("/vms/db-01").await.status, 200);
    // Both exist, one of them in the group of the same name next door.
    for name in ["web-01", "edge-01"] {
        let answer = gateway.get(&format!("/vms/{name}")).await;
        assert_eq!(status(&answer), not_found(), "{name}");
    }
    // Of the two only one is served, and so the name is unique.
    let machine = gateway.get("/vms/shared-01").await.json();
    assert_eq!(machine["resourceGroup"], "rg-db");
}

#[actix_web::test]
async fn narrowing_leads_nowhere_but_into_the_scopes() {
    let gateway = within(&format!("/subscriptions/{ONE}/resourceGroups/rg-web"));
    for query in [
        "resourceGroup=rg-db".to_owned(),
        format!("subscriptionId={TWO}"),
        format!("subscriptionId={TWO}&resourceGroup=rg-web"),
        // Its third letter but one is Cyrillic.
        "resourceGroup=rg-w%D0%B5b".to_owned(),
    ] {
        for path in ["/vms/web-01", "/vms"] {
            let answer = gateway.get(&format!("{path}?{query}")).await;
            assert_eq!(status(&answer), not_found(), "{path}?{query}");
            // What is served is for those to know who may see some of it.
            assert!(!answer.text().contains(ONE), "{}", answer.text());
        }
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (0, 0));
}

#[actix_web::test]
async fn what_is_no_subscription_or_group_reaches_nobody() {
    let gateway = gateway();
    for query in [
        "subscriptionId=1",
        "subscriptionId=",
        "resourceGroup=",
        "resourceGroup=..",
        "resourceGroup=%2e%2e",
        "resourceGroup=a%2Fb",
        "resourceGroup=a%252Fb",
        "resourceGroup=rg-web.",
        "resourceGroup=rg%00web",
        "resourceGroup=rg-web%27%20or%201%3D%3D1",
        "resourceGroup=rg-web%5C",
        "resourceGroup=rg-web&resourceGroup=rg-db",
        "resourcegroup=rg-web",
    ] {
        for path in ["/vms/web-01", "/vms"] {
            let answer = gateway.get(&format!("{path}?{query}")).await;
            let refused = (400, "invalid_request".to_owned());
            assert_eq!(status(&answer), refused, "{path}?{query}");
        }
    }
    assert_eq!((look_ups(&gateway), reads(&gateway)), (0, 0));
}

#[actix_web::test]
async fn one_group_needs_no_look_up() {
    let one = Gateway::start();
    assert_eq!(one.get("/vms/web-01").await.status, 200);
    let group = "?resourceGroup=rg-web";
    assert_eq!(one.get(&format!("/vms/web-01{group}")).await.status, 200);
    assert_eq!(look_ups(&one), 0);

    let whole = within(&format!("/subscriptions/{ONE}"));
    assert_eq!(whole.get(&format!("/vms/web-01{group}")).await.status, 200);
    assert_eq!(look_ups(&whole), 0);
}

#[actix_web::test]
async fn a_member_of_a_uniform_scale_set_is_said_to_be_none_of_ours() {
    for gateway in [Gateway::start(), gateway()] {
        let answer = gateway.get("/vms/web_0").await;
        assert_eq!(status(&answer), not_found());
        assert!(answer.text().contains("scale set"), "{}", answer.text());
        let answer = gateway.get("/vms/web-0").await;
        assert!(!answer.text().contains("scale set"), "{}", answer.text());
    }
}

#[actix_web::test]
async fn the_version_that_azure_sends_is_passed_on() {
    let gateway = Gateway::start();
    let before = gateway.get("/vms/web-01").await;
    let tag = before.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    gateway.post("/vms/web-01/deallocate").await;
    let after = gateway.get("/vms/web-01").await;
    assert_ne!(after.header("etag"), Some(tag.as_str()));
}

/// Its power state may have changed all the same.
#[actix_web::test]
async fn a_machine_is_shown_to_whoever_has_its_version_too() {
    let gateway = Gateway::start();
    let tag = gateway.get("/vms/web-01").await;
    let known = [("if-none-match", tag.header("etag").unwrap())];
    let again = gateway
        .send("GET", gateway.api, "/vms/web-01", &known, Vec::new())
        .await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["powerState"], "running");
}

#[actix_web::test]
async fn what_the_identity_may_not_read_is_neither_found_nor_listed() {
    let gateway = gateway();
    gateway.azure.assign(vec![Assignment {
        scope: format!("/subscriptions/{ONE}/resourceGroups/rg-db"),
        actions: vec!["Microsoft.Compute/virtualMachines/read".to_owned()],
    }]);
    let answer = gateway.get("/vms/web-01").await;
    assert_eq!(status(&answer), not_found());
    assert!(answer.text().contains("may not read"), "{}", answer.text());
    let machine = gateway.get("/vms/shared-01").await.json();
    assert_eq!(machine["resourceGroup"], "rg-db");
    let listed = gateway.get("/vms").await.json();
    let listed = listed["value"].as_array().unwrap();
    assert_eq!(listed.len(), 9);
    assert!(listed.iter().all(|it| it["resourceGroup"] == "rg-db"));
}

#[actix_web::test]
async fn a_group_that_a_name_is_not_in_makes_nobody_look_it_up_again() {
    let gateway = gateway();
    assert_eq!(gateway.get("/vms/db-01").await.status, 200);
    let elsewhere = format!("/vms/db-01?subscriptionId={ONE}&resourceGroup=rg-web");
    assert_eq!(status(&gateway.get(&elsewhere).await), not_found());
    assert_eq!(gateway.get("/vms/db-01").await.status, 200);
    assert_eq!((look_ups(&gateway), reads(&gateway)), (1, 3));
}

#[actix_web::test]
async fn a_group_that_azure_does_not_know_may_be_the_callers() {
    let gateway = within(&format!("/subscriptions/{ONE}"));
    let answer = gateway.get("/vms/web-01?resourceGroup=nope").await;
    assert_eq!(status(&answer), not_found());
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("?resourceGroup="), "{detail}");
}

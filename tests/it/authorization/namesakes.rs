//! Names that several machines have, told to callers who may not know of all of them.

use azure_sandbox::Service;

use super::{Policies, denied, order, token};
use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
};

const SUBSCRIPTIONS: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001,\
     /subscriptions/5ab1e000-0000-4000-8000-000000000002";

/// A policy that permits `action` in `group`, which has one of the two machines that are
/// called shared-01.
fn permit(action: &str, group: &str, when: &str) -> String {
    let group =
        format!("/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/{group}");
    format!(
        r#"permit (principal, action in MiGateway::Action::"{action}",
        resource in MiGateway::ResourceGroup::"{group}") {when};"#
    )
}

/// A gateway for both subscriptions, and the token of a caller by `policies`.
async fn gateway(policies: &[String]) -> (Gateway, String) {
    let policies = Policies::new(&policies.join("\n"));
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", SUBSCRIPTIONS),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    (gateway, caller)
}

/// The groups of those that may have been meant.
fn candidates(answer: &Answer) -> Vec<String> {
    let told = (answer.status, answer.code());
    assert_eq!(told, (409, "ambiguous".to_owned()), "{}", answer.text());
    let problem = answer.json();
    let candidates = problem["candidates"].as_array().unwrap().iter();
    let groups = candidates.map(|it| it["resourceGroup"].as_str().unwrap().to_owned());
    groups.collect()
}

fn not_found(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 404, "{}", answer.text());
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    detail.replace(name, "NAME")
}

#[actix_web::test]
async fn those_that_a_caller_may_not_know_of_are_left_out() {
    let (gateway, caller) = gateway(&[permit("operate", "rg-web", "")]).await;

    let path = "/vms/shared-01/start?dryRun=true";
    let answer = order(&gateway, path, &caller).await;
    assert_eq!(candidates(&answer), ["rg-web"]);
    assert!(!answer.text().contains("rg-db"), "{}", answer.text());
    // Not even the only one is picked.
    let answer = order(&gateway, "/vms/shared-01/restart", &caller).await;
    assert_eq!(candidates(&answer), ["rg-web"]);
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());

    let named = order(&gateway, &format!("{path}&resourceGroup=rg-web"), &caller).await;
    assert_eq!(named.status, 200, "{}", named.text());
    denied(&get(&gateway, "/vms/shared-01", &caller).await);
}

#[actix_web::test]
async fn those_that_a_caller_may_see_are_told_whatever_is_asked() {
    let policies = [permit("operate", "rg-web", ""), permit("read", "rg-db", "")];
    let (gateway, caller) = gateway(&policies).await;

    let ordered = order(&gateway, "/vms/shared-01/start", &caller).await;
    assert_eq!(candidates(&ordered), ["rg-db", "rg-web"]);
    let seen = get(&gateway, "/vms/shared-01", &caller).await;
    assert_eq!(candidates(&seen), ["rg-db"]);
}

#[actix_web::test]
async fn where_none_is_left_it_is_as_if_nobody_had_the_name() {
    for when in ["", r#"when { resource.hasTag("env") }"#] {
        // Of a group without a machine of that name, and of tags that nobody looked at.
        let group = if when.is_empty() { "rg-test" } else { "rg-web" };
        let (gateway, caller) = gateway(&[permit("operate", group, when)]).await;
        let [there, nowhere] = ["shared-01", "no-such"];
        let answer = order(&gateway, &format!("/vms/{there}/start"), &caller).await;
        let other = order(&gateway, &format!("/vms/{nowhere}/start"), &caller).await;
        assert_eq!(not_found(&answer, there), not_found(&other, nowhere));
        assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
    }
}

#[actix_web::test]
async fn a_name_that_is_narrowed_tells_no_more_of_where_it_is_than_the_name_alone() {
    for when in ["", r#"when { resource.hasTag("env") }"#] {
        let (gateway, caller) = gateway(&[permit("operate", "rg-test", when)]).await;
        let (there, nowhere) = ("db-01", "no-such");
        denied(&order(&gateway, &format!("/vms/{there}/start"), &caller).await);
        // One group of several subscriptions, a subscription, and one group alone.
        for narrowing in [
            "resourceGroup=rg-db",
            "subscriptionId=5ab1e000-0000-4000-8000-000000000001",
            "subscriptionId=5ab1e000-0000-4000-8000-000000000001&resourceGroup=rg-db",
        ] {
            let asked = async |name| {
                let path = format!("/vms/{name}/start?{narrowing}");
                not_found(&order(&gateway, &path, &caller).await, name)
            };
            assert_eq!(asked(there).await, asked(nowhere).await, "{narrowing}");
        }
        assert!(gateway.azure.requests(Service::Actions).is_empty());
    }
}

#[actix_web::test]
async fn who_may_see_one_group_learns_of_no_other_by_a_name_that_nobody_has() {
    let (subscription, secret) = SUBSCRIPTIONS.split_once(',').unwrap();
    let policies = Policies::new(&permit("read", "rg-web", ""));
    let scopes = format!("{subscription}/resourceGroups/rg-web, {secret}/resourceGroups/rg-merger");
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", &scopes),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    for path in [
        "/vms/nobody",
        "/vms/nobody?resourceGroup=rg-any",
        "/vms?resourceGroup=rg-any",
        "/vms?subscriptionId=5ab1e000-0000-4000-8000-00000000000f",
    ] {
        let answer = get(&gateway, path, &caller).await;
        assert_eq!(answer.status, 404, "{path}");
        for (word, other) in [("rg-merger", "rg-web"), (secret, subscription)] {
            let text = answer.text();
            assert!(!text.contains(word) && !text.contains(other), "{text}");
        }
    }
}

//! Policies in shadow, which are counted and logged, and change no answer.

use azure_sandbox::{Fault, Service, Times};

use super::{Policies, RG_WEB, denied, order, token};
use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
};

/// What machines of the local Azure are tagged with.
const OWNED: &str = r#"resource.hasTag("owner")"#;

/// Operators may switch the machines of a group, and nothing else is permitted.
fn beside(shadow: &str) -> Policies {
    Policies::new(&format!(
        r#"permit (principal in MiGateway::Role::"Vm.Operate",
        action in [MiGateway::Action::"read", MiGateway::Action::"operate",
        MiGateway::Action::"updateVm"], resource in MiGateway::ResourceGroup::"{RG_WEB}");
        @shadow("true") {shadow}"#
    ))
}

async fn differences(gateway: &Gateway, action: &str, outcome: &str) -> String {
    let series =
        format!(r#"policy_shadow_differences_total{{action="{action}",outcome="{outcome}"}}"#);
    gateway.metric(&series).await.to_string()
}

fn status(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

#[actix_web::test]
async fn whoever_may_nothing_learns_no_more_by_what_is_tried() {
    let forbid = format!(
        r#"forbid (principal, action in [MiGateway::Action::"read", MiGateway::Action::"operate"],
        resource is MiGateway::Vm) when {{ {OWNED} }};"#
    );
    let policies = beside(&forbid);
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", super::BOTH_GROUPS),
        ("MIG_CALLER_CHANGES", "1/10m"),
    ]);
    gateway.ready().await;
    let nobody = token(&gateway.azure, &["Something.Else"]);

    denied(&get(&gateway, "/vms", &nobody).await);
    let there = denied(&get(&gateway, "/vms/web-01", &nobody).await);
    let nowhere = denied(&get(&gateway, "/vms/no-such", &nobody).await);
    assert_eq!(there, nowhere);
    // With a limit of one change none was taken from it.
    for name in ["web-01", "no-such", "web-01"] {
        denied(&order(&gateway, &format!("/vms/{name}/start"), &nobody).await);
    }

    assert!(gateway.azure.requests(Service::ResourceGraph).is_empty());
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn what_a_shadow_would_let_in_is_refused_and_counted() {
    let policies = beside(
        r#"permit (principal in MiGateway::Role::"New.Role", action == MiGateway::Action::"getVm",
        resource);"#,
    );
    let gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;

    denied(&get(&gateway, "/vms/web-01", &token(&gateway.azure, &["Else"])).await);
    assert_eq!(differences(&gateway, "getVm", "permit").await, "0");
    denied(
        &get(
            &gateway,
            "/vms/web-01",
            &token(&gateway.azure, &["New.Role"]),
        )
        .await,
    );
    assert_eq!(differences(&gateway, "getVm", "permit").await, "1");

    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn an_operation_is_told_without_a_look_for_a_shadow() {
    let forbid = format!(
        r#"forbid (principal, action == MiGateway::Action::"getOperation",
        resource is MiGateway::Vm) when {{ {OWNED} }};"#
    );
    let policies = beside(&forbid);
    let gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let started = order(&gateway, "/vms/web-01/start", &operator).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let path = format!("/operations/{}", started.json()["id"].as_str().unwrap());

    // Once the machine is deleted, and while Azure is away.
    for status_of_azure in [404, 500] {
        let fault = Fault::answer(status_of_azure, "{}");
        let machines = Service::VirtualMachines;
        gateway.azure.inject(machines, fault, Times::Always);
        let told = get(&gateway, &path, &operator).await;
        assert_eq!(told.status, 200, "{status_of_azure}: {:?}", status(&told));
        gateway.azure.clear(machines);
    }
}

#[actix_web::test]
async fn a_shadow_on_tags_is_counted_by_the_look_that_is_made_anyway() {
    let forbid = format!(
        r#"forbid (principal, action in [MiGateway::Action::"read", MiGateway::Action::"operate",
        MiGateway::Action::"updateVm"], resource is MiGateway::Vm) when {{ {OWNED} }};"#
    );
    let policies = beside(&forbid);
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_VM_UPDATE", "on"),
    ]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let looks = || gateway.azure.requests(Service::VirtualMachines).len();

    assert_eq!(get(&gateway, "/vms/web-01", &operator).await.status, 200);
    assert_eq!(looks(), 1);
    assert_eq!(differences(&gateway, "getVm", "deny").await, "1");
    let tried = order(&gateway, "/vms/web-02/restart?dryRun=true", &operator).await;
    assert_eq!((tried.status, looks()), (200, 2));
    let taken = order(&gateway, "/vms/web-02/restart", &operator).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    assert_eq!(differences(&gateway, "restart", "deny").await, "2");
    let header = format!("Bearer {operator}");
    let headers = [
        ("authorization", header.as_str()),
        ("content-type", "application/json"),
    ];
    let (path, body) = ("/vms/web-03", br#"{"tags":{"env":"prod"}}"#.to_vec());
    let updated = gateway.send("PATCH", gateway.api, path, &headers, body);
    assert_eq!(updated.await.status, 200);
    assert_eq!(differences(&gateway, "updateVm", "deny").await, "1");
}

//! Tags that decide, and change while an order is on its way.

use azure_sandbox::{Fault, Service, Times};
use serde_json::{Value, json};

use super::{BOTH_GROUPS, Policies, RG_WEB, denied, order, token};
use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
    orders::CHANGES,
};

/// Everything, but to what has a tag.
const PROTECTED: &str = r#"permit (principal, action, resource);
    @id("protected") forbid (principal, action in [MiGateway::Action::"operate",
    MiGateway::Action::"updateVm"], resource) when { resource.hasTag("protected") };"#;

#[actix_web::test]
async fn tags_are_looked_at_before_they_decide() {
    let policies = Policies::new(
        r#"permit (principal, action, resource);
        @id("protected") forbid (principal, action in MiGateway::Action::"operate", resource)
        when { resource.hasTag("owner") && resource.getTag("owner") == "team-rg-db" };"#,
    );
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", BOTH_GROUPS),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);

    let detail = denied(&order(&gateway, "/vms/db-01/restart", &caller).await);
    assert!(detail.contains("protected"), "{detail}");
    let taken = order(&gateway, "/vms/web-01/restart", &caller).await;

    assert_eq!(taken.status, 202, "{}", taken.text());
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

/// What becomes of `request` where somebody protects the machine after the look that
/// decided, and before the look that comes last.
async fn protected_meanwhile(request: impl AsyncFn(&Gateway, &str) -> Answer) {
    let policies = Policies::new(PROTECTED);
    let mut gateway = entra(&[("MIG_POLICY_FILE", policies.path()), CHANGES]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    let looks = |tags, times| {
        let fault = Fault::Alter(json!({"tags": tags}));
        gateway.azure.inject(Service::VirtualMachines, fault, times);
    };
    looks(json!({}), Times::Next(1));
    looks(json!({"protected": "yes"}), Times::Always);

    let detail = denied(&request(&gateway, &caller).await);

    assert!(detail.contains("protected"), "{detail}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    gateway.stop();
    let written = gateway.records.of_stage("denied");
    assert_eq!(written.len(), 1, "{written:?}");
}

#[actix_web::test]
async fn an_order_is_not_sent_by_tags_that_the_machine_had() {
    protected_meanwhile(async |gateway, caller| {
        order(gateway, "/vms/web-01/restart", caller).await
    })
    .await;
}

#[actix_web::test]
async fn nothing_is_changed_by_tags_that_the_machine_had() {
    protected_meanwhile(async |gateway, caller| {
        let header = format!("Bearer {caller}");
        let headers = [
            ("authorization", header.as_str()),
            ("content-type", "application/json"),
        ];
        let body = br#"{"tags":{}}"#.to_vec();
        let (api, path) = (gateway.api, "/vms/web-01");
        gateway.send("PATCH", api, path, &headers, body).await
    })
    .await;
}

/// Machines are seen by their tags; web-02 is restarted by whoever likes.
async fn seen_by_tags(rest: &str) -> (Gateway, String) {
    let policies = Policies::new(&format!(
        r#"permit (principal, action == MiGateway::Action::"getVm", resource)
        when {{ resource.hasTag("owner") && resource.getTag("owner") == "team-rg-web" }};
        permit (principal, action == MiGateway::Action::"restart",
        resource == MiGateway::Vm::"{RG_WEB}/providers/Microsoft.Compute/virtualMachines/web-02");
        {rest}"#
    ));
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", BOTH_GROUPS),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    (gateway, caller)
}

#[actix_web::test]
async fn who_sees_a_machine_by_its_tags_is_told_what_is_denied_there() {
    let (gateway, caller) = seen_by_tags("").await;

    let detail = denied(
        &order(
            &gateway,
            "/vms/web-01/restart?resourceGroup=rg-web",
            &caller,
        )
        .await,
    );
    assert!(detail.contains("restart"), "{detail}");
    let unseen = order(&gateway, "/vms/db-01/restart?resourceGroup=rg-db", &caller).await;
    assert_eq!(unseen.status, 404, "{}", unseen.text());
}

#[actix_web::test]
async fn who_may_order_an_operation_is_told_that_asking_for_it_is_denied() {
    let elsewhere = RG_WEB.replace("rg-web", "rg-db");
    let (gateway, caller) = seen_by_tags(&format!(
        r#"permit (principal, action == MiGateway::Action::"getOperation",
        resource in MiGateway::ResourceGroup::"{elsewhere}");
        @id("unseen") forbid (principal, action == MiGateway::Action::"getVm", resource);"#
    ))
    .await;
    let begun = order(&gateway, "/vms/web-02/restart", &caller).await;
    let path = format!("/operations/{}", begun.json()["id"].as_str().unwrap());

    denied(&get(&gateway, &path, &caller).await);
}

#[actix_web::test]
async fn the_record_names_the_policy_that_permits_by_the_tags_of_the_last_look() {
    let by = |owner: &str| {
        format!(
            r#"@id("{owner}") permit (principal, action, resource is MiGateway::Vm)
            when {{ resource.hasTag("owner") && resource.getTag("owner") == "{owner}" }};"#
        )
    };
    let policies = Policies::new(&[by("first"), by("second")].concat());
    let mut gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    for (owner, times) in [("first", Times::Next(1)), ("second", Times::Always)] {
        let fault = Fault::Alter(json!({"tags": {"owner": owner}}));
        gateway.azure.inject(Service::VirtualMachines, fault, times);
    }

    let taken = order(&gateway, "/vms/web-01/restart", &caller).await;

    assert_eq!(taken.status, 202, "{}", taken.text());
    gateway.stop();
    let written = gateway.records.of_stage("intent");
    let decision = &written[0]["actor"]["authorizations"];
    assert_eq!(decision.as_array().unwrap().len(), 1, "{decision}");
    assert_eq!(decision[0]["policy"]["uid"], "second", "{decision}");
}

/// Gives the machine `name`, the only one that is found from now on, these `tags`.
fn tag(gateway: &Gateway, group: &str, name: &str, tags: &Value) {
    let id = format!("{group}/providers/Microsoft.Compute/virtualMachines/{name}");
    let row = json!({"id": id, "name": name, "location": "westeurope", "tags": tags});
    for (service, patch) in [
        (Service::VirtualMachines, json!({"tags": tags})),
        (Service::ResourceGraph, json!({"data": [row]})),
    ] {
        let fault = Fault::Alter(patch);
        gateway.azure.inject(service, fault, Times::Always);
    }
}

/// What becomes of web-01 where it has `second` beside the tag that protects it.
async fn protected_beside(second: &str) {
    let policies = Policies::new(
        r#"permit (principal, action, resource);
        forbid (principal, action, resource is MiGateway::Vm)
        when { resource.hasTag("protected") && resource.getTag("protected") == "true" };"#,
    );
    let gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    let tags = json!({"protected": "true", second: "false"});
    tag(&gateway, RG_WEB, "web-01", &tags);

    for detail in [
        denied(&order(&gateway, "/vms/web-01/restart", &caller).await),
        denied(&get(&gateway, "/vms/web-01", &caller).await),
    ] {
        assert!(detail.contains("\"protected\""), "{detail}");
        assert!(!detail.contains(second), "{detail}");
    }
    let listed = get(&gateway, "/vms", &caller).await;
    assert_eq!(listed.json()["value"], json!([]), "{}", listed.text());
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_second_tag_of_nearly_the_same_name_undoes_no_forbid() {
    for second in ["protected ", "\u{ff50}rotected"] {
        protected_beside(second).await;
    }
}

#[actix_web::test]
async fn whom_nothing_permits_is_not_told_what_tags_a_machine_has() {
    let policies = Policies::new(&format!(
        r#"permit (principal, action, resource in MiGateway::ResourceGroup::"{RG_WEB}");
        forbid (principal, action, resource is MiGateway::Vm)
        when {{ resource.hasTag("sealed") && resource.getTag("sealed") == "true" }};"#
    ));
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", BOTH_GROUPS),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    let tags = json!({"Sealed": "true", "SEALED ": "false"});
    tag(&gateway, &RG_WEB.replace("rg-web", "rg-db"), "db-01", &tags);

    for detail in [
        denied(&get(&gateway, "/vms/db-01", &caller).await),
        denied(&order(&gateway, "/vms/db-01/restart", &caller).await),
    ] {
        assert!(!detail.to_lowercase().contains("sealed"), "{detail}");
    }
}

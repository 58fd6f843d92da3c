//! What callers may do, as policies have it.

mod limits;
mod namesakes;
mod shadows;
mod tags;
mod written;

use std::{fs, path::PathBuf};

use azure_sandbox::{Caller, CallerToken, Sandbox, Service};
use uuid::Uuid;

use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
};

const RG_WEB: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web";

const BOTH_GROUPS: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web,\
     /subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-db";

/// A file of policies that is gone with the test.
struct Policies(PathBuf);

impl Policies {
    fn new(text: &str) -> Self {
        let name = format!("policies-{}.cedar", Uuid::new_v4().simple());
        let file = Self(std::env::temp_dir().join(name));
        fs::write(&file.0, text).unwrap();
        file
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Policies {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn token(azure: &Sandbox, roles: &[&str]) -> String {
    let caller = Caller::operator().with_roles(roles);
    azure.caller_token(&CallerToken::of(caller))
}

async fn order(gateway: &Gateway, path: &str, token: &str) -> Answer {
    let header = format!("Bearer {token}");
    let headers = [("authorization", header.as_str())];
    gateway
        .send("POST", gateway.api, path, &headers, Vec::new())
        .await
}

fn denied(answer: &Answer) -> String {
    let told = (answer.status, answer.code());
    assert_eq!(told, (403, "forbidden".to_owned()), "{}", answer.text());
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn whoever_reads_does_not_operate_and_is_told_what_would() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let reader = token(&gateway.azure, &["Vm.Read"]);

    assert_eq!(get(&gateway, "/vms/web-01", &reader).await.status, 200);
    let detail = denied(&order(&gateway, "/vms/web-01/deallocate", &reader).await);

    assert!(detail.contains("Vm.Operate"), "{detail}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    denied(&get(&gateway, "/directory/users?department=Seinfeld", &reader).await);
}

#[actix_web::test]
async fn whoever_may_nothing_learns_nothing_of_what_there_is() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let nobody = token(&gateway.azure, &["Something.Else"]);

    let there = denied(&get(&gateway, "/vms/web-01", &nobody).await);
    let nowhere = denied(&get(&gateway, "/vms/no-such-machine", &nobody).await);

    assert_eq!(there, nowhere);
    for path in [
        "/vms",
        "/operations/web-01.start.1a2129a817ed6dac48c",
        "/directory/users?department=R%26D",
        "/identity",
    ] {
        denied(&get(&gateway, path, &nobody).await);
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
    assert!(gateway.azure.requests(Service::ResourceGraph).is_empty());
}

#[actix_web::test]
async fn a_grant_for_a_group_ends_with_the_group() {
    let policies = Policies::new(&format!(
        r#"@id("web") permit (principal, action in [MiGateway::Action::"read",
        MiGateway::Action::"operate"], resource in MiGateway::ResourceGroup::"{RG_WEB}");"#
    ));
    let gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", BOTH_GROUPS),
    ]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);

    assert_eq!(get(&gateway, "/vms/web-01", &caller).await.status, 200);
    denied(&get(&gateway, "/vms/db-01", &caller).await);
    denied(&order(&gateway, "/vms/db-01/restart", &caller).await);
    let listed = get(&gateway, "/vms?top=1000", &caller).await.json();

    let groups = listed["value"].as_array().unwrap().iter();
    let groups: Vec<_> = groups.map(|it| it["resourceGroup"].clone()).collect();
    assert!(groups.len() > 10, "{groups:?}");
    assert!(groups.iter().all(|it| it == "rg-web"), "{groups:?}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn no_way_to_write_a_name_passes_a_denial() {
    let policies = Policies::new(&format!(
        r#"permit (principal, action, resource);
        @id("frozen") forbid (principal, action in MiGateway::Action::"operate",
        resource == MiGateway::Vm::"{RG_WEB}/providers/Microsoft.Compute/virtualMachines/web-01");"#
    ));
    let gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);

    for name in [
        "web-01",
        "WEB-01",
        "Web-01",
        "%77eb-01",
        "web%2D01",
        "web-01.",
        "web-01%20",
        "web-01%00",
        "%EF%BD%97eb-01",
        "web-0%31",
        "web-01%2F",
        "./web-01",
        "web-01/",
        "web-01%2e",
        "web%E2%80%9001",
    ] {
        for narrowing in ["", "?resourceGroup=RG-WEB", "?resourceGroup=rg-web."] {
            let path = format!("/vms/{name}/deallocate{narrowing}");
            let status = order(&gateway, &path, &caller).await.status;
            assert!((400..500).contains(&status), "{path}: {status}");
        }
    }
    let detail = denied(&order(&gateway, "/vms/WEB-01/deallocate", &caller).await);
    assert!(detail.contains("frozen"), "{detail}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn departments_and_properties_are_granted_one_by_one() {
    let policies = Policies::new(
        r#"permit (principal, action == MiGateway::Action::"listUsers",
        resource == MiGateway::Department::"Seinfeld")
        when { ["id", "displayName", "department"].containsAll(context.fields) };"#,
    );
    let gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    let asked = async |query: &str| {
        let path = format!("/directory/users?{query}");
        get(&gateway, &path, &caller).await
    };

    let shown = asked("department=seinfeld&select=id,displayName").await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    for query in [
        "department=Seinfeld&select=id,mail",
        "department=Seinfeld",
        "department=Seinfeld&department=R%26D&select=id",
        "department=R%26D&select=id",
        // Who is found by it has told it.
        "department=Seinfeld&select=id&enabled=true",
    ] {
        denied(&asked(query).await);
    }
    let detail = denied(&asked("department=Seinfeld&select=id,mail&enabled=true").await);
    let told = "the properties are id, mail, accountEnabled, and select asks for others";
    assert!(detail.ends_with(told), "{detail}");
    assert_eq!(gateway.azure.requests(Service::Graph).len(), 3);
}

#[actix_web::test]
async fn a_dry_run_decides_and_looks_and_sends_nothing() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let (operator, reader) = (
        token(&gateway.azure, &["Vm.Operate"]),
        token(&gateway.azure, &["Vm.Read"]),
    );
    let path = "/vms/WEB-01/deallocate?dryRun=true";

    let told = order(&gateway, path, &operator).await;
    denied(&order(&gateway, path, &reader).await);

    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    let (id, policies) = (&told["resourceId"], &told["policies"]);
    assert!(id.as_str().unwrap().ends_with("/virtualMachines/web-01"));
    assert_eq!(*policies, serde_json::json!(["vm-operate"]));
    assert_eq!(
        (&told["wouldSend"], &told["powerState"]),
        (&true.into(), &"running".into())
    );
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    let already = order(&gateway, "/vms/web-01/start?dryRun=true", &operator).await;
    assert_eq!(already.json()["wouldSend"], false);
    let unclear = order(&gateway, "/vms/web-01/start?dryRun=yes", &operator).await;
    assert_eq!(unclear.status, 400);
}

#[actix_web::test]
async fn an_operation_is_told_to_those_who_may_see_it() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let begun = order(&gateway, "/vms/web-01/restart", &operator).await;
    let path = format!("/operations/{}", begun.json()["id"].as_str().unwrap());

    assert_eq!(get(&gateway, &path, &operator).await.status, 200);
    denied(&get(&gateway, &path, &token(&gateway.azure, &["Directory.Read"])).await);
}

#[actix_web::test]
async fn who_may_not_see_an_operation_has_nothing_looked_at() {
    let rg_db = RG_WEB.replace("rg-web", "rg-db");
    let policies = Policies::new(&format!(
        r#"permit (principal in MiGateway::Role::"Vm.Operate", action, resource);
        permit (principal, action == MiGateway::Action::"getOperation",
        resource in MiGateway::ResourceGroup::"{rg_db}");"#
    ));
    let mut gateway = entra(&[
        ("MIG_POLICY_FILE", policies.path()),
        ("MIG_SCOPES", BOTH_GROUPS),
    ]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let begun = order(&gateway, "/vms/web-01/restart", &operator).await;
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    // An id that nobody gave out, of the same machine: begun a millisecond before.
    let (name, rest) = id.rsplit_once('.').unwrap();
    let (millis, machine) = rest.split_at(11);
    let millis = u64::from_str_radix(millis, 16).unwrap() - 1;
    let invented = format!("/operations/{name}.{millis:011x}{machine}");
    let looks = || gateway.azure.requests(Service::VirtualMachines).len();
    let before = looks();

    let stranger = token(&gateway.azure, &["Any"]);
    let mut told = Vec::new();
    for id in [&invented, &invented.replace("web-01", "web-02")] {
        let answer = get(&gateway, id, &stranger).await;
        told.push((answer.status, answer.json()["detail"].to_string()));
    }
    assert_eq!((told[0].0, &told[0]), (404, &told[1]));
    assert_eq!(looks(), before);
    assert_eq!(get(&gateway, &invented, &operator).await.status, 200);
    assert_eq!(looks(), before + 1);

    // A denied call does not wait for its line.
    gateway.stop();
    assert_eq!(gateway.records.of_stage("denied").len(), 1);
}

//! Virtual machines that are left alone.

use azure_sandbox::{Host, Sandbox, Service, Settings};

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{CHANGES, patched_at},
};

const NODE: &str = "/vms/aks-nodepool1-12345678-0";

/// Both subscriptions of the local Azure.
const ALL: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001 \
                   /subscriptions/5ab1e000-0000-4000-8000-000000000002";

fn assert_protected(answer: &Answer, word: &str) {
    let told = (answer.status, answer.code());
    assert_eq!(told, (403, "protected".to_owned()), "{}", answer.text());
    assert!(answer.text().contains(word), "{}", answer.text());
}

fn on_a_virtual_machine(vars: &[(&str, &str)]) -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    Gateway::before(azure, Host::Vm, vars)
}

#[actix_web::test]
async fn what_is_managed_by_something_else_is_not_switched() {
    let gateway = Gateway::with(&[("MIG_SCOPES", ALL)]);
    for action in [
        "deallocate",
        "start",
        "restart",
        "powerOff?skipShutdown=true",
    ] {
        let answer = gateway.post(&format!("/vms/managed-01/{action}")).await;
        assert_protected(&answer, "MIG_ALLOW_MANAGED");
    }
    let node = gateway.post(&format!("{NODE}/deallocate")).await;
    assert_protected(&node, "MIG_ALLOW_MANAGED");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert_eq!(gateway.get("/vms/managed-01").await.status, 200);
}

#[actix_web::test]
async fn what_is_managed_is_switched_where_that_is_allowed() {
    let gateway = Gateway::with(&[("MIG_SCOPES", ALL), ("MIG_ALLOW_MANAGED", "on")]);
    assert_eq!(gateway.post("/vms/managed-01/restart").await.status, 202);
    let node = gateway.post(&format!("{NODE}/deallocate")).await;
    assert_eq!(node.status, 202, "{}", node.text());
}

#[actix_web::test]
async fn what_is_not_switched_is_not_changed_either() {
    let managing = Gateway::with(&[("MIG_SCOPES", ALL), CHANGES]);
    let hosted = on_a_virtual_machine(&[CHANGES]);
    for (gateway, path, word) in [
        (&managing, "/vms/managed-01", "MIG_ALLOW_MANAGED"),
        (&managing, NODE, "MIG_ALLOW_MANAGED"),
        (&hosted, "/vms/gateway-01", "MIG_ALLOW_SELF"),
    ] {
        for body in [r#"{"tags":{}}"#, r#"{"size":"Standard_B4ms"}"#] {
            assert_protected(&patched_at(gateway, path, &[], body).await, word);
        }
        assert!(gateway.azure.requests(Service::Actions).is_empty());
    }
}

#[actix_web::test]
async fn a_member_of_a_flexible_scale_set_is_a_virtual_machine_like_others() {
    let gateway = Gateway::start();
    assert_eq!(gateway.post("/vms/flex-01/restart").await.status, 202);
}

#[actix_web::test]
async fn a_member_of_a_uniform_scale_set_is_refused_with_the_reason() {
    for scopes in [("MIG_ALLOW_SELF", ""), ("MIG_SCOPES", ALL)] {
        let gateway = Gateway::with(&[scopes]);
        let answer = gateway.post("/vms/workers_12/deallocate").await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        assert!(answer.text().contains("uniform scale set"));
        assert!(gateway.azure.requests(Service::Actions).is_empty());
    }
}

#[actix_web::test]
async fn the_gateway_does_not_switch_its_own_host_off_however_it_is_spelt() {
    let gateway = on_a_virtual_machine(&[]);
    for name in ["gateway-01", "GATEWAY-01", "Gateway-01"] {
        let answer = gateway.post(&format!("/vms/{name}/deallocate")).await;
        assert_protected(&answer, "MIG_ALLOW_SELF");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert_eq!(gateway.azure.requests(Service::Instance).len(), 1);
    assert_eq!(gateway.post("/vms/web-01/deallocate").await.status, 202);
}

#[actix_web::test]
async fn the_gateway_switches_its_own_host_off_where_that_is_allowed() {
    let gateway = on_a_virtual_machine(&[("MIG_ALLOW_SELF", "on")]);
    let answer = gateway.post("/vms/gateway-01/deallocate").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

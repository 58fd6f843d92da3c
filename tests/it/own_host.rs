//! What instance metadata leaves open of the machine that the gateway runs on.

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::gateway::Gateway;

const GROUP: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web";

/// A gateway on gateway-01, whose metadata service has this `fault`.
fn told(fault: Fault, allow_self: &str) -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.inject(Service::Instance, fault, Times::Always);
    let vars = [("MIG_SCOPES", GROUP), ("MIG_ALLOW_SELF", allow_self)];
    Gateway::before(azure, Host::Vm, &vars)
}

#[actix_web::test]
async fn a_host_without_a_resource_id_is_known_by_its_name() {
    let metadata = r#"{"subscriptionId":"5ab1e000-0000-4000-8000-000000000001",
        "resourceGroupName":"rg-web","name":"gateway-01","resourceId":""}"#;
    let gateway = told(Fault::answer(200, metadata), "off");
    let answer = gateway.post("/vms/gateway-01/deallocate").await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (403, "protected".to_owned()), "{}", answer.text());
}

#[actix_web::test]
async fn while_the_host_is_not_known_nothing_is_switched_and_why_is_told() {
    let gateway = told(Fault::answer(404, "{}"), "off");
    let answer = gateway.post("/vms/web-01/deallocate").await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (503, "unavailable".to_owned()), "{}", answer.text());
    assert!(
        answer.text().contains("MIG_ALLOW_SELF"),
        "{}",
        answer.text()
    );
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn where_the_host_may_be_switched_no_order_needs_to_know_which_it_is() {
    let gateway = told(Fault::answer(404, "{}"), "on");
    let answer = gateway.post("/vms/web-01/deallocate").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

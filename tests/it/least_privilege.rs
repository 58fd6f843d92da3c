//! The roles of `deploy/azure` against what the gateway does: enough, and
//! nothing to spare.

use std::{fs, time::Duration};

use azure_sandbox::{Assignment, Host, Sandbox, Settings};
use serde_json::Value;

use crate::{architecture::root, contract::Contract, gateway::Gateway};

const MACHINE: &str = "web-01";

/// Every order there may be, each where the one before it leaves the machine in
/// a state that it changes.
const ORDERS: [&str; 6] = [
    "restart",
    "reapply",
    "redeploy",
    "powerOff",
    "start",
    "deallocate",
];

fn role() -> Value {
    let text = fs::read_to_string(root().join("deploy/azure/role.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn actions() -> Vec<String> {
    serde_json::from_value(role()["Actions"].clone()).unwrap()
}

/// The orders that the gateway takes by now.
fn orders() -> Vec<&'static str> {
    let operations = Contract::get().operations();
    let is_served = |order: &&str| {
        let path = format!("/vms/{{name}}/{order}");
        operations.contains(&("POST".to_owned(), path))
    };
    ORDERS.into_iter().filter(is_served).collect()
}

/// A gateway whose identity holds `actions` at the machine's resource group.
fn allowed(actions: &[String]) -> Gateway {
    let azure = Sandbox::start(Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();
    let machines = azure.virtual_machines();
    let machine = machines.iter().find(|it| it.name == MACHINE).unwrap();
    azure.assign(vec![Assignment {
        scope: format!(
            "/subscriptions/{}/resourceGroups/{}",
            machine.subscription_id, machine.resource_group
        ),
        actions: actions.to_vec(),
    }]);
    Gateway::before(azure, Host::ContainerApp, &[])
}

/// Lists machines, looks at one, gives every order and waits for its end;
/// returns how each ended, and what Azure refused meanwhile.
async fn tour(gateway: &Gateway) -> (Vec<String>, u64) {
    let listed = gateway.get("/vms").await.text().contains(MACHINE);
    let shown = gateway.get(&format!("/vms/{MACHINE}")).await.status;
    let mut ends = vec![format!("listed: {listed}, shown: {shown}")];
    for order in orders() {
        let answer = gateway.post(&format!("/vms/{MACHINE}/{order}")).await;
        let Some(place) = answer.header("location") else {
            ends.push(format!("{order}: {}", answer.text()));
            continue;
        };
        let has_ended = |it: &Value| it["status"] != "InProgress";
        let operation = gateway
            .until(place, |answer| Some(answer.json()).filter(has_ended))
            .await;
        ends.push(format!("{order}: {}", operation["status"]));
    }
    (ends, refused(gateway).await)
}

async fn refused(gateway: &Gateway) -> u64 {
    let metrics = gateway.admin("/metrics").await.text();
    let refusals = metrics.lines().filter(|line| {
        line.starts_with("mi_gateway_upstream_requests_total{")
            && line.contains(r#"service="arm",status="4xx""#)
    });
    let counts = refusals.map(|line| line.rsplit(' ').next().unwrap());
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

/// The action without which `order` is refused.
fn action(order: &str) -> String {
    format!("Microsoft.Compute/virtualMachines/{order}/action")
}

#[actix_web::test]
async fn the_role_is_enough_for_every_order_to_its_end() {
    let (ends, refused) = tour(&allowed(&actions())).await;
    let succeeded = |order| format!("{order}: \"Succeeded\"");
    let mut all = vec!["listed: true, shown: 200".to_owned()];
    all.extend(orders().into_iter().map(succeeded));
    assert_eq!((ends, refused), (all, 0));
}

#[actix_web::test]
async fn without_any_one_action_of_the_role_something_is_refused() {
    let not_served = |missing: &String| {
        let mut orders_to_come = ORDERS.into_iter().filter(|it| !orders().contains(it));
        orders_to_come.any(|order| action(order) == *missing)
    };
    for missing in actions() {
        if not_served(&missing) {
            continue;
        }
        let mut rest = actions();
        rest.retain(|action| *action != missing);
        let (ends, refused) = tour(&allowed(&rest)).await;
        assert!(refused > 0, "{missing} is superfluous: {ends:?}");
    }
}

#[actix_web::test]
async fn a_missing_action_is_told_with_the_role_that_has_it() {
    let mut rest = actions();
    rest.retain(|known| *known != action("deallocate"));
    let gateway = allowed(&rest);
    let problem = gateway
        .post(&format!("/vms/{MACHINE}/deallocate"))
        .await
        .json();
    let detail = problem["detail"].as_str().unwrap();
    let role = role();
    let command = format!("--role '{}' --scope '", role["Name"].as_str().unwrap());
    assert!(detail.contains(&action("deallocate")), "{detail}");
    assert!(detail.contains(&command), "{detail}");
}

#[test]
fn the_roles_name_each_action_by_itself() {
    let mut names = actions();
    assert!(names.iter().all(|name| !name.contains('*')), "{names:?}");
    for order in ORDERS {
        assert!(names.contains(&action(order)), "{order}");
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
}

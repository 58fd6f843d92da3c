//! The roles of `deploy/azure` against what the gateway does: enough, and
//! nothing to spare.

use std::{fs, time::Duration};

use azure_sandbox::{Assignment, Host, Sandbox, Service, Settings, VirtualMachine};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    answer::Answer,
    architecture::root,
    gateway::Gateway,
    orders::{ended, ordered},
};

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

fn role(file: &str) -> Value {
    let text = fs::read_to_string(root().join("deploy/azure").join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn actions_of(file: &str) -> Vec<String> {
    serde_json::from_value(role(file)["Actions"].clone()).unwrap()
}

fn actions() -> Vec<String> {
    actions_of("role.json")
}

/// A gateway whose identity holds `actions` at the machine's resource group.
fn allowed(actions: &[String]) -> Gateway {
    assigned(actions, |machine| {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            machine.subscription_id, machine.resource_group
        )
    })
}

/// A gateway whose identity holds `actions` at the `scope` of the machine.
fn assigned(actions: &[String], scope: impl Fn(&VirtualMachine) -> String) -> Gateway {
    let azure = Sandbox::start(Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();
    let machines = azure.virtual_machines();
    let machine = machines.iter().find(|it| it.name == MACHINE).unwrap();
    azure.assign(vec![Assignment {
        scope: scope(machine),
        actions: actions.to_vec(),
    }]);
    Gateway::before(azure, Host::ContainerApp, &[("MIG_VM_UPDATE", "on")])
}

/// Lists machines, looks at one, gives every order and waits for its end;
/// returns how each ended, and what Azure refused meanwhile.
async fn tour(gateway: &Gateway) -> (Vec<String>, u64) {
    let listed = gateway.get("/vms").await.text().contains(MACHINE);
    let shown = gateway.get(&format!("/vms/{MACHINE}")).await.status;
    let mut ends = vec![format!("listed: {listed}, shown: {shown}")];
    for order in ORDERS {
        let answer = gateway.post(&format!("/vms/{MACHINE}/{order}")).await;
        let Some(place) = answer.header("location") else {
            ends.push(format!("{order}: {}", answer.text()));
            continue;
        };
        let operation = ended(gateway, place).await;
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
    all.extend(ORDERS.map(succeeded));
    assert_eq!((ends, refused), (all, 0));
}

#[actix_web::test]
async fn without_any_one_action_of_the_role_something_is_refused() {
    let tours = actions().into_iter().map(|missing| async move {
        let mut rest = actions();
        rest.retain(|action| *action != missing);
        let (ends, refused) = tour(&allowed(&rest)).await;
        assert!(refused > 0, "{missing} is superfluous: {ends:?}");
    });
    join_all(tours).await;
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
    let role = role("role.json");
    let command = format!("--role '{}' --scope '", role["Name"].as_str().unwrap());
    assert!(detail.contains(&action("deallocate")), "{detail}");
    assert!(detail.contains(&command), "{detail}");
}

/// It may not read the status of the operation, and looks at the machine.
#[actix_web::test]
async fn a_role_on_the_machine_alone_is_enough_to_switch_it_and_to_learn_the_end() {
    let gateway = assigned(&actions(), VirtualMachine::id);
    let place = ordered(&gateway, MACHINE, "deallocate").await;
    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Succeeded", "{operation}");
    assert_eq!(gateway.azure.requests(Service::Operations).len(), 1);
}

async fn tagged(gateway: &Gateway) -> Answer {
    let (path, json) = (
        format!("/vms/{MACHINE}"),
        [("content-type", "application/json")],
    );
    let body = br#"{"tags":{"env":"test"}}"#.to_vec();
    gateway.send("PATCH", gateway.api, &path, &json, body).await
}

#[actix_web::test]
async fn a_change_needs_the_other_role_as_well_and_says_so() {
    let refused = tagged(&allowed(&actions())).await;
    assert_eq!(refused.code(), "upstream_refused");
    let name = role("role-update.json")["Name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(refused.text().contains(&name), "{}", refused.text());

    let both = [actions(), actions_of("role-update.json")].concat();
    assert_eq!(tagged(&allowed(&both)).await.status, 200);
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

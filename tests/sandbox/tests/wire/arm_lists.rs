//! Lists of machines: of a group, and of a subscription.

use std::time::Duration;

use azure_sandbox::DEFAULT_SCOPE;

use crate::{
    client::{encoded, sandbox},
    compute::{act, operations_take, order},
    lists::{MACHINES, first, list, rows, texts},
};

#[test]
fn a_group_lists_its_machines_and_no_others() {
    let azure = sandbox();

    let answer = list(&azure, DEFAULT_SCOPE, "");

    let expected: Vec<_> = azure
        .virtual_machines()
        .iter()
        .map(azure_sandbox::VirtualMachine::id)
        .filter(|id| id.starts_with(&format!("{DEFAULT_SCOPE}/")))
        .collect();
    assert_eq!(texts(&answer, "/id"), expected);
    assert_eq!(answer.json().get("nextLink"), None);
    assert_eq!(answer.header("x-ms-original-request-ids"), None);
}

#[test]
fn a_subscription_lists_its_machines_with_their_groups_in_upper_case() {
    let azure = sandbox();

    let answer = list(&azure, subscription(), "");

    let in_upper_case = |vm: azure_sandbox::VirtualMachine| {
        let group = vm.resource_group.to_uppercase();
        format!(
            "{}/resourceGroups/{group}{MACHINES}/{}",
            subscription(),
            vm.name
        )
    };
    let machines = azure.virtual_machines().into_iter();
    let own = machines.filter(|vm| subscription().ends_with(&vm.subscription_id));
    let expected: Vec<_> = own.map(in_upper_case).collect();
    assert_eq!(texts(&answer, "/id"), expected);
    assert!(answer.header("x-ms-original-request-ids").is_some());
}

#[test]
fn ids_within_a_machine_keep_their_case() {
    let azure = sandbox();

    let answer = list(&azure, subscription(), "");

    let set = format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachineScaleSets/flex");
    let sets = texts(&answer, "/properties/virtualMachineScaleSet/id");
    assert_eq!(sets, [set]);
}

#[test]
fn machines_that_belong_to_something_say_so() {
    let azure = sandbox();

    let rows = rows(&list(&azure, subscription(), ""));

    let managed = rows.iter().filter(|row| row.get("managedBy").is_some());
    let names: Vec<_> = managed.map(|row| row["name"].clone()).collect();
    let expected = ["managed-01", "flex-01", "aks-nodepool1-12345678-0"];
    assert_eq!(names, expected);
}

#[test]
fn status_only_shows_states_and_nothing_of_the_model() {
    let azure = operations_take(Duration::ZERO);
    act(&azure, "web-02", "deallocate");

    let rows = rows(&list(&azure, subscription(), "&statusOnly=true"));

    let state = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        row["properties"]["instanceView"]["statuses"][1]["code"].clone()
    };
    assert_eq!(state("web-01"), "PowerState/running");
    assert_eq!(state("web-02"), "PowerState/deallocated");
    for absent in ["/tags", "/properties/storageProfile"] {
        assert_eq!(rows[0].pointer(absent), None);
    }
    let view = rows[0]["properties"]["instanceView"].as_object().unwrap();
    assert_eq!(view.keys().collect::<Vec<_>>(), ["statuses"]);
}

#[test]
fn the_members_of_a_scale_set_can_be_listed_with_their_instance_views() {
    let azure = sandbox();
    let set = format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachineScaleSets/FLEX");
    let filter = encoded(&format!("'virtualMachineScaleSet/id' eq '{set}'"));

    for scope in [DEFAULT_SCOPE, subscription()] {
        let plain = list(&azure, scope, &format!("&$filter={filter}"));
        let expanded = list(
            &azure,
            scope,
            &format!("&$filter={filter}&$expand=instanceView"),
        );

        assert_eq!(texts(&plain, "/name"), ["flex-01"]);
        assert_eq!(rows(&plain)[0].pointer("/properties/instanceView"), None);
        let codes = texts(&expanded, "/properties/instanceView/statuses/1/code");
        assert_eq!(codes, ["PowerState/running"]);
    }
}

#[test]
fn other_parameters_are_refused() {
    let azure = sandbox();
    for (scope, query) in [
        (DEFAULT_SCOPE, "$expand=instanceView"),
        (DEFAULT_SCOPE, "statusOnly=true"),
        (subscription(), "statusOnly=perhaps"),
        (subscription(), "$expand=instanceView"),
        (subscription(), "$filter=name%20eq%20'web-01'"),
        (subscription(), "$skiptoken=nonsense"),
        (subscription(), "$top=5"),
    ] {
        let answer = list(&azure, scope, &format!("&{query}"));

        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.text("/error/code"), "InvalidParameter", "{query}");
    }
}

#[test]
fn a_place_that_is_not_there_has_no_list() {
    let azure = sandbox();
    let elsewhere = "/subscriptions/00000000-0000-4000-8000-000000000000";
    let no_group = format!("{}/resourceGroups/rg-none", subscription());

    for (scope, code) in [
        (elsewhere, "SubscriptionNotFound"),
        (
            &format!("{elsewhere}/resourceGroups/rg-web"),
            "SubscriptionNotFound",
        ),
        (&no_group, "ResourceGroupNotFound"),
    ] {
        let answer = list(&azure, scope, "");

        assert_eq!(answer.status, 404, "{scope}");
        assert_eq!(answer.text("/error/code"), code, "{scope}");
    }
}

#[test]
fn a_list_takes_of_the_quota_for_costly_reads() {
    let azure = sandbox();

    let answer = list(&azure, subscription(), "");

    assert_eq!(
        answer.header("x-ms-ratelimit-remaining-resource"),
        Some("Microsoft.Compute/HighCostGetSubscriptionMaximum;899")
    );
}

#[test]
fn a_list_can_only_be_read() {
    let azure = sandbox();

    let answer = order(&azure, "POST", &first(&azure, DEFAULT_SCOPE, ""));

    assert_eq!(answer.status, 405);
}

fn subscription() -> &'static str {
    DEFAULT_SCOPE.split_once("/resourceGroups/").unwrap().0
}

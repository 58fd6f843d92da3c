//! Virtual machines, as Resource Manager shows them.

use azure_sandbox::{DEFAULT_SCOPE, Sandbox, Settings};
use serde_json::{Value, json};

use crate::{
    client::{ARM, Answer, bearer, get, sandbox},
    compute::{VERSION, machine, order, read},
};

#[test]
fn a_version_is_required_and_has_to_be_known() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");

    let missing = read(&azure, &url);
    let unknown = read(&azure, &format!("{url}?api-version=2099-01-01"));
    let newest = read(&azure, &format!("{url}?api-version=2025-11-01"));

    assert_refused(&missing, 400, "MissingApiVersionParameter");
    assert_refused(&unknown, 400, "NoRegisteredProviderFound");
    let why = unknown.text("/error/message");
    assert!(why.contains("'2099-01-01'"), "{why}");
    assert!(why.contains("2025-11-01"), "{why}");
    assert_eq!(newest.status, 200);
}

#[test]
fn the_versions_that_are_known_can_be_chosen() {
    let azure = Sandbox::start(Settings {
        compute_versions: vec!["2022-11-01".to_owned(), "2024-07-01".to_owned()],
        ..Settings::default()
    })
    .unwrap();
    let url = machine(&azure, "web-01");

    let newest = read(&azure, &format!("{url}?api-version=2025-11-01"));
    let known = read(&azure, &format!("{url}?api-version=2024-07-01"));

    assert_refused(&newest, 400, "NoRegisteredProviderFound");
    let why = newest.text("/error/message");
    assert!(why.ends_with("'2022-11-01, 2024-07-01'."), "{why}");
    assert_eq!(known.status, 200);
}

#[test]
fn user_data_can_be_asked_for_and_there_is_none() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");

    let plain = read(&azure, &format!("{url}?{VERSION}"));
    let expanded = read(&azure, &format!("{url}?{VERSION}&$expand=userData"));

    assert_eq!(expanded.status, 200);
    assert_eq!(expanded.json(), plain.json());
}

#[test]
fn what_is_not_there_is_named() {
    let azure = sandbox();
    let (subscription, group) = DEFAULT_SCOPE.rsplit_once("/resourceGroups/").unwrap();
    let elsewhere = "/subscriptions/00000000-0000-4000-8000-000000000000";

    for (scope, code, message) in [
        (
            DEFAULT_SCOPE.to_owned(),
            "ResourceNotFound",
            "The Resource 'Microsoft.Compute/virtualMachines/none' under resource group 'rg-web' \
             was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ),
        (
            format!("{subscription}/resourceGroups/rg-none"),
            "ResourceGroupNotFound",
            "Resource group 'rg-none' could not be found.",
        ),
        (
            format!("{elsewhere}/resourceGroups/{group}"),
            "SubscriptionNotFound",
            "The subscription '00000000-0000-4000-8000-000000000000' could not be found.",
        ),
    ] {
        let url = machine(&azure, "none").replace(DEFAULT_SCOPE, &scope);
        let answer = read(&azure, &format!("{url}?{VERSION}"));
        assert_refused(&answer, 404, code);
        assert_eq!(answer.text("/error/message"), message);
        assert_eq!(answer.header("x-ms-failure-cause"), Some("gateway"));
    }
}

#[test]
fn a_machine_is_not_found_in_the_group_of_another() {
    let azure = sandbox();
    let of_another_group = machine(&azure, "db-01");
    let of_another_subscription = machine(&azure, "edge-01");

    for url in [of_another_group, of_another_subscription] {
        let answer = read(&azure, &format!("{url}?{VERSION}"));
        assert_refused(&answer, 404, "ResourceNotFound");
    }
}

#[test]
fn every_machine_is_found_by_its_id() {
    let azure = sandbox();
    // No parenthesis and no dot has to be escaped in a path, but may be.
    let escaped = |id: &str| id.replace('(', "%28").replace(')', "%29");

    for vm in azure.virtual_machines() {
        let url = format!("{}{}?{VERSION}", azure.url(), escaped(&vm.id()));
        let answer = read(&azure, &url);
        assert_eq!(answer.text("/id"), vm.id());
        assert_eq!(answer.text("/name"), vm.name);
        assert_eq!(answer.text("/location"), vm.location);
    }
}

#[test]
fn case_makes_no_difference_to_a_path() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");
    let (root, path) = url.split_at(azure.url().len());

    let plain = read(&azure, &format!("{url}?{VERSION}"));

    for path in [path.to_lowercase(), path.to_uppercase()] {
        let answer = read(&azure, &format!("{root}{path}?{VERSION}"));
        assert_eq!(answer.json(), plain.json(), "{path}");
    }
}

#[test]
fn a_disk_tells_how_it_was_made() {
    let azure = sandbox();

    let shown = read(&azure, &format!("{}?{VERSION}", machine(&azure, "web-01")));

    let disk = "/properties/storageProfile/osDisk";
    assert_eq!(shown.text(&format!("{disk}/createOption")), "FromImage");
    assert_eq!(shown.text(&format!("{disk}/name")), "web-01_os");
}

#[test]
fn a_machine_is_shown_with_its_instance_view_to_who_asks_for_it() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");

    let plain = read(&azure, &format!("{url}?{VERSION}"));
    let expanded = read(&azure, &format!("{url}?{VERSION}&$expand=instanceView"));
    let view = read(&azure, &format!("{url}/instanceView?{VERSION}"));

    assert_eq!(plain.text("/properties/provisioningState"), "Succeeded");
    assert_eq!(plain.header("etag"), Some("\"5\""));
    assert_eq!(plain.text("/etag"), "\"5\"");
    assert_eq!(expanded.header("etag"), None);
    assert_eq!(expanded.text("/etag"), "\"5\"");
    assert_eq!(plain.json().pointer("/properties/instanceView"), None);
    assert_eq!(
        expanded.json().pointer("/properties/instanceView"),
        Some(&view.json())
    );
    assert_eq!(view.json().pointer("/properties"), None);
}

#[test]
fn a_running_machine_has_a_guest() {
    let azure = sandbox();

    let view = read(
        &azure,
        &format!("{}/instanceView?{VERSION}", machine(&azure, "web-01")),
    );

    assert_eq!(codes(&view.json()), STATUSES_RUNNING);
    assert_eq!(view.text("/statuses/1/displayStatus"), "VM running");
    assert_eq!(view.text("/computerName"), "web-01");
    assert_eq!(view.text("/vmAgent/statuses/0/displayStatus"), "Ready");
}

#[test]
fn nothing_but_the_instance_view_can_be_expanded() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");

    let answer = read(&azure, &format!("{url}?{VERSION}&$expand=everything"));

    assert_refused(&answer, 400, "InvalidParameter");
}

#[test]
fn other_paths_and_verbs_are_refused() {
    let azure = sandbox();
    let url = machine(&azure, "web-01");

    let collection = read(&azure, &format!("{}?{VERSION}", machine(&azure, "")));
    let action = order(&azure, "POST", &format!("{url}/explode?{VERSION}"));
    let verb = order(&azure, "DELETE", &format!("{url}?{VERSION}"));

    assert_eq!(collection.status, 404);
    assert_refused(&action, 404, "InvalidResourceType");
    assert_refused(&verb, 405, "MethodNotAllowed");
    assert_eq!(
        azure.power_state("rg-web", "web-01").as_deref(),
        Some("running")
    );
}

#[test]
fn a_correlation_id_is_echoed_or_made_up() {
    let azure = sandbox();
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
    let token = bearer(&azure, ARM);
    let id = "3f8c1c52-7f0b-4b6e-9d3c-0a1b2c3d4e5f";
    let correlation = ("x-ms-correlation-request-id", id);

    let with = get(&url, &[("authorization", &token), correlation]);
    let refused = get(&url, &[correlation]);
    let without = get(&url, &[("authorization", &token)]);

    assert_eq!(with.status, 200);
    for answer in [&with, &refused] {
        assert_eq!(answer.header("x-ms-correlation-request-id"), Some(id));
        let routing = answer.header("x-ms-routing-request-id").unwrap();
        assert!(routing.ends_with(id), "{routing}");
    }
    let made_up = without.header("x-ms-correlation-request-id").unwrap();
    assert_eq!(made_up.len(), id.len(), "{made_up}");
    assert_ne!(
        with.header("x-ms-request-id"),
        refused.header("x-ms-request-id")
    );
}

const STATUSES_RUNNING: [&str; 2] = ["ProvisioningState/succeeded", "PowerState/running"];

/// The codes of the statuses of an instance view.
fn codes(view: &Value) -> Vec<&str> {
    let statuses = view["statuses"].as_array().unwrap();
    statuses
        .iter()
        .map(|status| status["code"].as_str().unwrap())
        .collect()
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.json()["error"]["code"], json!(code));
}

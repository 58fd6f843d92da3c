//! What a virtual machine can find out about itself.

use azure_sandbox::{DEFAULT_SCOPE, Identity, Sandbox};
use serde_json::{Value, json};

use crate::client::{Answer, METADATA, get, post, sandbox};

#[test]
fn a_machine_learns_where_it_is() {
    let azure = sandbox();

    let compute = ask(&azure, "/instance/compute", "");

    assert_eq!(compute.status, 200);
    assert_eq!(
        compute.text("/resourceId"),
        format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachines/gateway-01")
    );
    assert_eq!(
        compute.json()["tagsList"],
        json!([{"name": "identity", "value": Identity::gateway().client_id}])
    );
}

#[test]
fn every_primitive_is_text() {
    let azure = sandbox();

    let all = ask(&azure, "/instance", "").json();

    assert_eq!(all["network"]["interface"].as_array().unwrap().len(), 1);
    let mut left = vec![&all];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => left.extend(fields.values()),
            Value::Array(values) => left.extend(values),
            Value::String(_) => {}
            Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{value} is no text"),
        }
    }
}

#[test]
fn a_leaf_has_to_be_asked_for_as_text() {
    let azure = sandbox();

    let as_json = ask(&azure, "/instance/compute/name", "");
    let as_text = ask(&azure, "/instance/compute/name", "&format=text");

    assert_eq!(as_json.status, 400);
    assert_eq!(
        as_json.text("/error_description"),
        "Requested format is not allowed for leaf values."
    );
    assert_eq!(as_text.status, 200);
    assert_eq!(as_text.body, "gateway-01");
}

#[test]
fn a_leaf_is_found_whatever_the_case_of_its_name() {
    let azure = sandbox();

    for path in [
        "/instance/compute/subscriptionId",
        "/instance/compute/subscriptionid",
        "/Instance/Compute/SubscriptionId",
    ] {
        let answer = ask(&azure, path, "&format=text");
        assert_eq!(answer.status, 200, "{path}");
        assert!(DEFAULT_SCOPE.contains(&answer.body), "{}", answer.body);
    }
}

#[test]
fn an_element_of_an_array_goes_by_its_index() {
    let azure = sandbox();
    let address = "/instance/network/interface/0/ipv4/ipAddress/0/privateIpAddress";

    let first = ask(&azure, address, "&format=text");
    let second = ask(&azure, "/instance/network/interface/1", "");

    assert_eq!(first.body, "10.0.0.4");
    assert_eq!(second.status, 404);
}

#[test]
fn nothing_but_the_instance_is_told() {
    let azure = sandbox();

    for path in ["/scheduledevents", "/instances", "/instancecompute"] {
        assert_eq!(ask(&azure, path, "").status, 404, "{path}");
    }
}

#[test]
fn a_missing_value_is_empty_and_a_missing_field_is_not_found() {
    let azure = sandbox();

    let empty = ask(&azure, "/instance/compute/vmScaleSetName", "&format=text");
    let missing = ask(&azure, "/instance/compute/vmScaleSet", "&format=text");

    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
    assert_eq!(missing.status, 404);
}

#[test]
fn the_rules_of_the_token_endpoint_hold_here_too() {
    let azure = sandbox();
    let url = url(&azure, "/instance/compute", "api-version=2021-02-01");

    assert_eq!(get(&url, &[]).status, 400);
    let forwarded = ("X-Forwarded-For", "10.0.0.1");
    assert_eq!(get(&url, &[METADATA, forwarded]).status, 400);
    assert_eq!(post(&url, &[METADATA], "{}").status, 405);
    assert_eq!(
        get(&format!("{url}&API-Version=2021-02-01"), &[METADATA]).status,
        400
    );
}

#[test]
fn who_names_no_known_version_is_told_the_newest() {
    let azure = sandbox();

    for query in ["", "api-version=", "api-version=2099-01-01"] {
        let refusal = get(&url(&azure, "/instance/compute", query), &[METADATA]);
        assert_eq!(refusal.status, 400, "{query}");
        assert_eq!(
            refusal.json()["newest-versions"],
            json!(["2025-04-07", "2024-07-17", "2024-03-15"]),
            "{query}"
        );
    }
}

#[test]
fn the_versions_are_listed_and_all_of_them_work() {
    let azure = sandbox();

    // This path alone needs no version.
    let listed = get(&url(&azure, "/versions", ""), &[METADATA]).json();

    let versions: Vec<_> = listed["apiVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version.as_str().unwrap())
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert_eq!(versions.last(), Some(&"2025-04-07"));
    for version in versions {
        let query = format!("api-version={version}");
        let answer = get(&url(&azure, "/instance", &query), &[METADATA]);
        assert_eq!(answer.status, 200, "{version}");
    }
}

fn url(azure: &Sandbox, path: &str, query: &str) -> String {
    format!("{}/metadata{path}?{query}", azure.url())
}

fn ask(azure: &Sandbox, path: &str, more: &str) -> Answer {
    let query = format!("api-version=2021-02-01{more}");
    get(&url(azure, path, &query), &[METADATA])
}

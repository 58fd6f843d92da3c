//! Updates of a machine: tags and size.

use std::time::Duration;

use azure_sandbox::{Sandbox, Service};
use serde_json::{Value, json};

use crate::{
    client::{ARM, Answer, bearer, sandbox, send},
    compute::{AN_HOUR, VERSION, machine, operations_take, power_state, read},
};

#[test]
fn tags_are_replaced_as_a_whole_and_without_an_operation() {
    let azure = sandbox();

    let answer = patch(&azure, &[], &json!({"tags": {"owner": "me"}}));

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["tags"], json!({"owner": "me"}));
    assert_eq!(answer.header("azure-asyncoperation"), None);
    assert_eq!(shown(&azure).json()["tags"], json!({"owner": "me"}));
}

#[test]
fn an_update_moves_the_etag_and_shows_it() {
    let azure = sandbox();

    let answer = patch(&azure, &[], &json!({"tags": {}}));

    assert_eq!(answer.header("etag"), Some("\"6\""));
    assert_eq!(answer.text("/etag"), "\"6\"");
    assert_eq!(shown(&azure).header("etag"), Some("\"6\""));
}

#[test]
fn another_size_takes_an_operation() {
    for (takes, expected) in [(AN_HOUR, "InProgress"), (Duration::ZERO, "Succeeded")] {
        let azure = operations_take(takes);

        let answer = patch(&azure, &[], &size("Standard_D2s_v5"));

        assert_eq!(answer.status, 200, "{}", answer.body);
        let url = answer.header("azure-asyncoperation").unwrap();
        assert_eq!(read(&azure, url).text("/status"), expected);
        let size = shown(&azure).text("/properties/hardwareProfile/vmSize");
        assert_eq!(size, "Standard_D2s_v5");
        assert_eq!(power_state(&azure, "web-01"), "running");
    }
}

#[test]
fn the_size_that_a_machine_has_takes_none() {
    let azure = sandbox();

    let answer = patch(&azure, &[], &size("standard_b2s"));

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("azure-asyncoperation"), None);
    assert_eq!(answer.header("etag"), Some("\"5\""));
}

#[test]
fn a_size_that_is_none_is_refused_with_those_there_are() {
    let azure = sandbox();

    let answer = patch(&azure, &[], &size("Standard_Huge"));

    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error/code"), "InvalidParameter");
    assert_eq!(answer.text("/error/target"), "vmSize");
    assert!(answer.text("/error/message").contains("Standard_D4s_v5"));
}

#[test]
fn an_update_of_another_state_than_the_one_seen_is_refused() {
    let azure = sandbox();
    let tags = json!({"tags": {"owner": "me"}});

    let stale = patch(&azure, &[("if-match", "\"4\"")], &tags);
    assert_eq!(stale.status, 412);
    assert_eq!(stale.text("/error/code"), "PreconditionFailed");
    assert_eq!(
        stale.text("/error/message"),
        "Etag provided in if-match header \"4\" does not match etag \"5\" of resource."
    );
    assert_ne!(shown(&azure).json()["tags"], tags["tags"]);

    for etag in ["\"5\"", "*"] {
        assert_eq!(patch(&azure, &[("if-match", etag)], &tags).status, 200);
    }
}

#[test]
fn a_version_before_etags_shows_none_and_heeds_none() {
    let azure = sandbox();
    let url = format!("{}?api-version=2022-11-01", machine(&azure, "web-01"));
    let tags = json!({"tags": {"owner": "me"}});

    let answer = patch_at(&azure, &url, &[("if-match", "\"4\"")], &tags);

    assert_eq!(answer.status, 200, "{}", answer.body);
    for shown in [answer, read(&azure, &url)] {
        assert_eq!(shown.header("etag"), None);
        assert_eq!(shown.json().get("etag"), None);
        assert_eq!(shown.json()["tags"], tags["tags"]);
    }
}

#[test]
fn a_body_that_says_something_else_is_refused() {
    let azure = sandbox();
    for body in [
        json!({"location": "northeurope"}),
        json!({"properties": {"osProfile": {}}}),
        json!({"tags": {"owner": 1}}),
        json!([]),
    ] {
        let answer = patch(&azure, &[], &body);

        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.text("/error/code"), "InvalidRequestContent");
    }
    assert_eq!(shown(&azure).header("etag"), Some("\"5\""));
}

#[test]
fn an_update_counts_as_a_change() {
    let azure = sandbox();

    patch(&azure, &[], &json!({"tags": {}}));

    assert_eq!(azure.requests(Service::Actions).len(), 1);
    assert!(azure.requests(Service::VirtualMachines).is_empty());
}

fn size(name: &str) -> Value {
    json!({"properties": {"hardwareProfile": {"vmSize": name}}})
}

fn patch(azure: &Sandbox, headers: &[(&str, &str)], body: &Value) -> Answer {
    let url = format!("{}?{VERSION}", machine(azure, "web-01"));
    patch_at(azure, &url, headers, body)
}

fn patch_at(azure: &Sandbox, url: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let token = bearer(azure, ARM);
    let own = [
        ("authorization", token.as_str()),
        ("content-type", "application/json"),
    ];
    let headers = [&own, headers].concat();
    send("PATCH", url, &headers, &body.to_string()).unwrap()
}

fn shown(azure: &Sandbox) -> Answer {
    read(azure, &format!("{}?{VERSION}", machine(azure, "web-01")))
}

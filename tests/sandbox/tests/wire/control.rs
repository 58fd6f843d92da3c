//! The verbs of the typed handle, over HTTP.

use std::time::Duration;

use azure_sandbox::{Sandbox, Service};
use serde_json::{Value, json};

use crate::{
    client::{ARM, Answer, GRAPH, METADATA, bearer, get, post, sandbox, send, token_url},
    compute::{VERSION, deallocate, machine, operations_take, power_state, read},
};

#[test]
fn every_fault_can_be_asked_for() {
    let answer = json!({"status": 418, "headers": [["x-tea", "pot"]], "body": {"short": "stout"}});
    for (fault, status) in [
        (json!({ "answer": answer }), Some(418)),
        (json!({"delayMilliseconds": 1}), Some(200)),
        (json!({"throttleSeconds": 3}), Some(429)),
        (json!("reset"), None),
        (json!("close"), None),
        (json!("cutHead"), None),
        (json!("unlink"), Some(200)),
        (json!("truncate"), None),
        (json!({"truncateAtByte": 9}), None),
        (json!({"truncateChunkedAtByte": 9}), None),
        (json!({"redirect": "http://127.0.0.1:9/"}), Some(302)),
        (json!({"oversizeBytes": 10}), Some(200)),
    ] {
        let azure = sandbox();

        let accepted = order(
            &azure,
            &json!({"service": "token", "fault": fault, "times": 1}),
        );
        let faulty = send("GET", &token_url(&azure, ""), &[METADATA], "");
        let after = get(&token_url(&azure, ""), &[METADATA]);

        assert_eq!(accepted.status, 200, "{}", accepted.body);
        assert_eq!(faulty.ok().map(|answer| answer.status), status, "{fault}");
        assert_eq!(after.status, 200, "{fault}");
    }
}

#[test]
fn a_scripted_answer_has_its_headers_and_its_body() {
    let azure = sandbox();
    let answer = json!({"status": 418, "headers": [["x-tea", "pot"]], "body": {"short": "stout"}});

    order(
        &azure,
        &json!({"service": "token", "fault": {"answer": answer}}),
    );
    let faulty = get(&token_url(&azure, ""), &[METADATA]);

    assert_eq!(faulty.header("x-tea"), Some("pot"));
    assert_eq!(faulty.json(), json!({"short": "stout"}));
}

#[test]
fn a_scripted_answer_may_be_a_status_alone() {
    let azure = sandbox();

    order(
        &azure,
        &json!({"service": "token", "fault": {"answer": {"status": 503}}}),
    );
    let faulty = get(&token_url(&azure, ""), &[METADATA]);

    assert_eq!((faulty.status, faulty.body.as_str()), (503, ""));
}

#[test]
fn faults_without_a_number_last_until_they_are_deleted() {
    let azure = sandbox();
    let url = token_url(&azure, "");

    order(
        &azure,
        &json!({"service": "token", "fault": {"throttleSeconds": 1}}),
    );
    let during: Vec<_> = (0..3).map(|_| get(&url, &[METADATA]).status).collect();
    let deleted = send("DELETE", &path(&azure, "faults"), &[], "").unwrap();

    assert_eq!(during, [429; 3]);
    assert_eq!(deleted.status, 200);
    assert_eq!(get(&url, &[METADATA]).status, 200);
}

#[test]
fn an_order_that_is_not_understood_says_what_would_be() {
    let azure = sandbox();
    for (body, hint) in [
        ("{", "EOF"),
        (
            r#"{"service": "teapot", "fault": "reset"}"#,
            "token, discovery, keys, tokenReview, instance, virtualMachines, actions, operations, resourceGraph, graph",
        ),
        (r#"{"service": "token", "fault": "explode"}"#, "`truncate`"),
        (
            r#"{"service": "token", "fault": "reset", "time": 1}"#,
            "`times`",
        ),
    ] {
        let answer = post(&path(&azure, "faults"), &[], body);

        assert_eq!(answer.status, 400, "{body}");
        let message = answer.text("/message");
        assert!(message.contains(hint), "{body}: {message}");
    }
    assert_eq!(get(&token_url(&azure, ""), &[METADATA]).status, 200);
}

#[test]
fn an_unknown_verb_is_met_with_the_known_ones() {
    let azure = sandbox();

    let answer = post(&path(&azure, "explode"), &[], "");

    assert_eq!(answer.status, 404);
    assert!(answer.text("/message").contains("tokens/expire"));
}

#[test]
fn expired_tokens_are_forgotten_by_the_host_and_rejected_ones_are_not() {
    for (verb, stays) in [("tokens/expire", false), ("tokens/reject", true)] {
        let azure = sandbox();
        let token = || get(&token_url(&azure, ""), &[METADATA]).text("/access_token");
        let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
        let before = token();

        let done = post(&path(&azure, verb), &[], "");

        let refused = get(&url, &[("authorization", &format!("Bearer {before}"))]);
        assert_eq!((done.status, refused.status), (200, 401), "{verb}");
        assert_eq!(token() == before, stays, "{verb}");
    }
}

#[test]
fn page_links_can_be_made_to_expire() {
    let azure = sandbox();
    let authorization = bearer(&azure, GRAPH);
    let headers = [("authorization", authorization.as_str())];
    let first = get(&format!("{}/v1.0/users?$top=1", azure.url()), &headers);

    let done = post(&path(&azure, "pages/expire"), &[], "");
    let second = get(&first.text("/@odata.nextLink"), &headers);

    assert_eq!(done.status, 200);
    assert_eq!(second.text("/error/code"), "Directory_ExpiredPageToken");
}

#[test]
fn what_was_asked_is_shown_without_a_secret() {
    let azure = sandbox();
    let accepted = deallocate(&azure, "web-01");
    read(&azure, accepted.header("location").unwrap());
    get(&format!("{}/nowhere", azure.url()), &[]);

    let shown = get(&path(&azure, "requests"), &[]);

    let requests = shown.json()["value"].as_array().unwrap().clone();
    let services: Vec<_> = requests.iter().map(|it| it["service"].clone()).collect();
    let expected = [json!("actions"), json!("operations"), Value::Null];
    assert_eq!(services, expected);
    assert_eq!(requests[2]["isExpected"], false);
    for secret in azure.secrets() {
        assert!(!shown.body.contains(&secret));
    }
    assert_eq!(azure.requests(Service::Operations).len(), 1);
}

#[test]
fn the_seed_is_shown_with_its_power_states() {
    let azure = sandbox();
    deallocate(&azure, "web-01");

    let machines = get(&path(&azure, "vms"), &[]).json();
    let departments = get(&path(&azure, "departments"), &[]).json();

    let machines = machines["value"].as_array().unwrap();
    let state = |name: &str| {
        let machine = machines.iter().find(|it| it["name"] == name).unwrap();
        machine["powerState"].as_str().unwrap().to_owned()
    };
    assert_eq!(machines.len(), azure.virtual_machines().len());
    assert_ne!(state("web-01"), "running");
    assert_eq!(state("web-02"), "running");
    assert_eq!(departments["value"], json!(azure.departments()));
}

#[test]
fn somebody_elses_order_is_carried_out_or_refused() {
    let azure = operations_take(Duration::ZERO);
    let order = |name: &str, action: &str| {
        let body = json!({"resourceGroup": "rg-web", "name": name, "action": action});
        post(&path(&azure, "vms/order"), &[], &body.to_string()).status
    };

    assert_eq!(order("web-01", "deallocate"), 200);
    assert_eq!(order("web-01", "restart"), 409);
    assert_eq!(order("web-01", "explode"), 400);
    assert_eq!(order("none", "restart"), 400);

    assert_eq!(power_state(&azure, "web-01"), "deallocated");
}

#[test]
fn an_operation_can_be_made_to_fail_and_to_be_forgotten() {
    let azure = operations_take(Duration::ZERO);
    let failure = json!({"code": "AllocationFailed", "message": "No capacity."});

    let failing = post(&path(&azure, "operations/fail"), &[], &failure.to_string());
    let accepted = deallocate(&azure, "web-01");
    let url = accepted.header("azure-asyncoperation").unwrap();
    let failed = read(&azure, url);
    let forgotten = post(&path(&azure, "operations/forget"), &[], "");

    assert_eq!((failing.status, forgotten.status), (200, 200));
    assert_eq!(failed.text("/error/code"), "AllocationFailed");
    assert_eq!(read(&azure, url).status, 404);
}

#[test]
fn control_is_no_part_of_azure() {
    let azure = sandbox();

    get(
        &path(&azure, "vms"),
        &[("authorization", &bearer(&azure, ARM))],
    );

    assert!(azure.unexpected().is_empty());
}

fn path(azure: &Sandbox, verb: &str) -> String {
    format!("{}/sandbox/{verb}", azure.url())
}

fn order(azure: &Sandbox, body: &Value) -> Answer {
    post(&path(azure, "faults"), &[], &body.to_string())
}

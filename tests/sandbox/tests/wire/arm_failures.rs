//! Operations that fail, and operations that are forgotten.

use std::time::Duration;

use azure_sandbox::Sandbox;

use crate::{
    client::Answer,
    compute::{AN_HOUR, VERSION, act, codes_of, machine, operations_take, power_state, read, urls},
};

#[test]
fn a_failed_operation_says_why_and_leaves_the_machine_as_it_was() {
    let azure = operations_take(Duration::ZERO);
    azure.order("rg-web", "web-01", "deallocate");
    azure.fail_next_operation("AllocationFailed", "No capacity.");

    let accepted = act(&azure, "web-01", "start");

    assert_eq!(accepted.status, 202);
    let status = read(&azure, urls(&accepted).0);
    assert_eq!(status.text("/status"), "Failed");
    assert_eq!(status.text("/error/code"), "AllocationFailed");
    assert_eq!(status.text("/error/message"), "No capacity.");
    assert!(status.json().get("endTime").is_some());
    assert_eq!(power_state(&azure, "web-01"), "deallocated");
}

#[test]
fn a_failure_shows_in_the_provisioning_state() {
    let azure = operations_take(Duration::ZERO);
    azure.fail_next_operation("AllocationFailed", "No capacity.");

    act(&azure, "web-01", "redeploy");

    assert_eq!(
        codes_of(&azure, "web-01"),
        [
            "ProvisioningState/failed/AllocationFailed",
            "PowerState/running"
        ]
    );
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
    let state = read(&azure, &url).text("/properties/provisioningState");
    assert_eq!(state, "Failed");
}

#[test]
fn an_operation_that_will_fail_runs_first() {
    let azure = operations_take(AN_HOUR);
    azure.fail_next_operation("AllocationFailed", "No capacity.");

    let accepted = act(&azure, "web-01", "redeploy");

    let status = read(&azure, urls(&accepted).0);
    assert_eq!(status.text("/status"), "InProgress");
    assert_eq!(status.json().get("error"), None);
    assert_eq!(power_state(&azure, "web-01"), "starting");
}

#[test]
fn one_operation_fails_for_each_failure_asked_for() {
    let azure = operations_take(Duration::ZERO);
    azure.fail_next_operation("First", "1");
    azure.fail_next_operation("Second", "2");

    let accepted: Vec<_> = (0..3).map(|_| act(&azure, "web-01", "restart")).collect();

    let codes: Vec<_> = accepted.iter().map(|it| error_of(&azure, it)).collect();
    assert_eq!(codes, [Some("First".into()), Some("Second".into()), None]);
}

#[test]
fn an_operation_that_was_forgotten_is_not_found() {
    let azure = operations_take(AN_HOUR);
    let older = act(&azure, "web-01", "deallocate");

    azure.forget_operations();

    let newer = act(&azure, "web-02", "deallocate");
    for url in [urls(&older).0, urls(&older).1] {
        let answer = read(&azure, url);
        assert_eq!(answer.status, 404);
        assert_eq!(answer.text("/error/code"), "NotFound");
    }
    assert_eq!(read(&azure, urls(&newer).0).status, 200);
    assert_eq!(power_state(&azure, "web-01"), "deallocating");
}

#[test]
fn the_signatures_of_a_forgotten_operation_stay_secrets() {
    let azure = operations_take(AN_HOUR);
    let accepted = act(&azure, "web-01", "deallocate");
    let url = urls(&accepted).0.to_owned();

    azure.forget_operations();

    assert!(azure.secrets().iter().any(|secret| url.contains(secret)));
}

fn error_of(azure: &Sandbox, accepted: &Answer) -> Option<String> {
    let status = read(azure, urls(accepted).0).json();
    Some(status["error"]["code"].as_str()?.to_owned())
}

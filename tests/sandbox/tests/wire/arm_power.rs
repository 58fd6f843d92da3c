//! The power states of a machine, on the way and at rest.

use std::time::Duration;

use azure_sandbox::Sandbox;

use crate::{
    client::sandbox,
    compute::{
        AN_HOUR, VERSION, act, codes_of, machine, operations_take, power_state, read, urls, view_of,
    },
};

#[test]
fn an_action_shows_its_state_on_the_way_and_leaves_one_at_its_end() {
    // What was ordered before, the action, the state on the way, and at the end.
    for (before, action, way, end) in [
        (None, "deallocate", "deallocating", "deallocated"),
        (None, "powerOff", "stopping", "stopped"),
        (None, "restart", "running", "running"),
        (None, "redeploy", "starting", "running"),
        (None, "reapply", "running", "running"),
        (Some("deallocate"), "start", "starting", "running"),
        (Some("deallocate"), "reapply", "deallocated", "deallocated"),
        (Some("deallocate"), "powerOff", "stopping", "stopped"),
        (Some("shutdown"), "start", "starting", "running"),
        (
            Some("powerOff"),
            "deallocate",
            "deallocating",
            "deallocated",
        ),
    ] {
        for (takes, expected) in [(AN_HOUR, way), (Duration::ZERO, end)] {
            let azure = at_rest_after(before);
            azure.operations_take(takes);

            act(&azure, "web-01", action);

            let state = power_state(&azure, "web-01");
            assert_eq!(state, expected, "{before:?}, then {action}");
        }
    }
}

#[test]
fn what_changes_nothing_ends_at_once() {
    for (before, action) in [
        (None, "start"),
        (Some("deallocate"), "deallocate"),
        (Some("powerOff"), "powerOff"),
        (Some("shutdown"), "powerOff"),
    ] {
        let azure = at_rest_after(before);
        azure.operations_take(AN_HOUR);
        let etag = etag(&azure);

        let accepted = act(&azure, "web-01", action);

        let status = read(&azure, urls(&accepted).0);
        assert_eq!(status.text("/status"), "Succeeded", "{action}");
        assert_eq!(self::etag(&azure), etag, "{action}");
    }
}

#[test]
fn only_what_runs_or_is_set_to_run_can_be_restarted() {
    for before in ["deallocate", "powerOff", "shutdown"] {
        let azure = at_rest_after(Some(before));

        let refused = act(&azure, "web-01", "restart");

        assert_eq!(refused.status, 409, "{before}");
        assert_eq!(refused.text("/error/code"), "OperationNotAllowed");
        assert_eq!(
            refused.text("/error/message"),
            "The operation requires the VM to be running (or set to run)."
        );
    }
    let azure = at_rest_after(Some("deallocate"));
    azure.operations_take(AN_HOUR);
    act(&azure, "web-01", "start");
    assert_eq!(act(&azure, "web-01", "restart").status, 202);
}

#[test]
fn provisioning_is_updating_until_the_operation_has_ended() {
    let azure = operations_take(AN_HOUR);

    act(&azure, "web-01", "reapply");

    assert_eq!(codes_of(&azure, "web-01")[0], "ProvisioningState/updating");
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
    let state = read(&azure, &url).text("/properties/provisioningState");
    assert_eq!(state, "Updating");
}

#[test]
fn provisioning_tells_when_the_latest_operation_ended() {
    let azure = operations_take(Duration::ZERO);
    let before = view_of(&azure, "web-01").text("/statuses/0/time");

    let accepted = act(&azure, "web-01", "restart");

    let ended = read(&azure, urls(&accepted).0).text("/endTime");
    let view = view_of(&azure, "web-01");
    assert_eq!(view.text("/statuses/0/code"), "ProvisioningState/succeeded");
    assert_eq!(view.text("/statuses/0/time"), ended);
    assert!(ended > before, "{ended} {before}");
}

#[test]
fn a_stopped_machine_still_shows_its_guest_and_a_starting_one_not_yet() {
    let stopped = at_rest_after(Some("powerOff"));
    let starting = at_rest_after(Some("deallocate"));
    starting.operations_take(AN_HOUR);

    act(&starting, "web-01", "start");

    let has_guest = |azure| view_of(azure, "web-01").json().get("vmAgent").is_some();
    assert!(has_guest(&stopped));
    assert!(!has_guest(&starting));
}

#[test]
fn a_guest_that_shuts_down_stops_its_machine_without_an_operation() {
    let azure = operations_take(AN_HOUR);

    azure.order("rg-web", "web-01", "shutdown");

    assert_eq!(
        codes_of(&azure, "web-01"),
        ["ProvisioningState/succeeded", "PowerState/stopped"]
    );
}

#[test]
#[should_panic(expected = "shutdown of web-01 cannot be ordered")]
fn a_guest_that_does_not_run_cannot_shut_down() {
    at_rest_after(Some("powerOff")).order("rg-web", "web-01", "shutdown");
}

#[test]
fn what_somebody_else_orders_is_done_without_a_request() {
    let azure = sandbox();
    azure.operations_take(Duration::ZERO);

    azure.order("RG-WEB", "WEB-01", "deallocate");

    assert_eq!(azure.requests(azure_sandbox::Service::Actions).len(), 0);
    assert_eq!(power_state(&azure, "web-01"), "deallocated");
}

/// A sandbox where `web-01` has come to rest after that order.
fn at_rest_after(order: Option<&str>) -> Sandbox {
    let azure = operations_take(Duration::ZERO);
    if let Some(order) = order {
        azure.order("rg-web", "web-01", order);
    }
    azure
}

fn etag(azure: &Sandbox) -> String {
    let answer = read(azure, &format!("{}?{VERSION}", machine(azure, "web-01")));
    answer.header("etag").unwrap().to_owned()
}

//! Which actions there are, and which parameters each takes.

use std::time::Duration;

use crate::{
    client::{Answer, sandbox},
    compute::{act, machine, operations_take, order, power_state, read, urls, view_of},
};

const ACTIONS: [&str; 6] = [
    "deallocate",
    "start",
    "restart",
    "powerOff",
    "redeploy",
    "reapply",
];

#[test]
fn every_action_is_accepted_with_two_urls_that_tell_its_end() {
    for action in ACTIONS {
        let azure = operations_take(Duration::ZERO);

        let accepted = act(&azure, "web-01", action);

        assert_eq!((accepted.status, accepted.body.as_str()), (202, ""));
        let (status, location) = urls(&accepted);
        assert_eq!(read(&azure, status).text("/status"), "Succeeded");
        assert_eq!(read(&azure, location).status, 200);
    }
}

#[test]
fn the_case_of_an_action_makes_no_difference() {
    let azure = operations_take(Duration::ZERO);

    act(&azure, "web-01", "POWEROFF");

    assert_eq!(power_state(&azure, "web-01"), "stopped");
}

#[test]
fn an_action_takes_its_own_parameters_and_no_others() {
    let azure = sandbox();
    for (action, parameter, status) in [
        ("powerOff", "skipShutdown=true", 202),
        ("powerOff", "skipShutdown=perhaps", 400),
        ("powerOff", "hibernate=true", 400),
        ("deallocate", "hibernate=false", 202),
        ("deallocate", "skipShutdown=true", 400),
        ("start", "hibernate=true", 400),
        ("reapply", "force=true", 400),
    ] {
        let answer = act(&azure, "web-01", &format!("{action}?{parameter}"));
        assert_eq!(answer.status, status, "{action} {parameter}");
    }
}

#[test]
fn a_refused_parameter_is_named_and_nothing_is_done() {
    let azure = operations_take(Duration::ZERO);

    let answer = act(&azure, "web-01", "deallocate?skipShutdown=true");

    assert_eq!(answer.text("/error/code"), "InvalidParameter");
    assert!(answer.text("/error/message").contains("'skipShutdown'"));
    assert_eq!(power_state(&azure, "web-01"), "running");
}

#[test]
fn deallocation_can_be_forced_from_the_version_on_that_has_it() {
    let azure = sandbox();
    let url = format!("{}/deallocate", machine(&azure, "web-01"));
    let with = |version| -> Answer {
        let url = format!("{url}?forceDeallocate=true&api-version={version}");
        order(&azure, "POST", &url)
    };

    assert_eq!(with("2025-04-01").status, 400);
    assert_eq!(with("2025-11-01").status, 202);
}

#[test]
fn hibernation_is_no_action_of_a_path() {
    let azure = sandbox();

    let answer = act(&azure, "hiber-01", "hibernate");

    assert_eq!(answer.status, 404);
    assert_eq!(answer.text("/error/code"), "InvalidResourceType");
}

#[test]
fn an_order_to_a_machine_says_nothing_of_its_neighbour() {
    let azure = operations_take(Duration::ZERO);
    let before = view_of(&azure, "web-02").body;

    act(&azure, "web-01", "redeploy");

    assert_eq!(view_of(&azure, "web-02").body, before);
}

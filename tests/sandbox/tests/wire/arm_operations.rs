//! Deallocation: the order, its status, and what becomes of the machine.

use std::time::Duration;

use azure_sandbox::{Sandbox, Service, Settings};
use jiff::Timestamp;

use crate::{
    client::sandbox,
    compute::{AN_HOUR, VERSION, deallocate, machine, operations_take, read, urls, view_of},
};

#[test]
fn an_order_is_accepted_with_an_empty_body_and_two_urls() {
    let azure = sandbox();

    let accepted = deallocate(&azure, "web-01");

    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.body, "");
    assert_eq!(accepted.header("content-length"), Some("0"));
    assert_eq!(accepted.header("azure-asyncnotification"), Some("Enabled"));
    let id = accepted.header("x-ms-request-id").unwrap();
    let (status, location) = urls(&accepted);
    for url in [status, location] {
        assert!(url.starts_with(azure.url()), "{url}");
        assert!(url.contains(&format!("/operations/{id}?")), "{url}");
    }
    assert!(location.contains("&monitor=true&"), "{location}");
    assert!(!status.contains("monitor"), "{status}");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
}

#[test]
fn operations_and_machines_go_by_the_clock_of_this_azure() {
    let settings = Settings {
        operation_takes: Duration::ZERO,
        clock_offset: 3_600,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let before = Timestamp::now();
    let accepted = deallocate(&azure, "web-01");
    let status = read(&azure, urls(&accepted).0);
    let view = view_of(&azure, "web-01");
    for time in [
        status.text("/startTime"),
        status.text("/endTime"),
        view.text("/statuses/0/time"),
    ] {
        let time: Timestamp = time.parse().unwrap();
        let ahead = time.duration_since(before).as_secs();
        assert!((3_600..3_700).contains(&ahead), "{time}");
    }
}

#[test]
fn an_operation_is_in_progress_for_as_long_as_it_takes() {
    let azure = operations_take(AN_HOUR);
    let accepted = deallocate(&azure, "web-01");

    let status = read(&azure, urls(&accepted).0);

    assert_eq!(status.status, 200);
    assert_eq!(status.text("/status"), "InProgress");
    assert_eq!(
        Some(status.text("/name").as_str()),
        accepted.header("x-ms-request-id")
    );
    assert_eq!(status.json().get("endTime"), None);
    // As recorded by Azure/azure-cli on 2025-11-16.
    assert_eq!(status.body.len(), 134, "{}", status.body);
    assert!(status.body.starts_with("{\r\n  \"startTime\": \""));
    assert_eq!(azure.requests(Service::Operations).len(), 1);
}

#[test]
fn a_look_is_told_when_to_come_back_only_while_the_operation_runs() {
    for (operation_takes, told) in [(AN_HOUR, Some("4")), (Duration::ZERO, None)] {
        let settings = Settings {
            operation_takes,
            polls_pause: Some(Duration::from_secs(4)),
            ..Settings::default()
        };
        let azure = Sandbox::start(settings).unwrap();
        let accepted = deallocate(&azure, "web-01");
        let (status, location) = urls(&accepted);
        for url in [status, location] {
            assert_eq!(read(&azure, url).header("retry-after"), told);
        }
    }
}

#[test]
fn an_operation_succeeds_when_it_has_ended() {
    let azure = operations_take(Duration::ZERO);
    let accepted = deallocate(&azure, "web-01");

    let status = read(&azure, urls(&accepted).0);

    assert_eq!(status.status, 200);
    assert_eq!(status.text("/status"), "Succeeded");
    assert_eq!(
        Some(status.text("/name").as_str()),
        accepted.header("x-ms-request-id")
    );
    assert_eq!(status.text("/endTime"), status.text("/startTime"));
    // As recorded by Azure/azure-cli on 2025-11-16.
    assert_eq!(status.body.len(), 184, "{}", status.body);
}

#[test]
fn the_location_has_no_body_and_tells_the_end_by_its_status() {
    for (takes, expected) in [(AN_HOUR, 202), (Duration::ZERO, 200)] {
        let azure = operations_take(takes);
        let accepted = deallocate(&azure, "web-01");

        let answer = read(&azure, urls(&accepted).1);

        assert_eq!(answer.status, expected);
        assert_eq!(answer.body, "");
    }
}

#[test]
fn the_power_state_follows_the_order() {
    for (takes, expected) in [(AN_HOUR, "deallocating"), (Duration::ZERO, "deallocated")] {
        let azure = operations_take(takes);
        assert_eq!(power_state(&azure, "web-01"), "running");

        deallocate(&azure, "web-01");

        assert_eq!(power_state(&azure, "web-01"), expected);
        assert_eq!(power_state(&azure, "WEB-01"), expected);
        assert_eq!(power_state(&azure, "web-02"), "running");
        let view = view_of(&azure, "web-01");
        assert_eq!(
            view.text("/statuses/1/code"),
            format!("PowerState/{expected}")
        );
    }
}

#[test]
fn a_machine_of_the_same_name_in_another_group_goes_on_running() {
    let azure = operations_take(Duration::ZERO);

    deallocate(&azure, "shared-01");

    assert_eq!(
        azure.power_state("rg-web", "shared-01").as_deref(),
        Some("deallocated")
    );
    assert_eq!(
        azure.power_state("rg-db", "shared-01").as_deref(),
        Some("running")
    );
}

#[test]
fn a_deallocated_machine_has_no_guest() {
    let azure = operations_take(Duration::ZERO);
    let before = view_of(&azure, "web-01").json();

    deallocate(&azure, "web-01");

    let after = view_of(&azure, "web-01").json();
    for gone in ["computerName", "osName", "osVersion", "vmAgent"] {
        assert!(before.get(gone).is_some(), "{gone}");
        assert_eq!(after.get(gone), None);
    }
    for kept in ["disks", "hyperVGeneration"] {
        assert!(after.get(kept).is_some(), "{kept}");
    }
}

#[test]
fn an_etag_moves_when_a_change_begins_and_when_it_has_ended() {
    for (takes, expected) in [(AN_HOUR, "\"6\""), (Duration::ZERO, "\"7\"")] {
        let azure = operations_take(takes);
        let url = format!("{}?{VERSION}", machine(&azure, "web-01"));

        deallocate(&azure, "web-01");
        // The second changes nothing.
        deallocate(&azure, "web-01");

        assert_eq!(read(&azure, &url).header("etag"), Some(expected));
    }
}

#[test]
fn a_second_order_is_accepted_as_an_operation_of_its_own() {
    for (takes, expected) in [(AN_HOUR, "InProgress"), (Duration::ZERO, "Succeeded")] {
        let azure = operations_take(takes);
        let first = deallocate(&azure, "web-01");

        let second = deallocate(&azure, "web-01");

        assert_eq!(second.status, 202);
        assert_ne!(
            second.header("x-ms-request-id"),
            first.header("x-ms-request-id")
        );
        for accepted in [first, second] {
            let status = read(&azure, urls(&accepted).0);
            assert_eq!(status.text("/status"), expected);
        }
    }
}

#[test]
fn the_order_to_a_machine_that_is_not_there_is_refused() {
    let azure = sandbox();

    let answer = deallocate(&azure, "none");

    assert_eq!(answer.status, 404);
    assert_eq!(answer.text("/error/code"), "ResourceNotFound");
    assert_eq!(answer.header("azure-asyncoperation"), None);
}

fn power_state(azure: &Sandbox, name: &str) -> String {
    azure.power_state("rg-web", name).unwrap()
}

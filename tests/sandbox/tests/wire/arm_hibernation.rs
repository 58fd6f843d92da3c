//! Machines that keep their memory while they are deallocated.

use std::time::Duration;

use crate::{
    client::{ARM, bearer, sandbox, send},
    compute::{AN_HOUR, VERSION, act, codes_of, machine, operations_take, power_state, read},
};

const HIBERNATE: &str = "deallocate?hibernate=true";

#[test]
fn a_hibernated_machine_is_a_deallocated_one_with_a_third_status() {
    let azure = operations_take(Duration::ZERO);

    act(&azure, "hiber-01", HIBERNATE);

    assert_eq!(
        codes_of(&azure, "hiber-01"),
        [
            "ProvisioningState/succeeded",
            "PowerState/deallocated",
            "HibernationState/Hibernated"
        ]
    );
}

#[test]
fn a_machine_that_hibernates_is_deallocating_first() {
    let azure = operations_take(AN_HOUR);

    act(&azure, "hiber-01", HIBERNATE);

    assert_eq!(power_state(&azure, "hiber-01"), "deallocating");
    assert_eq!(codes_of(&azure, "hiber-01").len(), 2);
}

#[test]
fn a_start_and_a_deallocation_end_hibernation() {
    for (action, way, end) in [
        ("start", "starting", "running"),
        ("deallocate", "deallocating", "deallocated"),
    ] {
        let azure = operations_take(Duration::ZERO);
        azure.order("rg-web", "hiber-01", "hibernate");
        azure.operations_take(AN_HOUR);
        act(&azure, "hiber-01", action);
        assert_eq!(power_state(&azure, "hiber-01"), way);

        azure.operations_take(Duration::ZERO);
        azure.order("rg-web", "hiber-01", "reapply");

        let power = format!("PowerState/{end}");
        let expected = ["ProvisioningState/succeeded", &power];
        assert_eq!(codes_of(&azure, "hiber-01"), expected, "{action}");
    }
}

#[test]
fn a_machine_that_is_hibernated_keeps_its_size() {
    let azure = operations_take(Duration::ZERO);
    let url = format!("{}?{VERSION}", machine(&azure, "hiber-01"));
    let resized = || {
        let body = r#"{"properties":{"hardwareProfile":{"vmSize":"Standard_B4ms"}}}"#;
        let token = bearer(&azure, ARM);
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        send("PATCH", &url, &headers, body).unwrap()
    };
    azure.order("rg-web", "hiber-01", "hibernate");

    let refused = resized();

    assert_eq!(refused.status, 409);
    assert_eq!(refused.text("/error/code"), "OperationNotAllowed");
    act(&azure, "hiber-01", "deallocate");
    assert_eq!(resized().status, 200);
}

#[test]
fn only_a_machine_that_was_made_for_it_can_hibernate() {
    let azure = sandbox();

    let refused = act(&azure, "web-01", HIBERNATE);

    assert_eq!(refused.status, 409);
    assert_eq!(refused.text("/error/code"), "OperationNotAllowed");
    let why = refused.text("/error/message");
    assert!(
        why.contains("additionalCapabilities.hibernationEnabled"),
        "{why}"
    );
    let can = |name| {
        let url = format!("{}?{VERSION}", machine(&azure, name));
        let shown = read(&azure, &url).json();
        shown["properties"]["additionalCapabilities"]["hibernationEnabled"] == true
    };
    assert!(can("hiber-01"));
    assert!(!can("web-01"));
}

#[test]
fn a_machine_has_to_run_to_hibernate() {
    for before in ["deallocate", "powerOff", "shutdown"] {
        let azure = operations_take(Duration::ZERO);
        azure.order("rg-web", "hiber-01", before);

        let refused = act(&azure, "hiber-01", HIBERNATE);

        assert_eq!(refused.status, 409, "{before}");
        let why = refused.text("/error/message");
        assert!(
            why.contains("successfully provisioned and is running"),
            "{why}"
        );
    }
}

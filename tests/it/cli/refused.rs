//! What commands tell of a refusal by Azure.

use azure_sandbox::{Fault, Service, Times};

use super::{azure, in_container};

const REFUSED: &str =
    r#"{"error":{"code":"OperationNotAllowed","message":"Hibernation is not enabled for it"}}"#;

fn refusal() -> Fault {
    Fault::Answer {
        status: 400,
        headers: [
            ("x-ms-request-id", "REQ-1"),
            ("x-ms-correlation-request-id", "COR-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        body: REFUSED.to_owned(),
    }
}

#[test]
fn what_azure_says_is_told_with_the_ids_for_its_support() {
    for (service, line) in [
        (Service::Actions, "vm deallocate web-01"),
        (Service::VirtualMachines, "vm show web-01"),
        (Service::Graph, "users --department Seinfeld"),
    ] {
        let azure = azure();
        azure.inject(service, refusal(), Times::Always);
        let told = in_container(&azure, line);
        assert_eq!(told.code, Some(1), "{told}");
        for part in [
            "\n  Azure says OperationNotAllowed: Hibernation is not enabled for it\n",
            "\n  request id REQ-1, correlation id COR-1\n",
        ] {
            assert!(told.errors.contains(part), "{line}: {told}");
        }
    }
}

#[test]
fn what_azure_says_is_told_once() {
    let azure = azure();
    let conflict = REFUSED.replace("OperationNotAllowed", "Conflict");
    azure.inject(
        Service::Actions,
        Fault::answer(409, &conflict),
        Times::Always,
    );
    let told = in_container(&azure, "vm deallocate web-01");
    let words = told.errors.matches("Hibernation is not enabled").count();
    assert_eq!(words, 1, "{told}");
    assert!(told.errors.contains("\n  Azure says Conflict\n"), "{told}");
}

#[test]
fn what_names_the_gateway_in_a_refusal_is_not_told() {
    let azure = azure();
    let denied = REFUSED.replace("Hibernation", "Client 1234");
    azure.inject(Service::Actions, Fault::answer(403, &denied), Times::Always);
    let told = in_container(&azure, "vm deallocate web-01");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(!told.errors.contains("Client 1234"), "{told}");
}

#[test]
fn when_to_come_back_is_told() {
    let azure = azure();
    azure.inject(
        Service::Actions,
        Fault::Throttle { retry_after: 37 },
        Times::Always,
    );
    let told = in_container(&azure, "vm deallocate web-01");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.errors.contains("\n  try again in 37 s\n"), "{told}");
}

#[test]
fn an_order_of_which_nothing_is_known_is_told_with_its_operation() {
    let azure = azure();
    azure.inject(Service::Actions, Fault::answer(500, "{}"), Times::Always);
    let told = in_container(&azure, "vm deallocate web-01");
    assert!(told.errors.contains("is not known"), "{told}");
    assert!(
        told.errors.contains("\n  it is about /operations/"),
        "{told}"
    );
}

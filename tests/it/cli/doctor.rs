//! `mi-gateway doctor`, as a deployment's start would run it.

use azure_sandbox::{AppRoles, Fault, Host, Service, Settings, Times};

use super::{azure, in_container, on_vm, told};

#[test]
fn a_whole_set_up_ends_well_and_with_json_for_a_pipe() {
    for host in [Host::Vm, Host::ContainerApp] {
        let examined = told(&azure(), host, "doctor", &[]).done().json();
        assert_eq!(examined["ok"], true, "{examined}");
        assert_eq!(examined["checks"].as_array().unwrap().len(), 16);
    }
}

#[test]
fn a_broken_one_fails_and_people_read_what_is_broken() {
    let azure = azure();
    azure.app_roles(AppRoles::None);
    let examined = on_vm(&azure, "doctor -o text");
    assert_eq!(examined.code, Some(1), "{examined}");
    let mut lines = examined.output.lines();
    let line = lines.find(|line| line.starts_with("FAILED")).unwrap();
    assert!(line.contains("graph_role"), "{examined}");
    assert!(examined.output.contains("1 failed"), "{examined}");
}

#[test]
fn what_an_endpoint_says_gives_a_terminal_no_orders() {
    let azure = azure_sandbox::Sandbox::start(Settings::default()).unwrap();
    let body = r#"{"error":"invalid_request","error_description":"\u001b[2J\r\nFAILED nothing"}"#;
    azure.inject(Service::Token, Fault::answer(400, body), Times::Always);
    for line in ["doctor -o text", "vm show web-01", "users --department A"] {
        let told = in_container(&azure, line);
        assert_eq!(told.code, Some(1), "{told}");
        let all = format!("{}{}", told.output, told.errors);
        assert!(!all.contains(['\u{1b}', '\r']), "{line}: {all:?}");
        assert!(!all.contains("\nFAILED nothing"), "{line}: {all}");
    }
    let told = in_container(&azure, "doctor -o text");
    assert!(told.output.contains("[2J"), "the words are told: {told}");
}

//! Virtual machines from the command line.

use std::time::Duration;

use azure_sandbox::{Fault, Fleet, Host, Sandbox, Service, Settings, Times};

use super::{azure, in_container, on_vm, told};
use crate::records::Records;

#[test]
fn the_machine_that_it_runs_on_is_shown_by_instance_metadata() {
    let azure = azure();
    let shown = on_vm(&azure, "self show").done().json();
    assert_eq!(shown["name"], "gateway-01");
    assert_eq!(shown["powerState"], "running");
    assert_eq!(azure.requests(Service::Instance).len(), 1);
}

#[test]
fn the_own_machine_is_found_whatever_the_scopes_are() {
    let elsewhere = "/subscriptions/5ab1e000-0000-4000-8000-000000000002";
    let vars = [("MIG_SCOPES", elsewhere)];
    let shown = told(&azure(), Host::Vm, "self show", &vars).done().json();
    assert_eq!(shown["name"], "gateway-01");
}

#[test]
fn instance_metadata_that_gives_no_answer_is_named() {
    let azure = azure();
    azure.inject(Service::Instance, Fault::answer(404, "{}"), Times::Always);
    let told = on_vm(&azure, "self show");
    assert_eq!(told.code, Some(1), "{told}");
    let why = "mi-gateway: instance metadata does not tell which virtual machine this is: ";
    assert!(told.errors.starts_with(why), "{told}");
}

#[test]
fn a_container_is_no_virtual_machine() {
    for line in ["self show", "self deallocate --yes"] {
        let azure = azure();
        let told = in_container(&azure, line);
        assert_eq!(told.code, Some(3), "{told}");
        assert!(azure.requests(Service::Actions).is_empty());
    }
}

#[test]
fn the_own_machine_is_not_deallocated_unless_somebody_says_yes() {
    let azure = azure();
    let told = on_vm(&azure, "self deallocate --wait");
    assert_eq!((told.code, told.output.as_str()), (Some(2), ""), "{told}");
    assert!(told.errors.contains("--yes"), "{told}");
    assert!(azure.requests(Service::Token).is_empty());
}

#[test]
fn the_own_machine_is_deallocated_in_one_command() {
    let azure = azure();
    let told = on_vm(&azure, "self deallocate --yes --wait").done().json();
    assert_eq!(told["status"], "Succeeded");
    assert_eq!(told["vm"]["name"], "gateway-01");
    let state = azure.power_state("rg-web", "gateway-01").unwrap();
    assert_eq!(state, "deallocated");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
}

#[test]
fn a_dry_run_looks_and_sends_nothing() {
    let azure = azure();
    for (line, would_send) in [
        ("self deallocate --dry-run", true),
        ("vm deallocate web-01 --dry-run", true),
        ("vm powerOff web-01 --skip-shutdown --dry-run", true),
        ("vm start web-01 --dry-run", false),
    ] {
        let told = on_vm(&azure, line).done().json();
        assert_eq!(told["dryRun"], true, "{line}");
        assert_eq!(told["wouldSend"], would_send, "{line}");
        assert_eq!(told["powerState"], "running", "{line}");
    }
    assert!(azure.requests(Service::Actions).is_empty());
    assert_eq!(azure.requests(Service::VirtualMachines).len(), 4);
}

#[test]
fn a_dry_run_is_refused_for_what_the_order_would_be_refused_for() {
    let azure = azure();
    let told = on_vm(&azure, "vm deallocate gateway-01 --dry-run");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.errors.contains("MIG_ALLOW_SELF"), "{told}");
}

#[test]
fn an_order_returns_when_it_is_taken_and_with_wait_when_it_has_ended() {
    let azure = azure();
    azure.operations_take(Duration::from_mins(5));
    let told = in_container(&azure, "vm deallocate web-01").done().json();
    assert_eq!(told["status"], "InProgress");
    azure.operations_take(Duration::from_millis(50));
    let told = in_container(&azure, "vm deallocate web-02 --wait").done();
    assert_eq!(told.json()["status"], "Succeeded");
    let again = in_container(&azure, "vm deallocate web-02 --wait -o text").done();
    let sentence = "web-02 is deallocated already; nothing was sent to Azure\n";
    assert_eq!(again.output, sentence);
    assert_eq!(azure.requests(Service::Actions).len(), 2);
}

#[test]
fn every_action_is_sent_as_it_is_spelt() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    for (line, sent) in [
        ("vm restart web-03 --wait", "web-03/restart?"),
        ("vm redeploy web-04 --wait", "web-04/redeploy?"),
        ("vm reapply web-05 --wait", "web-05/reapply?"),
        (
            "vm powerOff web-06 --skip-shutdown --wait",
            "skipShutdown=true",
        ),
        (
            "vm deallocate web-07 --force --wait",
            "forceDeallocate=true",
        ),
        (
            "vm deallocate hiber-01 --hibernate --wait",
            "hibernate=true",
        ),
        ("vm start web-06 --wait", "web-06/start?"),
    ] {
        in_container(&azure, line).done();
        let last = azure.requests(Service::Actions).pop().unwrap();
        let target = format!("{}?{}", last.path, last.query);
        assert!(target.contains(sent), "{line}: {target}");
    }
}

#[test]
fn what_is_under_way_is_overtaken_only_where_that_is_said() {
    let azure = azure();
    azure.operations_take(Duration::from_mins(5));
    in_container(&azure, "vm deallocate web-01").done();
    let refused = in_container(&azure, "vm start web-01");
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused
            .errors
            .contains("overtake that by an order with --supersede"),
        "{refused}"
    );
    azure.operations_take(Duration::ZERO);
    let told = in_container(&azure, "vm start web-01 --supersede --wait").done();
    assert_eq!(told.json()["status"], "Succeeded");
}

#[test]
fn an_operation_that_fails_is_shown_and_fails_the_command() {
    let azure = azure();
    azure.fail_next_operation("AllocationFailed", "no room");
    let told = in_container(&azure, "vm restart web-01 --wait");
    assert_eq!((told.code, told.errors.as_str()), (Some(1), ""), "{told}");
    let shown = told.json();
    assert_eq!(shown["status"], "Failed");
    assert_eq!(shown["error"]["code"], "AllocationFailed");
}

#[test]
fn a_name_that_leads_nowhere_is_told_from_a_failure() {
    let azure = azure();
    let none = in_container(&azure, "vm show nope");
    assert_eq!((none.code, none.output.as_str()), (Some(3), ""), "{none}");
    // Whoever runs a command may know of all that is served.
    let subscription = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";
    let vars = [("MIG_SCOPES", subscription)];
    let none = told(&azure, Host::Vm, "vm show nope", &vars);
    assert!(none.errors.contains(subscription), "{none}");
    azure.inject(
        Service::VirtualMachines,
        Fault::answer(403, "{}"),
        Times::Next(1),
    );
    let refused = in_container(&azure, "vm show web-01");
    assert_eq!(refused.code, Some(1), "{refused}");
}

#[test]
fn of_several_machines_of_a_name_one_is_meant_by_its_group() {
    let azure = azure();
    let subscription = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";
    let vars = [("MIG_SCOPES", subscription)];
    let several = told(&azure, Host::Vm, "vm show shared-01", &vars);
    assert_eq!(several.code, Some(3), "{several}");
    assert!(several.errors.contains("--resource-group"), "{several}");
    assert!(
        several.errors.contains("/resourceGroups/rg-db/"),
        "{several}"
    );
    let line = "vm show shared-01 --resource-group rg-db";
    let one = told(&azure, Host::Vm, line, &vars).done().json();
    assert_eq!(one["resourceGroup"], "rg-db");
}

#[test]
fn all_machines_are_listed_page_after_page() {
    let azure = azure();
    let all = "/subscriptions/5ab1e000-0000-4000-8000-000000000001 \
               /subscriptions/5ab1e000-0000-4000-8000-000000000002";
    let vars = [("MIG_SCOPES", all)];
    let listed = told(&azure, Host::Vm, "vm list", &vars).done().json();
    let names = listed.as_array().unwrap().len();
    assert_eq!(names, azure.virtual_machines().len());
    let line = "vm list -o text -g rg-db --power-state running";
    let shown = told(&azure, Host::Vm, line, &vars).done().output;
    assert!(shown.starts_with("NAME "), "{shown}");
    assert_eq!(shown.lines().count(), 1 + 9, "{shown}");
}

#[test]
fn a_thousand_machines_are_listed_by_one_call() {
    let settings = Settings {
        fleet: Some(Fleet {
            machines: 1_000,
            subscriptions: 1,
        }),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let subscription = "/subscriptions/f1ee7000-0000-4000-8000-000000000001";
    let vars = [("MIG_SCOPES", subscription)];
    let listed = told(&azure, Host::Vm, "vm list", &vars).done().json();
    assert_eq!(listed.as_array().unwrap().len(), 1_000);
    assert_eq!(azure.requests(Service::ResourceGraph).len(), 1);
}

#[test]
fn a_machine_is_described_to_people() {
    let shown = in_container(&azure(), "vm show web-01 -o text")
        .done()
        .output;
    assert!(
        shown.contains("state     running, which is billed\n"),
        "{shown}"
    );
    assert!(shown.contains("tag       env=test\n"), "{shown}");
}

#[test]
fn a_machine_that_is_hibernated_is_not_called_deallocated() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    azure.order("rg-web", "hiber-01", "hibernate");
    let shown = in_container(&azure, "vm show hiber-01 -o text").done();
    let state = "state     hibernated, which is not billed\n";
    assert!(shown.output.contains(state), "{shown}");
}

#[test]
fn a_machine_whose_last_change_has_not_succeeded_is_described_with_that() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    azure.fail_next_operation("AllocationFailed", "no room");
    azure.order("rg-web", "web-01", "restart");
    let failed = in_container(&azure, "vm show web-01 -o text").done();
    assert!(failed.output.contains("provisioning  Failed\n"), "{failed}");
    let well = in_container(&azure, "vm show web-02 -o text").done();
    assert!(!well.output.contains("provisioning"), "{well}");
}

#[test]
fn no_order_by_a_command_is_said_to_stand_on_a_decision() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    for line in ["vm restart web-01 --wait", "vm start web-01"] {
        in_container(&azure, line).done();
    }
    let lines = Records::of(&azure).all();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for line in lines {
        assert!(line["actor"].get("authorizations").is_none(), "{line}");
    }
}

#[test]
fn a_listing_that_azure_forgets_midway_is_no_fault_of_the_line() {
    let azure = azure();
    let row = r#"{"id":"/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-01","name":"web-01","location":"l"}"#;
    let page = format!(r#"{{"data":[{row}],"$skipToken":"next"}}"#);
    let forgotten = r#"{"error":{"code":"BadRequest","message":"M"}}"#;
    for fault in [Fault::answer(200, &page), Fault::answer(400, forgotten)] {
        azure.inject(Service::ResourceGraph, fault, Times::Next(1));
    }
    let told = in_container(&azure, "vm list");
    assert_eq!((told.code, told.output.as_str()), (Some(1), ""), "{told}");
    assert!(told.errors.contains("begin it again"), "{told}");
    assert!(!told.errors.contains("cursor"), "{told}");
}

#[test]
fn a_memory_is_given_up_where_the_line_says_so() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    azure.order("rg-web", "hiber-01", "hibernate");
    let kept = in_container(&azure, "vm deallocate hiber-01 -o text").done();
    let rehearsed = in_container(&azure, "vm deallocate hiber-01 --dry-run -o text").done();
    for told in [&kept, &rehearsed] {
        assert!(told.output.contains("--hibernate=false"), "{told}");
        assert!(!told.output.contains('?'), "{told}");
    }
    assert!(azure.requests(Service::Actions).is_empty());

    let forced = "vm deallocate hiber-01 --hibernate=false --force --dry-run";
    let tried = in_container(&azure, forced).done().json();
    assert_eq!(tried["wouldSend"], true, "{tried}");
    let line = "vm deallocate hiber-01 --hibernate=false --wait";
    let given_up = in_container(&azure, line).done().json();

    assert_eq!(given_up["status"], "Succeeded");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
}

//! Commands that nobody listens to any more, or that are told to end.

use std::{
    fs::File,
    process::{Child, Command, Stdio},
    time::Duration,
};

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Sandbox, Service, Times};
use serde_json::Value;

use super::azure;
use crate::{
    program::{gateway, text},
    records::Records,
};

/// A command that was started with `vars`, and its record of changes in a file.
pub(super) fn started(
    azure: &Sandbox,
    mut command: Command,
    line: &str,
    vars: &[(&str, &str)],
) -> Child {
    command
        .args(line.split_whitespace())
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_AUDIT_FILE", Records::of(azure).path())
        .envs(vars.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The exit code of `line` where its output is closed before anything is written.
fn unread(azure: &Sandbox, line: &str) -> Option<i32> {
    let mut child = started(azure, gateway(), line, &[]);
    drop(child.stdout.take());
    child.wait().unwrap().code()
}

#[test]
fn an_operation_that_fails_fails_the_command_whoever_reads_of_it() {
    let azure = azure();
    azure.fail_next_operation("AllocationFailed", "no room");
    assert_eq!(unread(&azure, "vm restart web-01 --wait"), Some(1));
    assert_eq!(unread(&azure, "vm restart web-01 --wait"), Some(0));
}

#[test]
fn an_identity_without_tokens_fails_the_command_whoever_reads_of_it() {
    let azure = azure();
    azure.inject(Service::Token, Fault::answer(400, "{}"), Times::Always);
    assert_eq!(unread(&azure, "identity show"), Some(1));
}

#[test]
fn a_denial_fails_the_command_whoever_reads_of_it() {
    let nobody = "00000000-0000-0000-0000-000000000000";
    let line = format!("policy explain --caller {nobody}/{nobody} --action getIdentity");
    assert_eq!(unread(&azure(), &line), Some(1));
}

/// What `line` says to standard error where nothing can be written to its output.
fn unwritten(azure: &Sandbox, line: &str) -> String {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = gateway()
        .args(line.split_whitespace())
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_AUDIT_FILE", Records::of(azure).path())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    text(&output.stderr)
}

#[test]
fn an_order_whose_result_cannot_be_written_is_told_all_the_same() {
    let azure = azure();
    azure.operations_take(Duration::from_mins(5));
    for (machine, form) in [("web-01", "text"), ("web-02", "json")] {
        let said = unwritten(&azure, &format!("vm deallocate {machine} -o {form}"));
        let sentence = format!("{machine} is being deallocated: ");
        let (_, id) = said
            .split_once(&sentence)
            .unwrap_or_else(|| panic!("{said}"));
        assert!(!id.lines().next().unwrap().is_empty(), "{said}");
        assert!(said.contains("the output cannot be written"), "{said}");
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let said = unwritten(&azure(), "--help");
    assert!(said.contains("the output cannot be written"), "{said}");
}

/// The program as `starter` has it run, with what it does to signals: they may be ignored
/// by whoever runs the tests.
pub(super) fn by(starter: &str, options: &[&str]) -> Command {
    let mut command = Command::new(starter);
    command.args(options).arg(gateway().get_program());
    command
}

/// Starts `command` with a wait, and sends it `signal` once Azure was given the order.
async fn signalled(azure: &Sandbox, command: Command, signal: &str) -> Child {
    let child = started(azure, command, "vm restart web-01 --wait", &[]);
    let mut ticks = time::interval(Duration::from_millis(10));
    while azure.requests(Service::Actions).is_empty() {
        ticks.tick().await;
    }
    send(signal, &child);
    child
}

pub(super) fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    assert!(sent.unwrap().success());
}

#[actix_web::test]
async fn a_wait_that_a_signal_ends_says_what_goes_on_and_has_its_record() {
    for (signal, exit) in [("-HUP", 129), ("-INT", 130), ("-TERM", 143)] {
        let azure = azure();
        azure.operations_take(Duration::from_mins(5));
        let records = Records::of(&azure);

        let child = signalled(&azure, by("env", &["--default-signal"]), signal).await;

        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(exit), "{}", text(&ended.stderr));
        let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(told["status"], "InProgress");
        assert!(told["id"].is_string());
        records.have_their_ends();
        let outcome = records.of_stage("outcome").pop().unwrap();
        assert_eq!(outcome["status_code"], "NotFollowed");
    }
}

#[actix_web::test]
async fn a_signal_that_is_ignored_from_the_start_ends_no_wait() {
    let azure = azure();
    azure.operations_take(Duration::from_secs(1));

    let child = signalled(&azure, by("nohup", &[]), "-HUP").await;

    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
}

//! Commands that nobody listens to any more.

use std::process::{Child, Command, Stdio};

use azure_sandbox::{Fault, Host, Sandbox, Service, Times};

use super::azure;
use crate::{
    program::gateway,
    records::Records,
};

/// A command that was started, with its record of changes in a file.
fn started(azure: &Sandbox, mut command: Command, line: &str) -> Child {
    command
        .args(line.split_whitespace())
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_AUDIT_FILE", Records::of(azure).path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The exit code of `line` where its output is closed before anything is written.
fn unread(azure: &Sandbox, line: &str) -> Option<i32> {
    let mut child = started(azure, gateway(), line);
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

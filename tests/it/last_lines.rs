//! The last lines of the record of changes, as its disk is full when the gateway ends.

use std::{
    io::{self, BufRead as _, BufReader},
    process::ChildStdout,
    thread,
    time::Duration,
};

use actix_web::rt::time;
use azure_sandbox::{Host, Sandbox, Service, Settings};
use serde_json::Value;

use crate::{
    program::{Running, gateway},
    records::Records,
};

/// A gateway that is told to end while it follows an operation, and its disk is full.
async fn ended_on_a_full_disk(
    azure: &Sandbox,
    records: &Records,
) -> (Running, BufReader<ChildStdout>) {
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_AUDIT_FILE", records.path())
        .env("MIG_SHUTDOWN_GRACE", "1s");
    let (running, output) = Running::unread(command);
    running.ready().await;
    running.ordered("/vms/web-01/restart").await;
    records.fill();
    running.signal("-TERM");
    (running, output)
}

#[actix_web::test]
async fn what_a_full_disk_did_not_take_in_the_end_is_told_with_the_log() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let records = Records::of(&azure);
    let _followed = azure.hold(Service::Operations);
    let (mut running, output) = ended_on_a_full_disk(&azure, &records).await;
    let log = io::read_to_string(output).unwrap();
    assert_eq!(running.ended().await, Some(0));
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lost: Vec<_> = lines
        .filter(|line| line["message"].as_str().unwrap().contains("are lost"))
        .collect();
    assert_eq!(lost.len(), 1, "{log}");
    assert_eq!(
        (&lost[0]["level"], &lost[0]["lines"]),
        (&"ERROR".into(), &1.into())
    );
}

#[actix_web::test]
async fn a_disk_that_is_well_again_in_the_end_has_all_outcomes() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let records = Records::of(&azure);
    let _followed = azure.hold(Service::Operations);
    let (mut running, output) = ended_on_a_full_disk(&azure, &records).await;
    let mut log = output.lines().map(Result::unwrap);
    log.find(|line| line.contains("the record of changes cannot be written"))
        .unwrap();
    // It is tried again at once, and fails again.
    time::sleep(Duration::from_millis(500)).await;
    records.remove();
    let rest = thread::spawn(move || log.collect::<Vec<_>>());
    assert_eq!(running.ended().await, Some(0));
    assert_eq!(rest.join().unwrap().concat().find("are lost"), None);
    let outcome = records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status_code"], "NotFollowed");
}

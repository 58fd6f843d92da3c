//! Orders of commands that Azure does not answer.

use std::time::Duration;

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Service, Times};
use serde_json::Value;

use super::{
    azure, told,
    unheard::{by, send, started},
};
use crate::{
    program::{gateway, text},
    records::Records,
};

/// Names in it are looked up.
const SUBSCRIPTION: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";

/// As good as for ever, for one command.
const PATIENCE: Duration = Duration::from_secs(30);

/// Azure has the order and does not say so in time: the machine tells.
#[test]
fn an_order_that_azure_does_not_answer_is_waited_for_all_the_same() {
    let azure = azure();
    let late = Fault::AnswerLate(Duration::from_mins(1));
    azure.inject(Service::Actions, late, Times::Next(1));
    let in_time = [("MIG_UPSTREAM_TIMEOUT", "2s")];

    let line = "vm restart web-01 --wait";
    let ended = told(&azure, Host::ContainerApp, line, &in_time).done();

    assert_eq!(ended.json()["status"], "Succeeded");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
    let outcome = Records::of(&azure).of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status"], "Success", "{outcome}");
}

/// A look finds it once the time of the order is over.
#[test]
fn an_order_that_azure_does_not_answer_is_told_where_a_look_finds_it() {
    let azure = azure();
    azure.inject(Service::Actions, Fault::LoseAnswer, Times::Next(1));
    let machines = Service::VirtualMachines;
    azure.inject(machines, Fault::Delay(Duration::ZERO), Times::Next(1));
    let late = Fault::Delay(Duration::from_secs(2));
    azure.inject(machines, late, Times::Next(1));
    let in_time = [("MIG_UPSTREAM_TIMEOUT", "1s")];

    let ended = told(&azure, Host::ContainerApp, "vm restart web-01", &in_time).done();

    assert_eq!(ended.json()["status"], "InProgress");
}

/// The command for an order that is lost, on which the machine is seen `quiet` times before it
/// shows, and the looks that come then fail, as those for names do.
async fn lost(quiet: usize) {
    let azure = azure();
    let names = Fault::answer(503, "{}");
    azure.inject(Service::ResourceGraph, names, Times::Always);
    azure.operations_take(Duration::ZERO);
    azure.inject(Service::Actions, Fault::Reset, Times::Next(1));
    let machines = Service::VirtualMachines;
    azure.inject(machines, Fault::Delay(Duration::ZERO), Times::Next(quiet));
    // Three tries of a look, and the first of the next.
    azure.inject(machines, Fault::answer(503, "{}"), Times::Next(4));

    let line = "vm deallocate web-01 -g rg-web --wait";
    let child = started(&azure, gateway(), line, &[("MIG_SCOPES", SUBSCRIPTION)]);
    let looks = azure.arrived(machines, quiet + 1);
    time::timeout(PATIENCE, looks).await.unwrap();
    azure.order("rg-web", "web-01", "deallocate");

    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(told["status"], "Succeeded");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
}

/// The machine is seen before the order and after it.
#[actix_web::test]
async fn a_wait_for_an_order_without_an_answer_begins_while_looks_fail() {
    lost(2).await;
}

/// It is seen once more as the wait begins.
#[actix_web::test]
async fn a_wait_for_an_order_without_an_answer_goes_on_while_looks_fail() {
    lost(3).await;
}

/// The look at what became of it takes its time, and one signal ends that where nothing else
/// is waited for.
#[actix_web::test]
async fn signals_end_a_command_whose_order_had_no_answer() {
    for line in ["vm restart web-01 --wait", "vm restart web-01"] {
        ended_by_signals(line).await;
    }
}

async fn ended_by_signals(line: &str) {
    let azure = azure();
    let records = Records::of(&azure);
    azure.inject(Service::Actions, Fault::Reset, Times::Next(1));
    let machines = Service::VirtualMachines;
    azure.inject(machines, Fault::Delay(Duration::ZERO), Times::Next(1));
    let late = Fault::Delay(Duration::from_mins(1));
    azure.inject(machines, late, Times::Always);

    let in_time = [("MIG_UPSTREAM_TIMEOUT", "1s")];
    let command = by("env", &["--default-signal"]);
    let child = started(&azure, command, line, &in_time);
    let looks = azure.arrived(machines, 2);
    time::timeout(PATIENCE, looks).await.unwrap();
    send("-INT", &child);
    send("-TERM", &child);

    let ended = child.wait_with_output().unwrap();
    let code = ended.status.code();
    assert!(matches!(code, Some(130 | 143)), "{code:?}");
    let why = text(&ended.stderr);
    assert!(why.contains("is not known"), "{why}");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
    // The look would have told why there was no answer.
    let outcome = records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status_code"], "NotFollowed", "{outcome}");
}

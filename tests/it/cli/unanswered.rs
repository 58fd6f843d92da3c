//! Orders of commands that Azure does not answer.

use std::time::Duration;

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Service, Times};
use serde_json::Value;

use super::{azure, told, unheard::started};
use crate::{
    program::{gateway, text},
    records::Records,
};

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

/// Nothing shows of the order at first.
#[actix_web::test]
async fn a_wait_for_an_order_without_an_answer_goes_on_while_it_may_yet_show() {
    let azure = azure();
    azure.operations_take(Duration::ZERO);
    azure.inject(Service::Actions, Fault::Reset, Times::Next(1));

    let child = started(&azure, gateway(), "vm deallocate web-01 --wait");
    // Before the order, after it, and as the wait begins.
    let looks = azure.arrived(Service::VirtualMachines, 3);
    time::timeout(PATIENCE, looks).await.unwrap();
    // Three tries of a look, and the first of the next.
    let fault = Fault::answer(503, "{}");
    azure.inject(Service::VirtualMachines, fault, Times::Next(4));
    azure.order("rg-web", "web-01", "deallocate");

    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(told["status"], "Succeeded");
    assert_eq!(azure.requests(Service::Actions).len(), 1);
    Records::of(&azure).remove();
}

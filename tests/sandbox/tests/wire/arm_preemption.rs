//! Orders that meet on one machine.

use std::time::Duration;

use azure_sandbox::{Order, Sandbox, Settings, Standing};

use crate::{
    client::Answer,
    compute::{AN_HOUR, act, operations_take, power_state, read, urls},
};

#[test]
fn a_newer_order_preempts_the_operation_under_way() {
    let azure = operations_take(AN_HOUR);
    let older = act(&azure, "web-01", "deallocate");

    let newer = act(&azure, "web-01", "start");

    let status = read(&azure, urls(&older).0);
    assert_eq!(status.status, 200);
    assert_eq!(status.text("/status"), "Canceled");
    assert_eq!(status.text("/error/code"), "OperationPreempted");
    assert_eq!(
        status.text("/error/message"),
        "Operation execution has been preempted by a more recent operation."
    );
    assert_eq!(status_of(&azure, &newer), "InProgress");
    assert_eq!(power_state(&azure, "web-01"), "starting");
}

#[test]
fn what_was_ordered_is_told_with_how_it_stands() {
    let azure = operations_take(Duration::ZERO);
    act(&azure, "web-01", "restart");
    azure.operations_take(AN_HOUR);
    act(&azure, "web-02", "deallocate");
    act(&azure, "web-02", "start");

    let mut orders = azure.orders();
    orders.sort_by_key(|order| order.began);
    let told: Vec<_> = orders.iter().map(|order| order.action).collect();

    assert_eq!(told, ["restart", "deallocate", "start"]);
    assert!(orders[0].machine.ends_with("/web-01"), "{orders:?}");
    let Standing::Succeeded(ended) = orders[0].standing else {
        panic!("{orders:?}");
    };
    assert_eq!(ended, orders[0].began);
    let preempted = Standing::Failed("OperationPreempted".to_owned());
    let standings = orders[1..].iter().map(|order| order.standing.clone());
    assert_eq!(
        standings.collect::<Vec<_>>(),
        [preempted, Standing::UnderWay]
    );
}

#[test]
fn the_latest_orders_and_requests_are_remembered_where_not_all_are() {
    let azure = Sandbox::start(Settings {
        remembers: Some(2),
        ..Settings::default()
    })
    .unwrap();
    for name in ["web-01", "web-02", "web-03"] {
        act(&azure, name, "restart");
    }

    let machines = azure
        .orders()
        .into_iter()
        .map(|Order { machine, .. }| machine);
    let mut names: Vec<_> = machines.map(|id| id[id.len() - 2..].to_owned()).collect();
    names.sort();
    let requests = azure.requests(azure_sandbox::Service::Actions);

    assert_eq!(names, ["02", "03"]);
    assert_eq!(requests.len(), 2);
    assert!(requests[1].path.contains("/web-03/"), "{}", requests[1]);
}

#[test]
fn what_somebody_else_orders_preempts_as_well() {
    let azure = operations_take(AN_HOUR);
    let older = act(&azure, "web-01", "start");
    let deallocation = act(&azure, "web-01", "deallocate");

    azure.order("rg-web", "web-01", "start");

    assert_eq!(status_of(&azure, &older), "Succeeded");
    assert_eq!(status_of(&azure, &deallocation), "Canceled");
}

#[test]
fn the_result_of_a_preempted_operation_is_a_conflict() {
    let azure = operations_take(AN_HOUR);
    let older = act(&azure, "web-01", "deallocate");
    act(&azure, "web-01", "start");

    let result = read(&azure, urls(&older).1);

    assert_eq!(result.status, 409);
    assert_eq!(result.text("/error/code"), "OperationPreempted");
}

#[test]
fn the_same_order_joins_the_operation_under_way() {
    let azure = operations_take(AN_HOUR);
    let first = act(&azure, "web-01", "deallocate");
    let second = act(&azure, "web-01", "deallocate");
    assert_ne!(urls(&first), urls(&second));
    assert_eq!(status_of(&azure, &first), "InProgress");
    assert_eq!(status_of(&azure, &second), "InProgress");

    act(&azure, "web-01", "start");

    let end = |accepted| read(&azure, urls(accepted).0).text("/endTime");
    assert_eq!(status_of(&azure, &first), "Canceled");
    assert_eq!(status_of(&azure, &second), "Canceled");
    assert_eq!(end(&first), end(&second));
}

#[test]
fn an_operation_that_has_ended_cannot_be_preempted() {
    let azure = operations_take(Duration::ZERO);
    let older = act(&azure, "web-01", "deallocate");

    act(&azure, "web-01", "start");

    assert_eq!(status_of(&azure, &older), "Succeeded");
}

#[test]
fn an_order_that_is_refused_preempts_nothing() {
    let azure = operations_take(AN_HOUR);
    let older = act(&azure, "web-01", "deallocate");

    let refused = act(&azure, "web-01", "restart");

    assert_eq!(refused.status, 409);
    assert_eq!(status_of(&azure, &older), "InProgress");
}

#[test]
fn machines_do_not_preempt_each_other() {
    let azure = operations_take(AN_HOUR);
    let first = act(&azure, "web-01", "deallocate");

    act(&azure, "web-02", "restart");

    assert_eq!(status_of(&azure, &first), "InProgress");
}

fn status_of(azure: &Sandbox, accepted: &Answer) -> String {
    read(azure, urls(accepted).0).text("/status")
}

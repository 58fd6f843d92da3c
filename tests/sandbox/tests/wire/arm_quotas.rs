//! What answers of Resource Manager tell about quotas.

use std::time::{Duration, Instant};

use azure_sandbox::{PollQuota, Sandbox, Settings};

use crate::{
    client::{Answer, sandbox},
    compute::{VERSION, deallocate, machine, read},
};

#[test]
fn each_read_leaves_one_less() {
    let (first, second) = at_once(|azure| show(azure, "web-01"));

    assert_eq!(
        remaining(&first),
        "Microsoft.Compute/LowCostGetSubscriptionMaximum;23999,\
         Microsoft.Compute/LowCostGetResource;35"
    );
    assert_eq!(
        remaining(&second),
        "Microsoft.Compute/LowCostGetSubscriptionMaximum;23998,\
         Microsoft.Compute/LowCostGetResource;34"
    );
    let reads = "x-ms-ratelimit-remaining-subscription-reads";
    assert_eq!(first.header(reads), Some("249"));
    assert_eq!(second.header(reads), Some("248"));
}

/// Two answers of one sandbox within less than it takes for what they cost to flow back:
/// 25 reads of a subscription do in a second, and ten writes.
fn at_once(ask: impl Fn(&Sandbox) -> Answer) -> (Answer, Answer) {
    loop {
        let azure = sandbox();
        let began = Instant::now();
        let answers = (ask(&azure), ask(&azure));
        if began.elapsed() < Duration::from_millis(40) {
            return answers;
        }
    }
}

#[test]
fn a_deallocation_counts_as_the_deletion_of_a_machine() {
    let (first, second) = at_once(|azure| deallocate(azure, "web-01"));

    assert_eq!(
        remaining(&first),
        "Microsoft.Compute/DeleteVMSubscriptionMaximum;1499,Microsoft.Compute/DeleteVMResource;11"
    );
    assert_eq!(
        remaining(&second),
        "Microsoft.Compute/DeleteVMSubscriptionMaximum;1498,Microsoft.Compute/DeleteVMResource;10"
    );
    let writes = "x-ms-ratelimit-remaining-subscription-writes";
    assert_eq!(first.header(writes), Some("199"));
    assert_eq!(second.header(writes), Some("198"));
}

#[test]
fn both_urls_of_an_operation_draw_on_one_quota() {
    let azure = sandbox();
    let accepted = deallocate(&azure, "web-01");

    let status = read(&azure, accepted.header("azure-asyncoperation").unwrap());
    let location = read(&azure, accepted.header("location").unwrap());

    assert_eq!(
        remaining(&status),
        "Microsoft.Compute/GetOperationResource;44,\
         Microsoft.Compute/GetOperationSubscriptionMaximum;14999"
    );
    assert_eq!(
        remaining(&location),
        "Microsoft.Compute/GetOperationResource;43,\
         Microsoft.Compute/GetOperationSubscriptionMaximum;14998"
    );
}

#[test]
fn a_look_at_an_operation_may_cost_more_than_one() {
    let polls = PollQuota {
        cost: 2,
        ..PollQuota::default()
    };
    let settings = Settings {
        polls,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let accepted = deallocate(&azure, "web-01");
    let url = accepted.header("azure-asyncoperation").unwrap();

    let left = [read(&azure, url), read(&azure, url)];

    assert_eq!(
        left.each_ref().map(remaining),
        [
            "Microsoft.Compute/GetOperationResource;43,\
             Microsoft.Compute/GetOperationSubscriptionMaximum;14998",
            "Microsoft.Compute/GetOperationResource;41,\
             Microsoft.Compute/GetOperationSubscriptionMaximum;14996"
        ]
    );
}

#[test]
fn each_machine_has_a_quota_of_its_own_within_that_of_the_subscription() {
    let azure = sandbox();

    show(&azure, "web-01");
    let other = show(&azure, "web-02");

    assert_eq!(
        remaining(&other),
        "Microsoft.Compute/LowCostGetSubscriptionMaximum;23998,\
         Microsoft.Compute/LowCostGetResource;35"
    );
}

#[test]
fn a_machine_has_one_quota_however_its_name_is_written() {
    let azure = sandbox();

    show(&azure, "web-01");
    let again = show(&azure, "WEB-01");

    assert!(remaining(&again).ends_with("LowCostGetResource;34"));
}

#[test]
fn each_subscription_has_a_quota_of_its_own() {
    let azure = sandbox();
    let machines = azure.virtual_machines();
    let elsewhere = machines.iter().find(|vm| vm.name == "edge-01").unwrap();

    show(&azure, "web-01");
    let other = read(
        &azure,
        &format!("{}{}?{VERSION}", azure.url(), elsewhere.id()),
    );

    assert!(remaining(&other).contains("LowCostGetSubscriptionMaximum;23999,"));
    assert_eq!(
        other.header("x-ms-ratelimit-remaining-subscription-reads"),
        Some("249")
    );
}

fn show(azure: &Sandbox, name: &str) -> Answer {
    read(azure, &format!("{}?{VERSION}", machine(azure, name)))
}

fn remaining(answer: &Answer) -> &str {
    answer.header("x-ms-ratelimit-remaining-resource").unwrap()
}

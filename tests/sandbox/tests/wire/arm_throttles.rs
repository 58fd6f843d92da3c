//! Quotas of Resource Manager and Compute that are used up.

use azure_sandbox::{Sandbox, Settings};
use serde_json::Value;

use crate::{
    client::{Answer, sandbox},
    compute::{VERSION, deallocate, machine, order, read},
};

#[test]
fn a_machine_that_is_read_too_often_is_refused_by_compute() {
    let azure = sandbox();
    for _ in 0..36 {
        assert_eq!(show(&azure, "web-01").status, 200);
    }

    let refused = show(&azure, "web-01");

    assert_compute_refuses(&refused, "LowCostGet");
    assert_eq!(
        refused.header("x-ms-ratelimit-remaining-resource"),
        Some(
            "Microsoft.Compute/LowCostGetSubscriptionMaximum;23964,\
             Microsoft.Compute/LowCostGetResource;0"
        )
    );
    assert_eq!(show(&azure, "web-02").status, 200);
}

#[test]
fn an_order_that_is_refused_does_nothing() {
    let azure = sandbox();
    // Counted, and refused for another reason.
    let wrong = format!(
        "{}/deallocate?{VERSION}&nonsense=1",
        machine(&azure, "web-01")
    );
    for _ in 0..12 {
        assert_eq!(order(&azure, "POST", &wrong).status, 400);
    }

    let refused = deallocate(&azure, "web-01");

    assert_compute_refuses(&refused, "DeleteVM");
    let state = azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("running"));
}

#[test]
fn all_operations_of_a_machine_are_polled_from_one_bucket() {
    let azure = sandbox();
    let [first, second] = [deallocate(&azure, "web-01"), deallocate(&azure, "web-01")];
    let urls = [&first, &second].map(|it| it.header("azure-asyncoperation").unwrap());
    for poll in 0..45 {
        assert_eq!(read(&azure, urls[poll % 2]).status, 200);
    }

    let refused = read(&azure, urls[0]);

    assert_compute_refuses(&refused, "GetOperation");
}

#[test]
fn too_many_writes_in_a_subscription_are_refused_by_resource_manager() {
    let azure = sandbox();
    let url = format!("{}/deallocate?{VERSION}", machine(&azure, "none"));
    let refused = (0..400)
        .map(|_| order(&azure, "POST", &url))
        .find(|answer| answer.status != 404)
        .unwrap();

    assert_eq!(refused.status, 429);
    assert_eq!(refused.text("/error/code"), "SubscriptionRequestsThrottled");
    assert_eq!(
        refused.text("/error/message"),
        "Number of requests for subscription '5ab1e000-0000-4000-8000-000000000001' and operation \
         'POST/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES\
         /DEALLOCATE' exceeded the backend storage limit. Please try again after '1' seconds."
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-ms-failure-cause"), Some("gateway"));
    let writes = "x-ms-ratelimit-remaining-subscription-writes";
    assert_eq!(refused.header(writes), Some("0"));
    assert_eq!(show(&azure, "web-01").status, 200);
}

#[test]
fn without_throttles_quotas_are_told_and_not_enforced() {
    let azure = Sandbox::start(Settings {
        throttles: false,
        ..Settings::default()
    })
    .unwrap();
    for _ in 0..36 {
        show(&azure, "web-01");
    }

    let answer = show(&azure, "web-01");

    assert_eq!(answer.status, 200);
    let left = answer.header("x-ms-ratelimit-remaining-resource").unwrap();
    assert!(left.ends_with("LowCostGetResource;0"), "{left}");
}

#[test]
fn a_refusal_has_what_is_left_in_its_headers_too() {
    let azure = sandbox();

    let missing = show(&azure, "none");

    assert_eq!(missing.status, 404);
    let reads = "x-ms-ratelimit-remaining-subscription-reads";
    assert_eq!(missing.header(reads), Some("249"));
    let global = "x-ms-ratelimit-remaining-subscription-global-reads";
    assert_eq!(missing.header(global), Some("3749"));
    assert_eq!(missing.header("x-ms-ratelimit-remaining-resource"), None);
}

fn show(azure: &Sandbox, name: &str) -> Answer {
    read(azure, &format!("{}?{VERSION}", machine(azure, name)))
}

fn assert_compute_refuses(answer: &Answer, group: &str) {
    assert_eq!(answer.status, 429);
    assert_eq!(answer.text("/code"), "OperationNotAllowed");
    assert_eq!(answer.text("/details/0/code"), "TooManyRequests");
    assert_eq!(answer.text("/details/0/target"), group);
    let counted: Value = serde_json::from_str(&answer.text("/details/0/message")).unwrap();
    assert_eq!(counted["operationGroup"], group);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

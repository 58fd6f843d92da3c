//! What is answered where the sandbox knows nothing.

use crate::{
    client::{ARM, GRAPH, bearer, get, sandbox},
    compute, directory,
};

#[test]
fn other_providers_and_types_are_refused_as_resource_manager_does() {
    let azure = sandbox();
    let vm = compute::machine(&azure, "web-01");
    let (group, _) = vm.split_once("/Microsoft.Compute").unwrap();

    for (path, code, message) in [
        (
            "Microsoft.Network/networkInterfaces?api-version=2023-04-01",
            "InvalidResourceNamespace",
            "The resource namespace 'Microsoft.Network' is invalid.",
        ),
        (
            "Microsoft.Compute/disks?api-version=2023-04-02",
            "InvalidResourceType",
            "The resource type could not be found in the namespace 'Microsoft.Compute' for api \
             version '2023-04-02'.",
        ),
    ] {
        let answer = compute::read(&azure, &format!("{group}/{path}"));
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.text("/error/code"), code);
        assert_eq!(answer.text("/error/message"), message);
        assert_eq!(answer.header("x-ms-failure-cause"), Some("gateway"));
    }
}

#[test]
fn a_provider_of_the_tenant_is_refused_as_resource_manager_does() {
    let azure = sandbox();
    let url = format!("{}/providers/Microsoft.Billing/accounts", azure.url());

    let answer = get(&url, &[("authorization", &bearer(&azure, ARM))]);

    assert_eq!(answer.status, 404);
    assert_eq!(answer.text("/error/code"), "MissingSubscription");
    assert_eq!(answer.header("x-ms-failure-cause"), Some("gateway"));
    assert!(answer.header("x-ms-request-id").is_some());
}

#[test]
fn another_version_of_graph_is_refused_as_graph_does() {
    let azure = sandbox();
    let url = format!("{}/beta/users", azure.url());

    let answer = get(&url, &[("authorization", &bearer(&azure, GRAPH))]);

    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error/code"), "BadRequest");
    assert_eq!(answer.text("/error/message"), "Invalid version.");
    assert!(answer.header("request-id").is_some());
}

#[test]
fn the_first_segment_that_graph_does_not_know_is_named() {
    let azure = sandbox();

    for (path, segment) in [
        ("groups/1/members", "groups"),
        ("users/elves/manager", "elves"),
        ("users/$count/elves", "elves"),
    ] {
        let answer = directory::read(&azure, &format!("{}/v1.0/{path}", azure.url()));
        let message = format!("Resource not found for the segment '{segment}'.");
        assert_eq!(answer.text("/error/message"), message);
    }
}

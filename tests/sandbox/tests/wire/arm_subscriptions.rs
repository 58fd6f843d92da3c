//! The list of subscriptions.

use azure_sandbox::{Assignment, DEFAULT_SCOPE, Sandbox};

use crate::{
    client::{Answer, get, sandbox},
    compute::{order, read},
};

#[test]
fn subscriptions_are_those_with_machines() {
    let azure = sandbox();

    let listed = ids(&read(&azure, &url(&azure, "2022-12-01")));

    let mut expected: Vec<_> = azure
        .virtual_machines()
        .into_iter()
        .map(|machine| format!("/subscriptions/{}", machine.subscription_id))
        .collect();
    expected.sort();
    expected.dedup();
    assert_eq!(listed, expected);
    assert_eq!(listed.len(), 2);
}

#[test]
fn a_subscription_is_seen_by_whoever_has_a_role_in_it() {
    let azure = sandbox();
    let (subscription, _) = DEFAULT_SCOPE.split_once("/resourceGroups").unwrap();
    azure.assign(vec![Assignment {
        scope: DEFAULT_SCOPE.to_owned(),
        actions: vec!["*".to_owned()],
    }]);

    assert_eq!(
        ids(&read(&azure, &url(&azure, "2022-12-01"))),
        [subscription]
    );
}

#[test]
fn a_token_a_version_and_a_get_are_needed() {
    let azure = sandbox();
    let known = url(&azure, "2022-12-01");

    assert_eq!(get(&known, &[]).status, 401);
    assert_eq!(order(&azure, "POST", &known).status, 405);
    let unknown = read(&azure, &url(&azure, "2024-11-01"));
    assert_eq!(unknown.text("/error/code"), "NoRegisteredProviderFound");
    let without = read(&azure, &format!("{}/subscriptions", azure.url()));
    assert_eq!(without.text("/error/code"), "MissingApiVersionParameter");
}

fn url(azure: &Sandbox, version: &str) -> String {
    format!("{}/subscriptions?api-version={version}", azure.url())
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let listed = answer.json()["value"].as_array().unwrap().clone();
    let id = |it: &serde_json::Value| it["id"].as_str().unwrap().to_owned();
    listed.iter().map(id).collect()
}

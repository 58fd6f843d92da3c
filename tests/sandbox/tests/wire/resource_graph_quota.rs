//! How many queries Resource Graph takes of one principal.

use azure_sandbox::{Sandbox, Settings};
use serde_json::json;

use crate::{client::sandbox, resource_graph::ask};

#[test]
fn every_answer_tells_what_is_left() {
    let azure = sandbox();

    let answer = ask(&azure, &json!({"query": "resources | count"}));

    assert_eq!(answer.header("x-ms-user-quota-remaining"), Some("14"));
    assert_eq!(
        answer.header("x-ms-user-quota-resets-after"),
        Some("00:00:05")
    );
    let requests = "x-ms-ratelimit-remaining-tenant-resource-requests";
    assert_eq!(answer.header(requests), Some("14"));
}

#[test]
fn the_sixteenth_query_within_five_seconds_is_refused() {
    let azure = sandbox();
    let query = json!({"query": "resources | count"});
    for _ in 0..15 {
        assert_eq!(ask(&azure, &query).status, 200);
    }

    let refused = ask(&azure, &query);

    assert_eq!(refused.status, 429);
    assert_eq!(refused.text("/error/code"), "RateLimiting");
    assert_eq!(refused.text("/error/details/0/code"), "RateLimiting");
    assert_eq!(refused.header("x-ms-user-quota-remaining"), Some("0"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
}

#[test]
fn without_throttles_the_quota_is_told_and_not_enforced() {
    let azure = Sandbox::start(Settings {
        throttles: false,
        ..Settings::default()
    })
    .unwrap();
    let query = json!({"query": "resources | count"});
    for _ in 0..15 {
        ask(&azure, &query);
    }

    let answer = ask(&azure, &query);

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ms-user-quota-remaining"), Some("0"));
}

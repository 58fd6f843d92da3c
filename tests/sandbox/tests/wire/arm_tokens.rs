//! Which tokens Resource Manager takes.

use std::time::Duration;

use azure_sandbox::{Sandbox, Settings};

use crate::{
    client::{ARM, Answer, GRAPH, METADATA, bearer, encoded, get, sandbox, token_url},
    compute::{VERSION, deallocate, machine},
};

#[test]
fn a_request_without_a_token_is_challenged() {
    let azure = sandbox();
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));

    let none = get(&url, &[]);
    let basic = get(&url, &[("authorization", "Basic Z3Vlc3M6bWU=")]);

    for answer in [none, basic] {
        assert_refused(&answer, "AuthenticationFailed");
        assert_eq!(
            answer.text("/error/message"),
            "Authentication failed. The 'Authorization' header is missing."
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer authorization_uri=\"https://login.windows.net/"),
            "{challenge}"
        );
        assert!(!challenge.contains("error="), "{challenge}");
    }
}

#[test]
fn a_token_for_graph_has_the_wrong_audience() {
    let azure = sandbox();

    let answer = show(&azure, &bearer(&azure, GRAPH));

    assert_refused(&answer, "InvalidAuthenticationTokenAudience");
    assert_invalid_token(&answer);
}

#[test]
fn every_name_of_resource_manager_is_an_audience() {
    let azure = sandbox();

    for audience in [
        "https://management.azure.com/",
        "https://management.azure.com",
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
    ] {
        let answer = show(&azure, &bearer(&azure, audience));
        assert_eq!(answer.status, 200, "{audience}");
    }
}

#[test]
fn a_token_that_nobody_issued_is_invalid() {
    let azure = sandbox();
    let other = sandbox();

    let answer = show(&azure, &bearer(&other, ARM));

    assert_refused(&answer, "InvalidAuthenticationToken");
    assert_invalid_token(&answer);
}

#[test]
fn rejected_tokens_have_expired_and_later_ones_have_not() {
    let azure = sandbox();
    let early = bearer(&azure, ARM);
    assert_eq!(show(&azure, &early).status, 200);

    azure.reject_tokens();

    let answer = show(&azure, &early);
    assert_refused(&answer, "ExpiredAuthenticationToken");
    assert_invalid_token(&answer);
    assert_eq!(show(&azure, &bearer(&azure, ARM)).status, 200);
}

#[test]
fn a_token_expires_at_the_end_of_its_lifetime() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();

    let answer = show(&azure, &bearer(&azure, ARM));

    assert_refused(&answer, "ExpiredAuthenticationToken");
}

#[test]
fn a_token_of_the_identity_endpoint_is_taken_by_the_service_that_it_names() {
    let azure = sandbox();
    let token = |resource: &str| {
        let url = token_url(&azure, "").replace(&encoded(ARM), &encoded(resource));
        let token = get(&url, &[METADATA]).text("/access_token");
        format!("Bearer {token}")
    };

    assert_eq!(show(&azure, &token(ARM)).status, 200);
    assert_eq!(show(&azure, &token(GRAPH)).status, 401);
}

#[test]
fn the_status_of_an_operation_takes_a_token_too() {
    let azure = sandbox();
    let accepted = deallocate(&azure, "web-01");

    for name in ["azure-asyncoperation", "location"] {
        let url = accepted.header(name).unwrap();
        let none = get(url, &[]);
        let graph = get(url, &[("authorization", &bearer(&azure, GRAPH))]);
        assert_refused(&none, "AuthenticationFailed");
        assert_refused(&graph, "InvalidAuthenticationTokenAudience");
    }
}

fn show(azure: &Sandbox, authorization: &str) -> Answer {
    let url = format!("{}?{VERSION}", machine(azure, "web-01"));
    get(&url, &[("authorization", authorization)])
}

fn assert_refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(answer.text("/error/code"), code);
}

fn assert_invalid_token(answer: &Answer) {
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}

//! Which tokens Graph takes.

use std::time::Duration;

use azure_sandbox::{Sandbox, Settings};

use crate::{
    client::{ARM, Answer, GRAPH, METADATA, bearer, encoded, get, sandbox, token_url},
    directory::{assert_refused, next_link, users},
};

#[test]
fn a_request_without_a_token_is_challenged() {
    let azure = sandbox();
    let url = format!("{}/v1.0/users", azure.url());

    let none = get(&url, &[]);
    let basic = get(&url, &[("authorization", "Basic Z3Vlc3M6bWU=")]);

    for answer in [none, basic] {
        assert_challenged(&answer);
        assert_eq!(answer.text("/error/message"), "Access token is empty.");
    }
}

#[test]
fn a_token_for_resource_manager_has_the_wrong_audience() {
    let azure = sandbox();

    let answer = list(&azure, &bearer(&azure, ARM));

    assert_challenged(&answer);
    let why = answer.text("/error/message");
    assert!(why.contains("Invalid audience"), "{why}");
}

#[test]
fn every_name_of_graph_is_an_audience() {
    let azure = sandbox();

    for audience in [
        "https://graph.microsoft.com/",
        "https://graph.microsoft.com",
        "00000003-0000-0000-c000-000000000000",
    ] {
        let answer = list(&azure, &bearer(&azure, audience));
        assert_eq!(answer.status, 200, "{audience}");
    }
}

#[test]
fn a_token_that_nobody_issued_is_invalid() {
    let azure = sandbox();
    let other = sandbox();

    let answer = list(&azure, &bearer(&other, GRAPH));

    assert_challenged(&answer);
    assert_eq!(
        answer.text("/error/message"),
        "Access token validation failure."
    );
}

#[test]
fn rejected_tokens_have_expired_and_later_ones_have_not() {
    let azure = sandbox();
    let early = bearer(&azure, GRAPH);
    assert_eq!(list(&azure, &early).status, 200);

    azure.reject_tokens();

    let answer = list(&azure, &early);
    assert_challenged(&answer);
    let why = answer.text("/error/message");
    assert!(why.contains("the token is expired"), "{why}");
    assert_eq!(list(&azure, &bearer(&azure, GRAPH)).status, 200);
}

#[test]
fn a_token_expires_at_the_end_of_its_lifetime() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();

    let answer = list(&azure, &bearer(&azure, GRAPH));

    assert_challenged(&answer);
}

#[test]
fn a_token_of_the_identity_endpoint_is_taken_by_the_service_that_it_names() {
    let azure = sandbox();
    let token = |resource: &str| {
        let url = token_url(&azure, "").replace(&encoded(ARM), &encoded(resource));
        let token = get(&url, &[METADATA]).text("/access_token");
        format!("Bearer {token}")
    };

    assert_eq!(list(&azure, &token(GRAPH)).status, 200);
    assert_eq!(list(&azure, &token(ARM)).status, 401);
}

#[test]
fn a_link_to_the_next_page_takes_a_token_too() {
    let azure = sandbox();
    let link = next_link(&users(&azure, "")).unwrap();

    let none = get(&link, &[]);
    let arm = get(&link, &[("authorization", &bearer(&azure, ARM))]);

    assert_challenged(&none);
    assert_challenged(&arm);
}

#[test]
fn whoever_has_no_token_does_not_learn_what_else_is_wrong() {
    let azure = sandbox();

    for path in ["users?$top=0", "elves", "users?$skiptoken=1"] {
        let answer = get(&format!("{}/v1.0/{path}", azure.url()), &[]);
        assert_challenged(&answer);
    }
}

/// `GET /v1.0/users` with this `Authorization`.
fn list(azure: &Sandbox, authorization: &str) -> Answer {
    let url = format!("{}/v1.0/users", azure.url());
    get(&url, &[("authorization", authorization)])
}

fn assert_challenged(answer: &Answer) {
    assert_refused(answer, 401, "InvalidAuthenticationToken");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer realm=\"\", authorization_uri=\"https://login."),
        "{challenge}"
    );
    assert_eq!(answer.json().get("value"), None);
}

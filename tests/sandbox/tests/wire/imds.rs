//! The token endpoint of a virtual machine: which requests it takes, and what
//! it answers.

use std::time::Duration;

use azure_sandbox::{Sandbox, Service, Settings};
use serde_json::json;

use crate::client::{ARM, GRAPH, METADATA, claims, encoded, get, post, sandbox, token_url};

const TOKEN: &str = "/metadata/identity/oauth2/token";

#[test]
fn the_metadata_header_is_required() {
    let azure = sandbox();
    let url = token_url(&azure, "");

    let without = get(&url, &[]);
    let other = get(&url, &[("Metadata", "false")]);
    let with = get(&url, &[METADATA]);

    for refusal in [without, other] {
        assert_eq!(refusal.status, 400);
        assert_eq!(
            refusal.text("/error_description"),
            "Required metadata header not specified"
        );
    }
    assert_eq!(with.status, 200);
    assert_eq!(with.text("/token_type"), "Bearer");
    assert_eq!(azure.requests(Service::Token).len(), 3);
}

#[test]
fn a_forwarded_request_is_refused() {
    let azure = sandbox();
    let forwarded = ("X-Forwarded-For", "10.0.0.1");

    let answer = get(&token_url(&azure, ""), &[METADATA, forwarded]);

    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error"), "invalid_request");
}

#[test]
fn a_verb_other_than_get_is_refused() {
    let azure = sandbox();

    let answer = post(&token_url(&azure, ""), &[METADATA], "resource=x");

    assert_eq!(answer.status, 405);
    assert_eq!(answer.text("/error"), "method_not_allowed");
}

#[test]
fn who_names_no_known_version_is_told_the_newest() {
    let azure = sandbox();
    let ask = |version: &str| {
        let resource = encoded(ARM);
        let url = format!("{}{TOKEN}?resource={resource}{version}", azure.url());
        get(&url, &[METADATA])
    };

    // There were versions before 2018-02-01, but none that had tokens.
    for version in [
        "",
        "&api-version=",
        "&api-version=2017-08-01",
        "&api-version=2018-02-02",
        "&api-version=2099-01-01",
    ] {
        let refusal = ask(version);
        assert_eq!(refusal.status, 400, "{version}");
        assert_eq!(
            refusal.json()["newest-versions"],
            json!(["2025-04-07", "2024-07-17", "2024-03-15"]),
            "{version}"
        );
    }
    assert_eq!(ask("&api-version=2025-04-07").status, 200);
}

#[test]
fn a_parameter_that_comes_twice_is_refused() {
    let azure = sandbox();

    for again in ["&api-version=2018-02-01", "&Resource=x"] {
        let refusal = get(&token_url(&azure, again), &[METADATA]);
        assert_eq!(refusal.status, 400, "{again}");
        assert_eq!(refusal.text("/error"), "invalid_request", "{again}");
    }
}

#[test]
fn a_resource_is_required_and_has_to_be_known() {
    let azure = sandbox();
    let ask = |resource: &str| {
        let url = format!("{}{TOKEN}?api-version=2018-02-01{resource}", azure.url());
        get(&url, &[METADATA])
    };

    let none = ask("");
    let unknown = ask("&resource=https%3A%2F%2Fexample.org");

    assert_eq!(none.status, 400);
    assert_eq!(none.text("/error"), "invalid_request");
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.text("/error"), "invalid_resource");
    let why = unknown.text("/error_description");
    assert!(why.starts_with("AADSTS500011: "), "{why}");
    assert!(why.contains("https://example.org"), "{why}");
}

#[test]
fn a_slash_may_end_the_path() {
    let azure = sandbox();
    let resource = encoded(ARM);
    let ask = |end: &str| {
        let url = format!(
            "{}{TOKEN}{end}?api-version=2018-02-01&resource={resource}",
            azure.url()
        );
        get(&url, &[METADATA])
    };

    let (with, with_two) = (ask("/"), ask("//"));

    assert_eq!(with.status, 200);
    assert_eq!(with.text("/token_type"), "Bearer");
    assert_eq!(with_two.status, 404);
}

#[test]
fn another_path_has_no_tokens() {
    let azure = sandbox();

    let answer = get(
        &token_url(&azure, "").replace("/token?", "/tokens?"),
        &[METADATA],
    );

    assert_eq!(answer.status, 404);
}

#[test]
fn an_answer_is_told_from_a_proxys_by_its_server() {
    let azure = sandbox();
    let url = token_url(&azure, "");

    for answer in [get(&url, &[METADATA]), get(&url, &[])] {
        let server = answer.header("server").unwrap();
        assert!(server.starts_with("IMDS/"), "{server}");
    }
}

#[test]
fn times_are_strings_of_digits_and_agree_with_the_token() {
    let azure = sandbox();

    let answer = get(&token_url(&azure, ""), &[METADATA]);

    let seconds = |name: &str| -> u64 { answer.text(name).parse().unwrap() };
    let said = claims(&answer.text("/access_token"));
    assert_eq!(said["exp"], seconds("/expires_on"));
    assert_eq!(said["nbf"], seconds("/not_before"));
    assert_eq!(seconds("/expires_on") - seconds("/not_before"), 86_400);
    // The second in which it was issued may have passed.
    assert!((86_390..=86_400).contains(&seconds("/expires_in")));
}

#[test]
fn a_token_is_for_the_resource_that_was_asked_for() {
    let azure = sandbox();

    for resource in [ARM, "https://management.azure.com", GRAPH] {
        let resource_encoded = encoded(resource);
        let url = format!(
            "{}{TOKEN}?api-version=2018-02-01&resource={resource_encoded}",
            azure.url()
        );
        let answer = get(&url, &[METADATA]);
        assert_eq!(answer.text("/resource"), resource);
        assert_eq!(claims(&answer.text("/access_token"))["aud"], resource);
    }
}

#[test]
fn the_host_keeps_a_token_unless_its_cache_is_passed_by() {
    let azure = sandbox();

    let first = token(&azure, "");
    let second = token(&azure, "&bypass_cache=false");
    let third = token(&azure, "&bypass_cache=true");
    let fourth = token(&azure, "");

    assert_eq!(second, first);
    assert_ne!(third, first);
    assert_eq!(fourth, third, "the new one is kept");
}

#[test]
fn a_token_about_to_expire_is_not_handed_out_again() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::from_secs(5),
        ..Settings::default()
    })
    .unwrap();

    assert_ne!(token(&azure, ""), token(&azure, ""));
}

#[test]
fn the_host_forgets_expired_tokens_but_not_rejected_ones() {
    let azure = sandbox();

    let first = token(&azure, "");
    azure.reject_tokens();
    let after_rejection = token(&azure, "");
    azure.expire_tokens();
    let after_expiry = token(&azure, "");

    assert_eq!(after_rejection, first);
    assert_ne!(after_expiry, first);
}

fn token(azure: &Sandbox, more: &str) -> String {
    get(&token_url(azure, more), &[METADATA]).text("/access_token")
}

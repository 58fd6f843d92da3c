//! The signed URLs of operations, of which nothing may be changed.

use azure_sandbox::Sandbox;

use crate::{
    client::{Answer, sandbox},
    compute::{deallocate, order, read},
};

#[test]
fn the_urls_are_as_long_as_recorded_ones_and_differ_in_their_signatures() {
    let azure = sandbox();

    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        assert!(url.len() > 3_500, "{}", url.len());
    }
    for differs in ["s", "h"] {
        assert_ne!(value(&status, differs), value(&location, differs));
    }
    for agrees in ["p", "api-version", "c"] {
        assert_eq!(value(&status, agrees), value(&location, agrees));
    }
}

#[test]
fn one_character_makes_a_signature_invalid() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        for name in ["p", "t", "c", "s", "h"] {
            let start = url.find(&format!("{name}=")).unwrap() + name.len() + 1;
            let end = start + value(url, name).len();
            // The last one may carry padding only, which decoders overlook.
            for at in [start, end - 1] {
                assert_refused(&azure, &with_other_character(url, at));
            }
        }
        // Another version that is known, for an unknown one is refused as such.
        assert_refused(&azure, &url.replace("=2024-11-01", "=2025-11-01"));
        assert!(matches!(read(&azure, url).status, 200 | 202));
    }
}

#[test]
fn case_makes_a_difference_to_a_signature() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        let signature = value(url, "s");
        assert_refused(&azure, &url.replace(signature, &signature.to_uppercase()));
    }
}

#[test]
fn the_order_of_the_parameters_is_signed() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        let (path, query) = url.split_once('?').unwrap();
        let parameters: Vec<_> = query.split('&').collect();
        for first in 1..parameters.len() {
            let mut swapped = parameters.clone();
            swapped.swap(first - 1, first);
            assert_refused(&azure, &format!("{path}?{}", swapped.join("&")));
        }
    }
}

#[test]
fn no_parameter_can_be_left_out_or_added() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        let (path, query) = url.split_once('?').unwrap();
        for left_out in query.split('&').filter(|it| !it.starts_with("api-version")) {
            let rest: Vec<_> = query.split('&').filter(|it| *it != left_out).collect();
            assert_refused(&azure, &format!("{path}?{}", rest.join("&")));
        }
        assert_refused(&azure, &format!("{url}&monitor=true"));
    }
}

#[test]
fn the_encoding_of_a_parameter_is_signed() {
    let azure = sandbox();
    let (status, _) = urls(&deallocate(&azure, "web-01"));

    // What a client gets that parses the query and writes it anew.
    let (path, query) = status.split_once('?').unwrap();
    let rewritten = query.replacen('-', "%2D", 1);

    assert_refused(&azure, &format!("{path}?{rewritten}"));
}

#[test]
fn a_signature_holds_for_no_other_operation() {
    let azure = sandbox();
    let one = deallocate(&azure, "web-01");
    let other = deallocate(&azure, "web-02");
    let id = |accepted: &Answer| accepted.header("x-ms-request-id").unwrap().to_owned();

    let (status, _) = urls(&one);

    assert_refused(&azure, &status.replace(&id(&one), &id(&other)));
}

#[test]
fn an_operation_that_nobody_ordered_is_not_found() {
    let azure = sandbox();
    let accepted = deallocate(&azure, "web-01");
    let id = accepted.header("x-ms-request-id").unwrap();

    let (status, _) = urls(&accepted);
    let url = status.replace(id, "00000000-0000-4000-8000-000000000000");

    assert_eq!(read(&azure, &url).status, 404);
}

#[test]
fn an_operation_can_only_be_read() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    for url in [&status, &location] {
        assert_eq!(order(&azure, "POST", url).status, 405);
        assert_eq!(order(&azure, "DELETE", url).status, 405);
    }
}

#[test]
fn signatures_are_secrets() {
    let azure = sandbox();
    let (status, location) = urls(&deallocate(&azure, "web-01"));

    let secrets = azure.secrets();

    for url in [&status, &location] {
        assert!(secrets.iter().any(|secret| secret == value(url, "s")));
    }
}

/// The URLs of the status and of the result.
fn urls(accepted: &Answer) -> (String, String) {
    let url = |name| accepted.header(name).unwrap().to_owned();
    (url("azure-asyncoperation"), url("location"))
}

/// The value of the parameter `name`.
fn value<'a>(url: &'a str, name: &str) -> &'a str {
    let (_, query) = url.split_once('?').unwrap();
    let mut parameters = query.split('&').filter_map(|it| it.split_once('='));
    let (_, value) = parameters.find(|(known, _)| *known == name).unwrap();
    value
}

/// `url` with another letter or digit at `at`.
fn with_other_character(url: &str, at: usize) -> String {
    let other = if &url[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &url[..at], &url[at + 1..])
}

fn assert_refused(azure: &Sandbox, url: &str) {
    let answer = read(azure, url);
    assert_eq!(answer.status, 403, "{url}");
    assert_eq!(answer.text("/error/code"), "InvalidOperationUrlSignature");
}

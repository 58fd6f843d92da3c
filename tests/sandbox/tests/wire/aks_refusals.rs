//! What Entra ID refuses of a pod.

use azure_sandbox::{Identity, Settings};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    aks::Pod,
    client::{Answer, FORM, claims, get, post},
};

#[test]
fn each_field_is_required_and_checked() {
    let pod = Pod::new(Settings::default());
    let other = Identity::named("other").client_id;

    for (field, value, status, error, code) in [
        ("grant_type", "", 400, "invalid_request", 900_144),
        (
            "grant_type",
            "password",
            400,
            "unsupported_grant_type",
            70_003,
        ),
        ("client_id", "", 400, "invalid_request", 900_144),
        ("client_id", &other, 400, "unauthorized_client", 700_016),
        ("client_assertion", "", 401, "invalid_client", 7_000_218),
        ("client_assertion", "a.b", 401, "invalid_client", 50_027),
        (
            "client_assertion_type",
            "",
            401,
            "invalid_client",
            7_000_218,
        ),
        (
            "client_assertion_type",
            "saml",
            401,
            "invalid_client",
            7_000_218,
        ),
        ("scope", "", 400, "invalid_request", 900_144),
        (
            "scope",
            "https://graph.microsoft.com",
            400,
            "invalid_scope",
            1_002_012,
        ),
        (
            "scope",
            "https://x.org/.default",
            400,
            "invalid_resource",
            500_011,
        ),
    ] {
        let refusal = pod.ask(&[(field, value)]);
        assert_refused(&refusal, (status, error, code), &format!("{field}={value}"));
    }
}

#[test]
fn what_the_cluster_would_not_assert_is_refused_for_what_differs() {
    let pod = Pod::new(Settings::default());

    for (claim, value, code) in [
        (
            "sub",
            "system:serviceaccount:mi-gateway:MI-gateway",
            700_213,
        ),
        ("aud", "api://other", 700_212),
        ("iss", "https://example.org/", 700_211),
        ("jti", "another", 50_013),
    ] {
        let assertion = altered(&pod.assertion(), claim, value);
        let refusal = pod.ask(&[("client_assertion", &assertion)]);
        assert_refused(&refusal, (401, "invalid_client", code), claim);
        if code != 50_013 {
            let why = refusal.text("/error_description");
            assert!(why.contains(&format!("'{value}'")), "{why}");
        }
    }
}

#[test]
fn the_assertion_of_another_cluster_is_refused() {
    let (pod, other) = (Pod::new(Settings::default()), Pod::new(Settings::default()));

    let refusal = pod.ask(&[("client_assertion", &other.assertion())]);

    assert_refused(&refusal, (401, "invalid_client", 50_013), "of another");
}

#[test]
fn another_tenant_is_not_found() {
    let pod = Pod::new(Settings::default());
    let tenant = Identity::named("other").client_id;

    let refusal = post(&pod.url(&tenant), &[FORM], &pod.form(&[]));

    assert_refused(&refusal, (400, "invalid_request", 90_002), "tenant");
}

#[test]
fn a_post_of_a_form_is_needed() {
    let pod = Pod::new(Settings::default());
    let url = pod.url(pod.0.var("AZURE_TENANT_ID"));

    let read = get(&url, &[]);
    let formless = post(&url, &[("Content-Type", "text/plain")], &pod.form(&[]));

    assert_refused(&read, (400, "invalid_request", 900_561), "GET");
    assert_refused(&formless, (400, "invalid_request", 900_144), "no form");
}

#[test]
fn an_authority_that_is_joined_with_two_slashes_leads_nowhere() {
    let pod = Pod::new(Settings::default());
    let tenant = pod.0.var("AZURE_TENANT_ID");
    let authority = pod.0.var("AZURE_AUTHORITY_HOST");

    let url = format!("{authority}/{tenant}/oauth2/v2.0/token");
    let answer = post(&url, &[FORM], &pod.form(&[]));

    assert_eq!(answer.status, 404);
    assert_eq!(pod.0.azure.unexpected().len(), 1);
}

/// `assertion` with another claim, and the signature as it was.
fn altered(assertion: &str, claim: &str, value: &str) -> String {
    let mut changed = claims(assertion);
    changed[claim] = json!(value);
    let mut parts: Vec<_> = assertion.split('.').collect();
    let encoded = URL_SAFE_NO_PAD.encode(changed.to_string());
    parts[1] = &encoded;
    parts.join(".")
}

fn assert_refused(answer: &Answer, (status, error, code): (u16, &str, u32), what: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{what}: {body}");
    assert_eq!(body["error"], error, "{what}");
    assert_eq!(body["error_codes"], json!([code]), "{what}");
    let why = answer.text("/error_description");
    assert!(why.starts_with(&format!("AADSTS{code}: ")), "{why}");
    for field in ["timestamp", "trace_id", "correlation_id", "error_uri"] {
        assert!(body[field].is_string(), "{field}: {body}");
    }
    assert_eq!(body.get("access_token"), None::<&Value>);
}

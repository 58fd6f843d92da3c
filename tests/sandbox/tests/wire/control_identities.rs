//! What is done to identities and their tokens, over HTTP.

use azure_sandbox::{Fault, Host, Identity, Service, Settings, Times};
use serde_json::{Value, json};

use crate::{
    aks::Pod,
    client::{METADATA, claims, get, post, sandbox, token_url},
    host::HostOf,
    tls,
};

#[test]
fn tokens_go_to_another_identity_until_they_go_right_again() {
    let azure = sandbox();
    let control = format!("{}/sandbox/tokens/identity", azure.url());
    let holder = || get(&token_url(&azure, ""), &[METADATA]).text("/client_id");
    let right = holder();

    let done = post(&control, &[], r#"{"name": "other"}"#);
    let wrong = holder();
    post(&control, &[], "{}");

    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(wrong, Identity::named("other").client_id);
    assert_eq!(holder(), right);
}

#[test]
fn tokens_are_made_out_to_another_audience_until_they_go_right_again() {
    let azure = sandbox();
    let control = format!("{}/sandbox/tokens/audience", azure.url());
    let audience = || {
        let token = get(&token_url(&azure, ""), &[METADATA]).text("/access_token");
        claims(&token)["aud"].clone()
    };
    let right = audience();

    post(&control, &[], r#"{"audience": "https://example.org"}"#);
    let wrong = audience();
    post(&control, &[], "{}");

    assert_eq!(wrong, "https://example.org");
    assert_eq!(audience(), right);
    let misunderstood = post(&control, &[], r#"{"audiences": []}"#);
    assert_eq!(misunderstood.status, 400);
}

#[test]
fn assertions_expire_and_are_rotated() {
    let pod = Pod::new(Settings::default());
    let control = |what: &str| {
        let url = format!("{}/sandbox/assertions/{what}", pod.0.azure.url());
        assert_eq!(post(&url, &[], "").status, 200, "{what}");
    };

    control("expire");
    let refused = pod.ask(&[]);
    control("rotate");

    assert_eq!(refused.status, 401);
    assert_eq!(pod.ask(&[]).status, 200);
}

#[test]
fn a_certificate_is_changed() {
    let node = HostOf::new(Host::ServiceFabric, Settings::default());
    let shown = || tls::send("GET", node.var("IDENTITY_ENDPOINT"), &[]).unwrap();
    let before = shown().thumbprint;

    let url = format!("{}/sandbox/certificate/change", node.azure.url());
    assert_eq!(post(&url, &[], "").status, 200);

    assert_ne!(shown().thumbprint, before);
}

#[test]
fn an_answer_can_be_altered_in_parts() {
    let azure = sandbox();
    let patch = json!({"expires_on": null, "expires_in": 3599, "resource": {"a": [1]}});
    let real = get(&token_url(&azure, ""), &[METADATA]).json();

    azure.inject(Service::Token, Fault::Alter(patch), Times::Next(1));
    let altered = get(&token_url(&azure, ""), &[METADATA]).json();

    let mut expected = real.clone();
    expected["expires_in"] = json!(3599);
    expected["resource"] = json!({"a": [1]});
    expected.as_object_mut().unwrap().remove("expires_on");
    // Told by the clock.
    expected["ext_expires_in"] = altered["ext_expires_in"].clone();
    assert_eq!(altered, expected);
    assert_ne!(real["expires_on"], Value::Null);
}

#[test]
fn alteration_can_be_asked_for_over_http() {
    let azure = sandbox();
    let order = r#"{"service": "token", "fault": {"alter": {"access_token": ""}}, "times": 1}"#;

    let done = post(&format!("{}/sandbox/faults", azure.url()), &[], order);

    assert_eq!(done.status, 200, "{}", done.body);
    let answer = get(&token_url(&azure, ""), &[METADATA]);
    assert_eq!(answer.text("/access_token"), "");
    assert_eq!(answer.text("/token_type"), "Bearer");
}

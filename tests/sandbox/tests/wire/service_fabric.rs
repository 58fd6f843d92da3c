//! The token service of a Service Fabric node.

use std::net::TcpStream;

use azure_sandbox::{Fault, Host, Identity, Service, Settings, Times};
use serde_json::Value;

use crate::{
    client::{ARM, claims, encoded, get},
    host::{HostOf, identities},
    tls::{self, Secured},
};

#[test]
fn the_certificate_is_the_one_that_is_told() {
    let node = node(Settings::default());

    let answer = ask(&node, "");

    assert_eq!(answer.thumbprint, node.var("IDENTITY_SERVER_THUMBPRINT"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(node.azure.requests(Service::Token).len(), 1);
}

#[test]
fn the_end_of_a_token_is_a_number() {
    let answer = json(&ask(&node(Settings::default()), ""));

    let token = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(answer["expires_on"], token["exp"]);
    assert!(answer["expires_on"].is_u64(), "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["resource"], ARM);
}

#[test]
fn another_certificate_can_be_shown() {
    let node = node(Settings::default());
    let first = ask(&node, "").thumbprint;

    node.azure.change_certificate();
    let second = ask(&node, "").thumbprint;

    assert_ne!(first, second);
    assert_eq!(node.var("IDENTITY_SERVER_THUMBPRINT"), first);
    let variables = node.azure.environment(Host::ServiceFabric);
    assert!(variables.iter().any(|(_, value)| *value == first));
}

#[test]
fn whoever_says_nothing_keeps_nobody_waiting() {
    let node = node(Settings::default());
    let endpoint = node.var("IDENTITY_ENDPOINT");
    let authority = endpoint.split('/').nth(2).unwrap();

    let _silent = TcpStream::connect(authority).unwrap();

    assert_eq!(ask(&node, "").status, 200);
}

#[test]
fn each_refusal_has_its_code() {
    let node = node(Settings::default());
    let (url, secret) = (url(&node, ""), node.var("IDENTITY_HEADER"));
    let resource = format!("resource={}", encoded(ARM));
    let ask = |url: &str, headers: &[_]| tls::send("GET", url, headers).unwrap();

    for (answer, status, code) in [
        (ask(&url, &[]), 400, "SecretHeaderNotFound"),
        (
            ask(&url, &[("X-IDENTITY-HEADER", secret)]),
            400,
            "SecretHeaderNotFound",
        ),
        (
            ask(&url, &[("Secret", "guessed")]),
            404,
            "ManagedIdentityNotFound",
        ),
        (
            ask(&url.replace("-preview", ""), &[("Secret", secret)]),
            400,
            "InvalidApiVersion",
        ),
        (
            ask(&url.replace(&resource, ""), &[("Secret", secret)]),
            400,
            "ArgumentNullOrEmpty",
        ),
        (
            ask(&url.replace(&resource, "resource=x"), &[("Secret", secret)]),
            500,
            "InternalServerError",
        ),
    ] {
        let body = json(&answer);
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(body["error"]["code"], code);
        assert!(body["error"]["message"].is_string());
        assert_eq!(body["error"]["correlationId"].as_str().unwrap().len(), 36);
    }
}

#[test]
fn the_identity_is_that_of_the_application_whatever_is_asked_for() {
    let first = Identity::named("first");
    let id = format!("&client_id={}", first.client_id);
    let holder = |node: &HostOf| {
        let answer = json(&ask(node, &id));
        claims(answer["access_token"].as_str().unwrap())["appid"].clone()
    };

    let both = holder(&node(identities(true, &["first"])));
    let user = holder(&node(identities(false, &["first"])));
    let none = ask(&node(identities(false, &[])), "");

    assert_ne!(both, first.client_id);
    assert_eq!(user, first.client_id);
    assert_eq!(none.status, 404);
}

#[test]
fn a_redirect_and_a_reset_can_come_instead() {
    let node = node(Settings::default());
    let to = "http://127.0.0.1:9/";
    let inject = |fault| node.azure.inject(Service::Token, fault, Times::Next(1));

    inject(Fault::Redirect(to.to_owned()));
    let redirect = ask(&node, "");
    inject(Fault::Reset);
    let secret = [("Secret", node.var("IDENTITY_HEADER"))];
    let reset = tls::send("GET", &url(&node, ""), &secret);

    assert_eq!(redirect.status, 302);
    assert!(redirect.head.contains(&format!("location: {to}")));
    assert!(reset.is_err());
    assert_eq!(ask(&node, "").status, 200);
}

#[test]
fn connections_to_it_can_be_refused_too() {
    let node = node(Settings::default());
    let secret = [("Secret", node.var("IDENTITY_HEADER"))];

    let refusing = node.azure.refuse_connections();
    let failed = tls::send("GET", &url(&node, ""), &secret);
    drop(refusing);

    assert!(failed.is_err());
    assert_eq!(ask(&node, "").status, 200);
}

#[test]
fn instance_metadata_is_not_there() {
    let node = node(Settings::default());
    let endpoint = node.var("IDENTITY_ENDPOINT");
    let instance = endpoint.replace("identity/oauth2/token", "instance");

    let answer = tls::send("GET", &instance, &[("Metadata", "true")]).unwrap();

    assert_eq!(answer.status, 404);
    assert_eq!(node.azure.unexpected().len(), 1);
    // Nor is this one at the path of instance metadata.
    let plain = get(
        &url(&node, "").replace(authority(endpoint), node.azure.url()),
        &[("Secret", node.var("IDENTITY_HEADER"))],
    );
    assert_eq!(plain.status, 400);
}

fn authority(endpoint: &str) -> &str {
    endpoint
        .strip_suffix("/metadata/identity/oauth2/token")
        .unwrap()
}

fn node(settings: Settings) -> HostOf {
    HostOf::new(Host::ServiceFabric, settings)
}

fn url(node: &HostOf, more: &str) -> String {
    let endpoint = node.var("IDENTITY_ENDPOINT");
    let resource = encoded(ARM);
    format!("{endpoint}?api-version=2019-07-01-preview&resource={resource}{more}")
}

fn ask(node: &HostOf, more: &str) -> Secured {
    let secret = [("Secret", node.var("IDENTITY_HEADER"))];
    tls::send("GET", &url(node, more), &secret).unwrap()
}

fn json(answer: &Secured) -> Value {
    serde_json::from_str(&answer.body).expect(&answer.body)
}

//! The token endpoint of the old virtual machine extension.

use azure_sandbox::{Host, Identity, Service, Settings};

use crate::{
    binary::environment,
    client::{ARM, Answer, FORM, METADATA, claims, encoded, get, post, send},
    host::{HostOf, identities},
};

#[test]
fn a_form_gets_the_token_of_the_identity_that_it_names() {
    let machine = machine(identities(true, &["first"]));
    let first = Identity::named("first");

    for (name, id) in [
        ("client_id", &first.client_id),
        ("object_id", &first.object_id),
        ("msi_res_id", &first.resource_id),
    ] {
        let answer = ask(&machine, &format!("&{name}={}", encoded(id)));

        let token = claims(&answer.text("/access_token"));
        assert_eq!(token["appid"], first.client_id, "{name}");
        assert_eq!(answer.text("/expires_on"), token["exp"].to_string());
    }
    assert_eq!(machine.azure.requests(Service::Token).len(), 3);
}

#[test]
fn two_ids_are_refused() {
    let machine = machine(identities(true, &["first"]));
    let first = Identity::named("first");

    let refusal = ask(
        &machine,
        &format!(
            "&client_id={}&object_id={}",
            first.client_id, first.object_id
        ),
    );

    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.text("/error"), "invalid_request");
}

#[test]
fn a_post_of_a_form_with_the_metadata_header_is_needed() {
    let machine = machine(Settings::default());
    let url = url(&machine);
    let body = format!("resource={}", encoded(ARM));

    let read = get(&format!("{url}?{body}"), &[METADATA]);
    let bare = post(&url, &[FORM], &body);
    let formless = post(&url, &[METADATA], &body);

    assert_eq!(read.status, 405);
    assert_eq!(bare.status, 400);
    assert_eq!(
        bare.text("/error_description"),
        "Required metadata header not specified"
    );
    assert_eq!(formless.status, 400);
}

#[test]
fn it_knows_no_other_source_of_tokens() {
    let machine = machine(Settings::default());
    let root = machine.var("MIG_VM_EXTENSION_ENDPOINT");

    for path in [
        "/metadata/identity/oauth2/token",
        "/msi/token",
        "/v1.0/users",
    ] {
        let refusal = get(&format!("{root}{path}"), &[METADATA]);
        assert_eq!(refusal.status, 401, "{path}");
        assert_eq!(refusal.text("/error"), "unknown_source", "{path}");
    }
    assert_eq!(machine.azure.unexpected().len(), 3);
}

#[test]
fn the_limits_of_instance_metadata_are_not_its_own() {
    let machine = machine(Settings::default());

    for _ in 0..25 {
        assert_eq!(ask(&machine, "").status, 200);
    }
}

#[test]
fn connections_to_it_can_be_refused_too() {
    let machine = machine(Settings::default());

    let refusing = machine.azure.refuse_connections();
    let failed = send("POST", &url(&machine), &[METADATA, FORM], "resource=x");
    drop(refusing);

    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(ask(&machine, "").status, 200);
}

#[test]
fn where_it_listens_can_be_told() {
    let words = "exec --as vm-extension --vm-extension 127.0.0.2:0 -- env";
    let words: Vec<_> = words.split(' ').collect();

    let environment = environment(&words);

    let told = &environment["MIG_VM_EXTENSION_ENDPOINT"];
    assert!(told.starts_with("http://127.0.0.2:"), "{told}");
}

fn machine(settings: Settings) -> HostOf {
    HostOf::new(Host::VmExtension, settings)
}

fn url(machine: &HostOf) -> String {
    format!("{}/oauth2/token", machine.var("MIG_VM_EXTENSION_ENDPOINT"))
}

fn ask(machine: &HostOf, more: &str) -> Answer {
    let body = format!("resource={}{more}", encoded(ARM));
    post(&url(machine), &[METADATA, FORM], &body)
}

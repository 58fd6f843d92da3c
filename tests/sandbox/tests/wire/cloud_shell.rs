//! The token endpoint of Cloud Shell.

use azure_sandbox::{Host, Identity, Settings};

use crate::{
    client::{ARM, Answer, FORM, GRAPH, METADATA, claims, encoded, get, post},
    host::HostOf,
};

#[test]
fn a_token_is_that_of_a_user() {
    let shell = shell();

    let answer = ask(&shell, ARM, "");

    assert_eq!(answer.status, 200);
    let token = claims(&answer.text("/access_token"));
    assert_eq!(token["scp"], "user_impersonation");
    assert_eq!(token.get("xms_mirid"), None);
    assert_eq!(answer.text("/expires_on"), token["exp"].to_string());
    let answer = get(
        &format!("{}/v1.0/users?$top=1", shell.azure.url()),
        &[(
            "authorization",
            &format!("Bearer {}", ask(&shell, GRAPH, "").text("/access_token")),
        )],
    );
    assert_eq!(answer.status, 200);
}

#[test]
fn a_post_of_a_form_with_the_metadata_header_is_needed() {
    let shell = shell();
    let endpoint = shell.var("MSI_ENDPOINT");
    let body = format!("resource={}", encoded(ARM));

    for (refusal, status) in [
        (get(&format!("{endpoint}?{body}"), &[METADATA]), 405),
        (post(endpoint, &[FORM], &body), 400),
        (post(endpoint, &[METADATA], &body), 400),
        (post(endpoint, &[METADATA, FORM], "x=y"), 400),
    ] {
        assert_eq!(refusal.status, status, "{}", refusal.body);
        assert!(!refusal.text("/error/message").is_empty());
    }
}

#[test]
fn an_identity_cannot_be_chosen() {
    let shell = shell();
    let Identity {
        client_id,
        object_id,
        resource_id,
    } = Identity::gateway();

    for more in [
        format!("&client_id={client_id}"),
        format!("&object_id={object_id}"),
        format!("&msi_res_id={}", encoded(&resource_id)),
    ] {
        let refusal = ask(&shell, ARM, &more);
        assert_eq!(refusal.status, 400, "{more}");
        assert_eq!(refusal.text("/error/code"), "BadRequest");
    }
}

#[test]
fn an_audience_that_is_not_supported_is_named() {
    let refusal = ask(&shell(), "https://example.org", "");

    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.text("/error/code"), "AudienceNotSupported");
    assert_eq!(
        refusal.text("/error/message"),
        "Audience https://example.org is not a supported MSI token audience."
    );
}

fn shell() -> HostOf {
    HostOf::new(Host::CloudShell, Settings::default())
}

fn ask(shell: &HostOf, resource: &str, more: &str) -> Answer {
    let body = format!("resource={}{more}", encoded(resource));
    post(shell.var("MSI_ENDPOINT"), &[METADATA, FORM], &body)
}

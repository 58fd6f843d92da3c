//! What Entra ID tells of itself.

use azure_sandbox::{Host, Settings, TENANT};
use serde_json::json;

use crate::{
    client::{get, post, sandbox},
    host::HostOf,
};

#[test]
fn the_configuration_of_the_tenant_leads_to_its_token_endpoint() {
    let pod = HostOf::new(Host::Aks, Settings::default());
    let root = pod.azure.url();

    let answer = get(
        &format!("{root}/{TENANT}/v2.0/.well-known/openid-configuration"),
        &[],
    );

    assert_eq!(answer.status, 200, "{}", answer.body);
    let endpoint = answer.text("/token_endpoint");
    assert_eq!(endpoint, format!("{root}/{TENANT}/oauth2/v2.0/token"));
    let refusal = post(&endpoint, &[], "");
    assert_eq!(refusal.text("/error"), "invalid_request");
}

#[test]
fn the_names_of_the_cloud_are_told_whichever_is_asked_about() {
    let azure = sandbox();

    let answer = get(
        &format!(
            "{}/common/discovery/instance?api-version=1.1&authorization_endpoint=\
             https%3A%2F%2Flogin.microsoftonline.com%2F{TENANT}%2Foauth2%2Fv2.0%2Fauthorize",
            azure.url()
        ),
        &[],
    );

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.json()["metadata"],
        json!([{
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.microsoftonline.com",
            "aliases": ["login.microsoftonline.com", "login.microsoft.com"],
        }])
    );
}

#[test]
fn another_tenant_is_not_found() {
    let azure = sandbox();
    let path = "/00000000-0000-0000-0000-000000000009/v2.0/.well-known/openid-configuration";

    let answer = get(&format!("{}{path}", azure.url()), &[]);

    assert_eq!(answer.status, 400);
    assert!(
        answer
            .text("/error_description")
            .starts_with("AADSTS90002:")
    );
}

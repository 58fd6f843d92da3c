//! Workload identity in a pod of Azure Kubernetes Service.

use std::{fs, path::Path};

use azure_sandbox::{Host, Identity, Service, Settings};

use crate::{
    client::{ARM, Answer, FORM, GRAPH, claims, encoded, get, post},
    host::HostOf,
};

#[test]
fn an_assertion_gets_a_token_that_the_resource_takes() {
    let pod = Pod::new(Settings::default());

    let answer = pod.ask(&[("scope", &format!("{GRAPH}.default"))]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let token = claims(&answer.text("/access_token"));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 86_400);
    assert_eq!(body["ext_expires_in"], 86_400);
    assert_eq!(body.get("expires_on"), None);
    assert_eq!(token["appid"], Identity::gateway().client_id);
    let users = format!("{}/v1.0/users?$top=1", pod.0.azure.url());
    let bearer = format!("Bearer {}", answer.text("/access_token"));
    assert_eq!(get(&users, &[("authorization", &bearer)]).status, 200);
    assert_eq!(pod.0.azure.requests(Service::Token).len(), 1);
}

#[test]
fn the_audience_is_all_before_the_last_slash_of_the_scope() {
    let pod = Pod::new(Settings::default());

    for (scope, audience) in [
        (
            "https://management.azure.com/.default",
            "https://management.azure.com",
        ),
        ("https://management.azure.com//.default", ARM),
    ] {
        let token = pod.ask(&[("scope", scope)]).text("/access_token");
        assert_eq!(claims(&token)["aud"], audience, "{scope}");
    }
}

#[test]
fn every_token_is_a_new_one() {
    let pod = Pod::new(Settings::default());
    let token = || pod.ask(&[]).text("/access_token");

    assert_ne!(token(), token());
}

#[test]
fn the_file_is_a_link_to_a_jwt_for_the_exchange_and_a_secret() {
    let pod = Pod::new(Settings::default());
    let file = pod.0.var("AZURE_FEDERATED_TOKEN_FILE");

    let assertion = claims(&pod.assertion());

    assert!(fs::symlink_metadata(file).unwrap().is_symlink());
    assert_eq!(assertion["aud"][0], "api://AzureADTokenExchange");
    let seconds = assertion["exp"].as_u64().unwrap() - assertion["iat"].as_u64().unwrap();
    assert_eq!(seconds, 3600);
    assert!(pod.0.azure.secrets().contains(&pod.assertion()));
}

#[test]
fn rotation_leaves_a_new_assertion_and_the_old_one_holds_on() {
    let pod = Pod::new(Settings::default());
    let old = pod.assertion();
    let folder = Path::new(pod.0.var("AZURE_FEDERATED_TOKEN_FILE")).parent();
    let entries = || fs::read_dir(folder.unwrap()).unwrap().count();
    let before = entries();

    pod.0.azure.rotate_assertion();
    pod.0.azure.rotate_assertion();

    assert_ne!(pod.assertion(), old);
    assert_eq!(entries(), before);
    for assertion in [&old, &pod.assertion()] {
        assert_eq!(pod.ask(&[("client_assertion", assertion)]).status, 200);
    }
}

#[test]
fn an_assertion_that_has_expired_is_refused_until_it_is_rotated() {
    let pod = Pod::new(Settings::default());
    assert_eq!(pod.ask(&[]).status, 200);

    pod.0.azure.expire_assertions();
    let refusal = pod.ask(&[]);
    pod.0.azure.rotate_assertion();

    assert_eq!(refusal.status, 401);
    assert_eq!(refusal.text("/error"), "invalid_client");
    assert_eq!(refusal.json()["error_codes"][0], 700_024);
    let why = refusal.text("/error_description");
    assert!(why.starts_with("AADSTS700024: "), "{why}");
    assert_eq!(pod.ask(&[]).status, 200);
}

#[test]
fn a_clock_that_is_off_is_that_of_the_cluster_too() {
    let pod = Pod::new(Settings {
        clock_offset: -86_400,
        ..Settings::default()
    });

    assert_eq!(pod.ask(&[]).status, 200);
}

#[test]
fn the_authority_ends_with_a_slash_unless_it_is_told_otherwise() {
    for (authority_trailing_slash, end) in [(true, "/"), (false, "")] {
        let pod = Pod::new(Settings {
            authority_trailing_slash,
            ..Settings::default()
        });
        let authority = pod.0.var("AZURE_AUTHORITY_HOST");
        assert_eq!(authority, format!("{}{end}", pod.0.azure.url()));
    }
}

#[test]
fn the_token_of_another_identity_can_come_instead() {
    let pod = Pod::new(Settings::default());
    let other = Identity::named("other");

    pod.0.azure.answer_as(other.clone());

    let token = pod.ask(&[]).text("/access_token");
    assert_eq!(claims(&token)["appid"], other.client_id);
}

/// A program in a pod.
pub(crate) struct Pod(pub(crate) HostOf);

impl Pod {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(HostOf::new(Host::Aks, settings))
    }

    pub(crate) fn assertion(&self) -> String {
        fs::read_to_string(self.0.var("AZURE_FEDERATED_TOKEN_FILE")).unwrap()
    }

    /// Where it asks for tokens of `tenant`.
    pub(crate) fn url(&self, tenant: &str) -> String {
        let authority = self.0.var("AZURE_AUTHORITY_HOST").trim_end_matches('/');
        format!("{authority}/{tenant}/oauth2/v2.0/token")
    }

    /// Asks with these fields in place of the right ones; an empty one is left
    /// out.
    pub(crate) fn ask(&self, other: &[(&str, &str)]) -> Answer {
        let url = self.url(self.0.var("AZURE_TENANT_ID"));
        post(&url, &[FORM], &self.form(other))
    }

    pub(crate) fn form(&self, other: &[(&str, &str)]) -> String {
        let assertion = self.assertion();
        let right = [
            ("client_assertion", assertion.as_str()),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_id", self.0.var("AZURE_CLIENT_ID")),
            ("grant_type", "client_credentials"),
            ("scope", "https://management.azure.com//.default"),
        ];
        let fields = right.iter().map(|(name, value)| {
            let other = other.iter().find(|(known, _)| known == name);
            (name, other.map_or(*value, |(_, value)| value))
        });
        let fields = fields.filter(|(_, value)| !value.is_empty());
        let fields = fields.map(|(name, value)| format!("{name}={}", encoded(value)));
        fields.collect::<Vec<_>>().join("&")
    }
}

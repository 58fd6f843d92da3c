//! The token endpoint of a container app.

use std::collections::HashMap;

use azure_sandbox::{Host, Identity, Sandbox, Service, Settings};

use crate::client::{ARM, Answer, claims, encoded, get, sandbox, send};

#[test]
fn the_identity_header_is_required() {
    let app = App::of(sandbox());
    let url = app.url("");

    let without = get(&url, &[]);
    let wrong = get(&url, &[("X-IDENTITY-HEADER", "guessed")]);
    let imds_like = get(&url, &[("Metadata", "true")]);

    for refusal in [without, wrong, imds_like] {
        assert_eq!(refusal.status, 403);
        assert_eq!(refusal.body, "");
        assert_eq!(refusal.header("server"), Some("Kestrel"));
    }
    assert_eq!(app.ask("").status, 200);
    assert_eq!(app.azure.requests(Service::Token).len(), 4);
}

#[test]
fn each_sandbox_has_an_identity_header_of_its_own() {
    let (one, other) = (App::of(sandbox()), App::of(sandbox()));

    let refusal = get(&one.url(""), &[("X-IDENTITY-HEADER", &other.header)]);

    assert_eq!(refusal.status, 403);
    assert!(one.azure.secrets().contains(&one.header));
}

/// Whoever looks at `MSI_ENDPOINT` first takes the host for Cloud Shell, and
/// posts.
#[test]
fn the_old_variable_leads_to_the_same_endpoint_which_takes_no_post() {
    let app = App::of(sandbox());
    let headers = [("X-IDENTITY-HEADER", app.header.as_str())];

    let posted = send("POST", &app.url(""), &headers, "resource=x").unwrap();

    let variables = variables(&app.azure);
    assert_eq!(variables["MSI_ENDPOINT"], variables["IDENTITY_ENDPOINT"]);
    assert_eq!(variables.get("MSI_SECRET"), None);
    assert_eq!(posted.status, 405);
}

#[test]
fn one_version_is_known() {
    let app = App::of(sandbox());
    let url = |version: &str| app.url("").replace("2019-08-01", version);
    let ask = |version: &str| get(&url(version), &[("X-IDENTITY-HEADER", &app.header)]);

    for version in ["", "2017-09-01", "2018-02-01"] {
        let refusal = ask(version);
        assert_eq!(refusal.status, 400, "{version}");
        assert_eq!(refusal.json()["statusCode"], 400, "{version}");
    }
    assert_eq!(ask("2019-08-01").status, 200);
}

#[test]
fn an_answer_says_when_the_token_expires_and_not_in_how_long() {
    let app = App::of(sandbox());

    let answer = app.ask("");

    let expires_on: u64 = answer.text("/expires_on").parse().unwrap();
    assert_eq!(claims(&answer.text("/access_token"))["exp"], expires_on);
    assert_eq!(answer.json().get("expires_in"), None);
    assert_eq!(answer.text("/resource"), ARM);
    assert_eq!(answer.text("/token_type"), "Bearer");
}

#[test]
fn a_resource_is_required_and_has_to_be_known() {
    let app = App::of(sandbox());
    let resource = format!("resource={}", encoded(ARM));
    let ask = |other: &str| {
        let url = app.url("").replace(&resource, other);
        get(&url, &[("X-IDENTITY-HEADER", &app.header)])
    };

    let none = ask("");
    let unknown = ask("resource=https%3A%2F%2Fexample.org");

    assert_eq!(none.status, 400);
    assert_eq!(unknown.status, 400);
    let why = unknown.text("/message");
    assert!(why.starts_with("AADSTS500011: "), "{why}");
}

#[test]
fn each_kind_of_id_gets_the_token_of_its_identity() {
    let app = App::with(true, &["first", "second"]);
    let second = Identity::named("second");

    for (name, id) in [
        ("client_id", &second.client_id),
        ("object_id", &second.object_id),
        ("principal_id", &second.object_id),
        ("mi_res_id", &second.resource_id),
        ("mi_res_id", &second.resource_id.to_uppercase()),
    ] {
        let answer = app.ask(&format!("&{name}={}", encoded(id)));
        assert_eq!(answer.text("/client_id"), second.client_id, "{name}");
        let claims = claims(&answer.text("/access_token"));
        assert_eq!(claims["oid"], second.object_id, "{name}");
    }
}

#[test]
fn an_identity_that_the_app_does_not_have_cannot_be_loaded() {
    let app = App::with(true, &["first"]);
    let (first, other) = (Identity::named("first"), Identity::named("other"));

    for ids in [
        format!("&client_id={}", other.client_id),
        format!("&client_id={}", first.object_id),
        format!("&mi_res_id={}", encoded(&other.resource_id)),
        format!(
            "&client_id={}&object_id={}",
            first.client_id, first.object_id
        ),
    ] {
        assert_cannot_be_loaded(&app.ask(&ids));
    }
}

#[test]
fn without_an_id_the_system_assigned_identity_is_meant_and_no_other() {
    let with = App::with(true, &["first"]);
    let without = App::with(false, &["first"]);

    let answer = with.ask("");

    assert_eq!(answer.status, 200);
    assert_ne!(
        answer.text("/client_id"),
        Identity::named("first").client_id
    );
    assert_cannot_be_loaded(&without.ask(""));
}

#[test]
fn the_cache_cannot_be_passed_by() {
    let app = App::of(sandbox());

    let first = app.ask("").text("/access_token");
    let second = app.ask("&bypass_cache=true").text("/access_token");

    assert_eq!(second, first);
}

/// A program in a container app, by what its environment tells.
struct App {
    azure: Sandbox,
    endpoint: String,
    header: String,
}

impl App {
    fn of(azure: Sandbox) -> Self {
        let mut variables = variables(&azure);
        Self {
            azure,
            endpoint: variables.remove("IDENTITY_ENDPOINT").unwrap(),
            header: variables.remove("IDENTITY_HEADER").unwrap(),
        }
    }

    /// With user-assigned identities of these names.
    fn with(system_assigned: bool, user_assigned: &[&str]) -> Self {
        let settings = Settings {
            system_assigned,
            user_assigned: user_assigned
                .iter()
                .map(|name| Identity::named(name))
                .collect(),
            ..Settings::default()
        };
        Self::of(Sandbox::start(settings).unwrap())
    }

    fn url(&self, more: &str) -> String {
        let resource = encoded(ARM);
        format!(
            "{}?api-version=2019-08-01&resource={resource}{more}",
            self.endpoint
        )
    }

    fn ask(&self, more: &str) -> Answer {
        get(&self.url(more), &[("X-IDENTITY-HEADER", &self.header)])
    }
}

fn variables(azure: &Sandbox) -> HashMap<String, String> {
    azure.environment(Host::ContainerApp).into_iter().collect()
}

fn assert_cannot_be_loaded(answer: &Answer) {
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.text("/message"),
        "Unable to load requested managed identity."
    );
    assert_eq!(answer.text("/correlationId").len(), 36);
}

//! The token endpoint of Azure Machine Learning.

use azure_sandbox::{Host, Identity, NumberForm, Settings};
use serde_json::json;

use crate::{
    client::{ARM, Answer, claims, encoded, get},
    host::{HostOf, identities},
};

#[test]
fn the_secret_is_required() {
    let ml = ml(Settings::default());

    let refusal = get(&url(&ml, ""), &[("secret", "guessed")]);

    assert_eq!(refusal.status, 401);
    assert!(!refusal.text("/error").is_empty());
    assert!(!refusal.text("/message").is_empty());
    assert_eq!(ask(&ml, "").status, 200);
}

#[test]
fn the_end_of_a_token_is_a_number_in_either_form() {
    for form in [NumberForm::Number, NumberForm::Text] {
        let ml = ml(Settings {
            ml_expires_on: form,
            ..Settings::default()
        });

        let answer = ask(&ml, "");

        let end = claims(&answer.text("/access_token"))["exp"]
            .as_u64()
            .unwrap();
        let expected = match form {
            NumberForm::Number => json!(end),
            NumberForm::Text => json!(end.to_string()),
        };
        assert_eq!(answer.json()["expires_on"], expected);
    }
}

#[test]
fn the_default_identity_is_told_and_meant_without_an_id() {
    let user = ml(identities(true, &["first"]));
    let system = ml(identities(true, &[]));

    let told = user.var("DEFAULT_IDENTITY_CLIENT_ID");

    assert_eq!(told, Identity::named("first").client_id);
    for host in [&user, &system] {
        let told = host.var("DEFAULT_IDENTITY_CLIENT_ID");
        for more in [String::new(), format!("&clientid={told}")] {
            let token = ask(host, &more).text("/access_token");
            assert_eq!(claims(&token)["appid"], told, "{more}");
        }
    }
}

#[test]
fn a_host_without_identities_has_no_default() {
    let ml = ml(identities(false, &[]));

    assert!(!ml.has("DEFAULT_IDENTITY_CLIENT_ID"));
    assert_eq!(ask(&ml, "").status, 400);
}

#[test]
fn ids_of_other_kinds_are_refused() {
    let ml = ml(identities(true, &["first"]));
    let first = Identity::named("first");

    for more in [
        format!("&object_id={}", first.object_id),
        format!("&mi_res_id={}", encoded(&first.resource_id)),
        format!("&client_id={}", first.client_id),
        format!("&clientid={}", first.object_id),
    ] {
        let refusal = ask(&ml, &more);
        assert_eq!(refusal.status, 400, "{more}");
        assert!(!refusal.text("/message").is_empty(), "{more}");
    }
}

#[test]
fn an_unknown_resource_is_refused_with_a_status_of_its_own() {
    let ml = ml(Settings::default());
    let url = url(&ml, "").replace(&encoded(ARM), "https%3A%2F%2Fexample.org");

    let refusal = get(&url, &[("secret", ml.var("MSI_SECRET"))]);

    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.text("/error"), "invalid_resource");
}

fn ml(settings: Settings) -> HostOf {
    HostOf::new(Host::MachineLearning, settings)
}

fn url(ml: &HostOf, more: &str) -> String {
    let endpoint = ml.var("MSI_ENDPOINT");
    let resource = encoded(ARM);
    format!("{endpoint}?api-version=2017-09-01&resource={resource}{more}")
}

fn ask(ml: &HostOf, more: &str) -> Answer {
    get(&url(ml, more), &[("secret", ml.var("MSI_SECRET"))])
}

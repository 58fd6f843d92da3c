//! The cluster as an issuer of tokens for service accounts.

use azure_sandbox::{
    KUBERNETES_AUDIENCE, Sandbox, ServiceAccountToken, Settings, SignedBy, TENANT,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    client::{get, post, sandbox},
    issuer::{find, key_id, published, verified},
};

#[test]
fn the_configuration_leads_to_the_keys_of_the_cluster() {
    let azure = sandbox();

    let told = configuration(&azure);

    assert_eq!(told["issuer"], azure.kubernetes_url());
    let keys = published(&told);
    let token = azure.service_account_token(&ServiceAccountToken::default());
    let key = find(&keys, &key_id(&token)).unwrap();
    let mut names: Vec<_> = key.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(key["alg"], "RS256");
    assert!(azure.unexpected().is_empty());
}

#[test]
fn a_token_says_whose_it_is_and_what_it_is_bound_to() {
    let azure = sandbox();

    let token = azure.service_account_token(&ServiceAccountToken::default());

    let said = verify(&azure, &token).unwrap();
    assert_eq!(said["iss"], azure.kubernetes_url());
    assert_eq!(said["sub"], "system:serviceaccount:default:caller");
    assert_eq!(said["aud"], json!([KUBERNETES_AUDIENCE]));
    let bound = &said["kubernetes.io"];
    assert_eq!(bound["namespace"], "default");
    assert_eq!(bound["serviceaccount"]["name"], "caller");
    assert_eq!(bound["pod"]["name"], "caller-0");
    for id in [&bound["pod"]["uid"], &bound["serviceaccount"]["uid"]] {
        assert_eq!(id.as_str().unwrap().len(), 36);
    }
    assert_eq!(
        said["exp"].as_i64(),
        said["iat"].as_i64().map(|it| it + 3600)
    );
}

#[test]
fn tokens_depart_from_that_on_demand() {
    let azure = sandbox();
    for (signed_by, reason) in [
        (SignedBy::Unpublished, "unknown kid"),
        (SignedBy::Forged, "InvalidSignature"),
        (SignedBy::Broken, "InvalidSignature"),
        (SignedBy::Hmac, "InvalidAlgorithm"),
    ] {
        let token = azure.service_account_token(&ServiceAccountToken {
            signed_by,
            ..ServiceAccountToken::default()
        });

        assert_eq!(verify(&azure, &token), Err(reason.to_owned()));
    }
    let token = azure.service_account_token(&ServiceAccountToken {
        claims: json!({"aud": null}),
        ..ServiceAccountToken::default()
    });
    assert!(verify(&azure, &token).unwrap_err().contains("aud"));
}

#[test]
fn entra_id_and_the_cluster_have_no_key_in_common() {
    let azure = sandbox();
    let url = format!("{}/{TENANT}/discovery/v2.0/keys", azure.url());

    let tenant = get(&url, &[]).json();

    let of_tenant = tenant["keys"].as_array().unwrap();
    for key in published(&configuration(&azure)) {
        assert!(of_tenant.iter().all(|other| other["n"] != key["n"]));
    }
}

#[test]
fn a_token_can_be_had_over_http() {
    let azure = sandbox();
    let url = format!("{}/sandbox/callers/serviceaccount", azure.url());

    let default = post(&url, &[], "").text("/token");
    let body = json!({"namespace": "web", "name": "shop", "pod": null, "audiences": ["a"]});
    let other = post(&url, &[], &body.to_string()).text("/token");

    assert!(verify(&azure, &default).is_ok());
    let told = configuration(&azure);
    let said = verified(&other, &told, &["a"], Algorithm::RS256).unwrap();
    assert_eq!(said["sub"], "system:serviceaccount:web:shop");
    assert_eq!(said["kubernetes.io"].get("pod"), None);
}

#[test]
fn times_are_by_the_clock_of_this_azure() {
    let azure = Sandbox::start(Settings {
        clock_offset: -7200,
        ..Settings::default()
    })
    .unwrap();

    let token = azure.service_account_token(&ServiceAccountToken::default());

    let refused = verify(&azure, &token);
    assert_eq!(refused, Err("ExpiredSignature".to_owned()));
}

fn configuration(azure: &Sandbox) -> Value {
    let url = format!(
        "{}/kubernetes/.well-known/openid-configuration",
        azure.url()
    );
    get(&url, &[]).json()
}

fn verify(azure: &Sandbox, token: &str) -> Result<Value, String> {
    let told = configuration(azure);
    verified(token, &told, &[KUBERNETES_AUDIENCE], Algorithm::RS256)
}

//! The keys of Entra ID, and what becomes of them.

use azure_sandbox::{
    CallerToken, Cloud, Fault, Sandbox, Service, Settings, SignedBy, TENANT, Times,
};
use serde_json::json;

use crate::{
    client::{get, post, sandbox},
    issuer::{V1, V2, configuration, find, key_id, keys, verify},
};

#[test]
fn a_version_has_an_issuer_of_azures_and_its_keys_where_the_client_came_from() {
    let azure = sandbox();
    for (path, issuer, jwks) in [
        (
            V1,
            format!("https://sts.windows.net/{TENANT}/"),
            "discovery/keys",
        ),
        (
            V2,
            format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            "discovery/v2.0/keys",
        ),
    ] {
        let told = configuration(&azure, path);

        assert_eq!(told["issuer"], issuer);
        let leads_to = format!("{}/{TENANT}/{jwks}", azure.url());
        assert_eq!(told["jwks_uri"], leads_to);
    }
}

#[test]
fn other_clouds_have_issuers_of_their_own() {
    for (cloud, v1, v2) in [
        (
            Cloud::UsGov,
            "https://sts.windows.net/",
            "https://login.microsoftonline.us/",
        ),
        (
            Cloud::China,
            "https://sts.chinacloudapi.cn/",
            "https://login.partner.microsoftonline.cn/",
        ),
    ] {
        let azure = Sandbox::start(Settings {
            cloud,
            ..Settings::default()
        })
        .unwrap();

        assert_eq!(
            configuration(&azure, V1)["issuer"],
            format!("{v1}{TENANT}/")
        );
        let v2 = format!("{v2}{TENANT}/v2.0");
        assert_eq!(configuration(&azure, V2)["issuer"], v2);
    }
}

#[test]
fn a_key_has_the_members_of_entra_ids_and_no_algorithm() {
    let azure = sandbox();

    let keys = keys(&azure, V2);

    let signing = current(&azure);
    let key = find(&keys, &signing).unwrap();
    let mut names: Vec<_> = key.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["e", "issuer", "kid", "kty", "n", "use", "x5c", "x5t"]
    );
    assert_eq!(key["x5t"], key["kid"]);
    assert_eq!(key["kid"].as_str().unwrap().len(), 27);
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    assert_eq!(key["issuer"], issuer);
}

#[test]
fn several_keys_are_published_and_some_are_to_be_overlooked() {
    let azure = sandbox();

    let keys = keys(&azure, V2);

    let with = |name: &str, value: &str| keys.iter().filter(|key| key[name] == value).count();
    assert_eq!(with("kty", "EC"), 1);
    assert_eq!(with("use", "enc"), 1);
    assert!(keys.len() > 4);
    let issuers: std::collections::BTreeSet<_> =
        keys.iter().map(|key| key["issuer"].to_string()).collect();
    assert_eq!(issuers.len(), 2, "{issuers:?}");
}

#[test]
fn keys_of_version_1_have_no_issuer() {
    let azure = sandbox();

    let keys = keys(&azure, V1);

    assert!(find(&keys, &current(&azure)).is_some());
    assert!(keys.iter().all(|key| key.get("issuer").is_none()));
}

#[test]
fn names_for_any_tenant_tell_of_it_by_a_template() {
    let azure = sandbox();
    for tenant in ["common", "organizations"] {
        let url = format!("{}/{tenant}", azure.url());
        let told = get(&format!("{url}/{V2}"), &[]).json();
        let keys = get(told["jwks_uri"].as_str().unwrap(), &[]).json();

        let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
        assert_eq!(told["issuer"], template);
        assert_eq!(told["jwks_uri"], format!("{url}/discovery/v2.0/keys"));
        let keys = keys["keys"].as_array().unwrap();
        let key = find(keys, &current(&azure)).unwrap();
        assert_eq!(key["issuer"], template);
    }
}

#[test]
fn the_keys_of_another_tenant_are_not_found() {
    let azure = sandbox();
    let other = "00000000-0000-0000-0000-000000000009";

    let answer = get(&format!("{}/{other}/discovery/v2.0/keys", azure.url()), &[]);

    assert_eq!(answer.status, 400);
    let why = answer.text("/error_description");
    assert!(why.starts_with("AADSTS90002:"), "{why}");
}

#[test]
fn after_a_rotation_another_key_signs_and_those_before_stay() {
    let azure = sandbox();
    let before = azure.caller_token(&CallerToken::default());

    azure.rotate_signing_keys();
    let after = azure.caller_token(&CallerToken::default());

    assert_ne!(key_id(&before), key_id(&after));
    assert!(verify(&azure, &before, V2).is_ok());
    assert!(verify(&azure, &after, V2).is_ok());
    let retired = signed(&azure, SignedBy::Retired);
    assert_eq!(key_id(&retired), key_id(&before));
}

#[test]
fn after_an_emergency_those_before_are_gone() {
    let azure = sandbox();
    let before = azure.caller_token(&CallerToken::default());

    azure.replace_signing_keys();
    let after = azure.caller_token(&CallerToken::default());

    assert_eq!(verify(&azure, &before, V2), Err("unknown kid".to_owned()));
    assert!(verify(&azure, &after, V2).is_ok());
}

#[test]
fn the_next_key_can_be_published_before_it_signs() {
    let azure = sandbox();
    let next = signed(&azure, SignedBy::Next);
    assert_eq!(verify(&azure, &next, V2), Err("unknown kid".to_owned()));

    azure.publish_next_key();
    assert!(verify(&azure, &next, V2).is_ok());
    assert_ne!(current(&azure), key_id(&next));

    azure.rotate_signing_keys();
    assert_eq!(current(&azure), key_id(&next));
}

#[test]
fn what_becomes_of_keys_can_be_told_over_http() {
    let azure = sandbox();
    let tell = |verb: &str| {
        let url = format!("{}/sandbox/keys/{verb}", azure.url());
        assert_eq!(post(&url, &[], "").status, 200);
    };
    let (first, next) = (current(&azure), key_id(&signed(&azure, SignedBy::Next)));

    tell("publish");
    assert!(find(&keys(&azure, V2), &next).is_some());
    tell("rotate");
    assert_eq!(current(&azure), next);
    tell("replace");
    assert!(find(&keys(&azure, V2), &first).is_none());
}

#[test]
fn fetches_of_keys_fail_and_count_apart_from_tokens() {
    let azure = sandbox();
    let url = format!("{}/{TENANT}/discovery/v2.0/keys", azure.url());
    azure.inject(
        Service::Keys,
        Fault::Throttle { retry_after: 7 },
        Times::Next(1),
    );
    azure.inject(
        Service::Keys,
        Fault::Alter(json!({"keys": []})),
        Times::Next(1),
    );

    let throttled = get(&url, &[]);
    let altered = get(&url, &[]);
    let whole = get(&url, &[]);

    assert_eq!(throttled.status, 429);
    assert_eq!(throttled.header("retry-after"), Some("7"));
    assert_eq!(altered.json()["keys"], json!([]));
    assert!(!whole.json()["keys"].as_array().unwrap().is_empty());
    assert_eq!(azure.requests(Service::Keys).len(), 3);
    assert!(azure.requests(Service::Token).is_empty());
    assert!(azure.requests(Service::Discovery).is_empty());
}

#[test]
fn keys_may_be_kept_for_a_day() {
    let azure = sandbox();
    let url = format!("{}/{TENANT}/discovery/v2.0/keys", azure.url());

    let answer = get(&url, &[]);

    assert_eq!(
        answer.header("cache-control"),
        Some("max-age=86400, private")
    );
}

/// The id of the key that signs now.
fn current(azure: &Sandbox) -> String {
    key_id(&azure.caller_token(&CallerToken::default()))
}

fn signed(azure: &Sandbox, signed_by: SignedBy) -> String {
    azure.caller_token(&CallerToken {
        signed_by,
        ..CallerToken::default()
    })
}

#[test]
fn keys_have_2048_bits() {
    let azure = sandbox();

    let rsa = keys(&azure, V2)
        .into_iter()
        .filter(|key| key["kty"] == "RSA");

    for key in rsa {
        let digits = key["n"].as_str().map_or(0, str::len);
        assert_eq!(digits, 342, "{key}");
    }
}

//! Each claim by itself, on tokens that are signed as they should be.

use serde_json::{Value, json};

use super::*;
use crate::{
    access::{
        jwks::Keys,
        signer::{published, signed},
    },
    config::Cloud,
};

const TENANT: &str = "5ab1e000-0000-4000-8000-00000000000a";
const OTHER: &str = "5ab1e000-0000-4000-8000-00000000000f";
const AUDIENCE: &str = "5ab1e000-0000-4000-8000-00000000000b";
const OBJECT: &str = "5ab1e000-0000-4000-8000-00000000000c";
const NOW: u64 = 1_900_000_000;

fn rules(version: EntraVersion) -> Rules {
    let callers = EntraCallers {
        endpoint: "https://login.microsoftonline.com".parse().unwrap(),
        cloud: Cloud::Public,
        tenant: TENANT.parse().unwrap(),
        audiences: vec![AUDIENCE.to_owned()],
        versions: vec![version],
    };
    Rules::new(&callers, version)
}

fn claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aud": AUDIENCE, "exp": NOW + 3600, "nbf": NOW - 5, "tid": TENANT, "oid": OBJECT,
        "sub": OBJECT, "ver": "2.0", "idtyp": "app", "roles": ["Vm.Operate"],
        "azp": OTHER, "uti": "u",
    })
}

fn read(claims: &Value, issuer: Option<&str>, version: EntraVersion) -> Result<Principal, Refusal> {
    let keys = json!({ "keys": [published("k", issuer)] }).to_string();
    let keys = Keys::read(keys.as_bytes()).unwrap();
    let token = signed("k", claims);
    let token = Jws::split(&token)?;
    let key = keys.get(&token.key_id()?).unwrap();
    match rules(version).caller(&token, key, Moment(NOW))? {
        (Caller::Entra(principal), _) => Ok(principal),
        (caller, _) => panic!("{caller:?}"),
    }
}

fn changed(changes: &Value) -> Result<Principal, Refusal> {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    read(&claims, None, EntraVersion::V2)
}

#[test]
fn an_application_with_a_role_is_let_in() {
    let principal = changed(&json!({})).unwrap();
    assert_eq!(principal.object_id.to_string(), OBJECT);
    assert_eq!(principal.client_id, OTHER.parse().ok());
    assert_eq!((principal.kind, principal.roles.len()), (Kind::App, 1));
    let unmarked = changed(&json!({"idtyp": null})).unwrap();
    assert_eq!(unmarked.kind, Kind::App);
}

#[test]
fn a_user_with_a_scope_is_let_in() {
    for idtyp in [json!(null), json!("user")] {
        let changes = json!({"idtyp": idtyp, "scp": "access_as_user", "sub": "pairwise"});
        assert_eq!(changed(&changes).unwrap().kind, Kind::User);
    }
}

#[test]
fn a_token_of_version_1_is_of_its_own_issuer() {
    let changes = json!({
        "iss": format!("https://sts.windows.net/{TENANT}/"), "ver": "1.0", "appid": OTHER,
    });
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let principal = read(&claims, None, EntraVersion::V1).unwrap();
    assert_eq!(principal.client_id, OTHER.parse().ok());
    assert_eq!(read(&claims, None, EntraVersion::V2), Err(Refusal::Issuer));
}

#[test]
fn each_claim_is_needed_as_it_is() {
    let issuer = |tenant| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    for (changes, refusal) in [
        (json!({"iss": null}), Refusal::Claims),
        (json!({"iss": 7}), Refusal::Claims),
        (json!({"iss": [issuer(TENANT), "x"]}), Refusal::Claims),
        (json!({"iss": issuer(OTHER)}), Refusal::Tenant),
        (json!({"tid": OTHER}), Refusal::Tenant),
        (json!({"iss": issuer(OTHER), "tid": OTHER}), Refusal::Tenant),
        (json!({"tid": "common"}), Refusal::Tenant),
        (json!({"tid": null}), Refusal::Claims),
        (json!({"tid": TENANT.to_uppercase()}), Refusal::Tenant),
        (
            json!({"iss": format!("{}/", issuer(TENANT))}),
            Refusal::Issuer,
        ),
        (
            json!({"iss": format!("https://evil.example/{TENANT}/v2.0")}),
            Refusal::Issuer,
        ),
        (json!({"aud": null}), Refusal::Claims),
        (json!({"aud": [AUDIENCE]}), Refusal::Claims),
        (
            json!({"aud": "https://graph.microsoft.com"}),
            Refusal::Audience,
        ),
        (
            json!({"aud": format!("api://{AUDIENCE}")}),
            Refusal::Audience,
        ),
        (json!({"exp": null}), Refusal::Claims),
        (json!({"exp": (NOW + 3600).to_string()}), Refusal::Claims),
        (json!({"exp": NOW - 60}), Refusal::Expired),
        (json!({"nbf": null}), Refusal::Claims),
        (json!({"nbf": "0"}), Refusal::Claims),
        (json!({"nbf": NOW + 61}), Refusal::NotYetValid),
        (json!({"ver": "1.0"}), Refusal::Version),
        (json!({"ver": 2.0}), Refusal::Claims),
        (json!({"oid": null}), Refusal::Claims),
        (json!({"oid": "me"}), Refusal::Claims),
        (json!({"roles": "Vm.Operate"}), Refusal::Claims),
        (json!({"roles": null}), Refusal::NoGrant),
        (json!({"roles": []}), Refusal::NoGrant),
        (json!({"idtyp": "user"}), Refusal::NoGrant),
        (json!({"idtyp": null, "sub": "pairwise"}), Refusal::NoGrant),
        (
            json!({"idtyp": "app", "roles": null, "scp": "x"}),
            Refusal::NoGrant,
        ),
        (json!({"idtyp": "user", "scp": " "}), Refusal::NoGrant),
    ] {
        assert_eq!(changed(&changes), Err(refusal), "{changes}");
    }
}

#[test]
fn a_clock_may_be_a_minute_behind_or_ahead() {
    assert!(changed(&json!({"exp": NOW - 59})).is_ok());
    assert!(changed(&json!({"nbf": NOW + 60})).is_ok());
}

#[test]
fn a_key_signs_for_its_own_issuer_alone() {
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    assert!(read(&claims(), Some(template), EntraVersion::V2).is_ok());
    let personal = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let refused = read(&claims(), Some(personal), EntraVersion::V2);
    assert_eq!(refused, Err(Refusal::KeyIssuer));
}

#[test]
fn a_claim_that_is_there_twice_is_none() {
    let twice = format!(r#"{{"iss":"x",{}"#, &claims().to_string()[1..]);
    let token: Value = serde_json::from_str(&twice).unwrap();
    assert!(token.is_object());
    assert!(serde_json::from_str::<Claims>(&twice).is_err());
}

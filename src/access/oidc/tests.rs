//! Tokens of a cluster, and of any other issuer.

use serde_json::json;

use super::*;
use crate::access::{
    jwks::Keys,
    signer::{published, signed},
};

const ISSUER: &str = "https://oidc.example/cluster/";
const NOW: u64 = 1_900_000_000;

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ["mi-gateway"], "exp": NOW + 600, "nbf": NOW, "iat": NOW,
        "sub": "system:serviceaccount:ops:robot",
        "kubernetes.io": {
            "namespace": "ops",
            "serviceaccount": {"name": "robot", "uid": "u"},
            "pod": {"name": "robot-0", "uid": "u"},
        },
    })
}

fn changed(changes: &Value) -> Result<Caller, Refusal> {
    among(Clusters::One, changes)
}

fn among(clusters: Clusters, changes: &Value) -> Result<Caller, Refusal> {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    let keys = json!({ "keys": [published("k", None)] }).to_string();
    let keys = Keys::read(keys.as_bytes()).unwrap();
    let token = signed("k", &claims);
    let token = Jws::split(&token)?;
    let issuer = Issuer {
        issuer: ISSUER.to_owned(),
        audiences: vec!["mi-gateway".to_owned()],
    };
    let rules = Rules::new(&issuer, clusters);
    let proven = rules.caller(&token, keys.get("k").unwrap(), Moment(NOW))?;
    Ok(proven.0)
}

#[test]
fn a_projected_token_is_an_account() {
    let account = ServiceAccount {
        namespace: "ops".to_owned(),
        name: "robot".to_owned(),
        pod: Some("robot-0".to_owned()),
    };
    assert_eq!(changed(&json!({})), Ok(Caller::Account(account)));
}

#[test]
fn an_account_of_one_of_several_clusters_is_the_subject_of_its_issuer() {
    let subject = Subject {
        issuer: ISSUER.to_owned(),
        id: "system:serviceaccount:ops:robot".to_owned(),
        client_id: None,
        roles: Vec::new(),
    };
    let caller = among(Clusters::Several, &json!({}));
    assert_eq!(caller, Ok(Caller::Subject(subject)));
    let other = json!({"sub": "system:serviceaccount:ops:other"});
    assert_eq!(among(Clusters::Several, &other), Err(Refusal::Claims));
}

#[test]
fn a_token_of_another_issuer_is_a_subject() {
    let changes = json!({
        "kubernetes.io": null, "nbf": null, "sub": "repo:o/r", "azp": "client", "roles": ["a"],
    });
    let subject = Subject {
        issuer: ISSUER.to_owned(),
        id: "repo:o/r".to_owned(),
        client_id: Some("client".to_owned()),
        roles: vec!["a".to_owned()],
    };
    assert_eq!(changed(&changes), Ok(Caller::Subject(subject)));
}

#[test]
fn each_claim_is_needed_as_it_is() {
    let bound =
        |namespace: &str| json!({"namespace": namespace, "serviceaccount": {"name": "robot"}});
    for (changes, refusal) in [
        (
            json!({"iss": "https://oidc.example/cluster"}),
            Refusal::Issuer,
        ),
        (json!({"iss": [ISSUER]}), Refusal::Claims),
        (
            json!({"aud": "api://AzureADTokenExchange"}),
            Refusal::Audience,
        ),
        (
            json!({"aud": ["https://kubernetes.default.svc"]}),
            Refusal::Audience,
        ),
        (json!({"aud": []}), Refusal::Audience),
        (json!({"aud": null}), Refusal::Claims),
        (json!({"exp": null}), Refusal::Claims),
        (json!({"exp": NOW - 60}), Refusal::Expired),
        (json!({"nbf": NOW + 61}), Refusal::NotYetValid),
        (json!({"nbf": "0"}), Refusal::Claims),
        (json!({"sub": null}), Refusal::Claims),
        (
            json!({"sub": "system:serviceaccount:kube-system:robot"}),
            Refusal::Claims,
        ),
        (json!({"sub": "robot"}), Refusal::Claims),
        (
            json!({"kubernetes.io": bound("kube-system")}),
            Refusal::Claims,
        ),
        (json!({"kubernetes.io": {}}), Refusal::Claims),
        (json!({"kubernetes.io": null, "sub": ""}), Refusal::Claims),
    ] {
        assert_eq!(changed(&changes), Err(refusal), "{changes}");
    }
}

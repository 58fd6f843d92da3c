//! What has to hold of tokens, of keys, and of what a cluster says of a token.

mod rules;

use std::sync::LazyLock;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};

use super::{
    Refusal, bearer,
    claims::{Claimed, Moment},
    fetch::{KeysAt, Place},
    jwks::{Key, Keys},
    jws::Jws,
    review,
    signer::{published, signed_text},
};
use crate::http::fuzz::host_asked;
use rules::{AUDIENCE, RULES};

/// A second of the year 2027.
const NOW: u64 = 1_800_000_000;

/// Which key it is that tokens are signed with.
const ID: &str = "k";

/// A key whose private half no input can know: it is another one in every process.
static KEYS: LazyLock<Option<Keys>> = LazyLock::new(|| {
    let set = json!({ "keys": [published(ID, None)] }).to_string();
    Keys::read(set.as_bytes()).ok()
});

/// What is signed with it, and says nothing.
static EMPTY: LazyLock<String> = LazyLock::new(|| signed_text(ID, b"{}"));

fn key() -> &'static Key {
    match KEYS.as_ref().and_then(|keys| keys.get(ID)) {
        Some(key) => key,
        None => panic!("there is no key"),
    }
}

/// No token that was made up is anybody's, whatever it claims, and nothing is told of
/// it but that it is not signed.
pub(crate) fn bearer_token(headers: &HeaderMap) {
    let Ok(token) = bearer::token(headers.get_all(AUTHORIZATION)) else {
        return;
    };
    assert!(!token.is_empty() && token.len() <= 16 * 1024);
    let Ok(jws) = Jws::split(token) else { return };
    assert_eq!(token.matches('.').count(), 2);
    let _ = jws.claims::<Claimed>();
    if let Ok(id) = jws.key_id() {
        assert!((1..=256).contains(&id.len()));
    }
    refused(&jws);
}

fn refused(jws: &Jws<'_>) {
    for rules in RULES.iter() {
        let refusal = rules.caller(jws, key(), Moment(NOW)).err();
        assert_eq!(refusal, Some(Refusal::Signature));
    }
}

/// Claims that are signed: whoever is let in by them is whom they name. Under another
/// signature the same claims are worth nothing.
pub(crate) fn token_claims(claims: &[u8]) {
    let token = signed_text(ID, claims);
    let Ok(jws) = Jws::split(&token) else {
        panic!("it was split when it was signed");
    };
    for rules in RULES.iter() {
        match rules.caller(&jws, key(), Moment(NOW)) {
            Ok((caller, expires)) => rules.check(&caller, expires, claims),
            Err(refusal) => assert_ne!(refusal, Refusal::Signature),
        }
    }
    let (message, _) = token.rsplit_once('.').unwrap_or_default();
    let (other, signature) = EMPTY.rsplit_once('.').unwrap_or_default();
    if message != other
        && let Ok(forged) = Jws::split(&format!("{message}.{signature}"))
    {
        refused(&forged);
    }
}

/// Every key of a set can be used, and has not signed what it has not; a configuration
/// leads to keys at its own host, or over TLS.
pub(crate) fn key_set(body: &[u8]) {
    if let Ok(keys) = Keys::read(body) {
        assert!((1..=2000).contains(&keys.len()) && keys.is_same(&keys.clone()));
        let Ok(jws) = Jws::split(&EMPTY) else { return };
        for id in ids(body) {
            let known = keys.get(&id);
            assert!(known.is_none_or(|key| jws.verify(key).is_err()), "{id:?}");
        }
    }
    for keys in [KeysAt::SameHost, KeysAt::Named] {
        leads_to_keys(keys, body);
    }
}

fn ids(body: &[u8]) -> Vec<String> {
    let set: Value = serde_json::from_slice(body).unwrap_or_default();
    let keys = set["keys"].as_array().into_iter().flatten();
    let ids = keys.filter_map(|key| key["kid"].as_str());
    ids.map(str::to_owned).collect()
}

fn leads_to_keys(keys: KeysAt, configuration: &[u8]) {
    const ISSUER: &str = "https://issuer.example";
    let Ok(own) = format!("{ISSUER}/.well-known/openid-configuration").parse() else {
        return;
    };
    let place = Place {
        configuration: own,
        issuer: ISSUER.to_owned(),
        keys,
    };
    if let Ok(url) = place.told_by(configuration) {
        assert_eq!(url.scheme(), "https");
        let host = host_asked(url.as_str());
        assert_eq!(Some(host.as_str()), url.host_str());
        let is_own = matches!(keys, KeysAt::Named) || host == "issuer.example";
        assert!(is_own, "{url}");
    }
}

/// A caller is one whom the cluster vouches for, to us.
pub(crate) fn token_review(body: &[u8]) {
    if let Ok(caller) = review::read(body, &AUDIENCE.to_owned()) {
        let Ok(said) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        let status = &said["status"];
        assert_eq!(status["authenticated"], true);
        let audiences = status["audiences"].as_array();
        assert!(audiences.is_some_and(|all| all.contains(&json!(AUDIENCE))));
        assert_eq!(status["user"]["username"], caller.id());
    }
}

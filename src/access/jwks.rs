//! The keys that an issuer publishes, as far as they are of use.
//!
//! Types of our own: those of jsonwebtoken know no `issuer` of a key.
//! Sources: RFC 7517, section 4; RFC 7518, section 6.3.1; "Microsoft identity
//! platform access tokens", on the `issuer` of a key.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    fmt,
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

/// "Be prepared to handle" a thousand of them, says "Signing key rollover".
const MOST_KEYS: usize = 2000;

/// 2048 bits: what is shorter signs nothing, and aws-lc would say so too.
const SHORTEST_MODULUS: usize = 256;

/// 8192 bits: a longer one takes more time than any caller is worth.
const LONGEST_MODULUS: usize = 1024;

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    decoding: DecodingKey,
    /// For which issuer it is; `{tenantid}` stands for any tenant.
    issuer: Option<String>,
}

impl Key {
    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// Whether it may sign for `issuer`, which is of `tenant`.
    pub(super) fn is_for(&self, issuer: &str, tenant: &str) -> bool {
        let own = self.issuer.as_ref();
        own.is_none_or(|own| own.replace("{tenantid}", tenant) == issuer)
    }
}

/// All keys of one issuer, by their ids.
#[derive(Clone)]
pub(super) struct Keys {
    keys: HashMap<String, Arc<Key>>,
    digest: u64,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({})", self.keys.len())
    }
}

/// The set could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidKeys {
    /// It is no set of keys.
    #[error("it is no set of keys")]
    Malformed,
    /// There is not one of use in it.
    #[error("no key of it is an RSA key of 2048 bits or more, for signatures")]
    None,
    /// It is longer than any that is meant.
    #[error("it has more than {MOST_KEYS} keys")]
    TooMany,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Published {
    kty: String,
    #[serde(rename = "use", default)]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    issuer: Option<String>,
}

impl Keys {
    /// Reads a set; a key that is not of use, or not understood, is overlooked.
    pub(super) fn read(body: &[u8]) -> Result<Self, InvalidKeys> {
        let set: Set = serde_json::from_slice(body).map_err(|_| InvalidKeys::Malformed)?;
        if set.keys.len() > MOST_KEYS {
            return Err(InvalidKeys::TooMany);
        }
        let mut keys = HashMap::new();
        let mut digest = 0_u64;
        for value in set.keys {
            let Ok(published) = serde_json::from_value::<Published>(value) else {
                continue;
            };
            let Some(key) = published.usable() else {
                continue;
            };
            // Their order means nothing.
            digest = digest.wrapping_add(published.digest());
            keys.insert(published.kid, Arc::new(key));
        }
        if keys.is_empty() {
            return Err(InvalidKeys::None);
        }
        Ok(Self { keys, digest })
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.keys.get(id)
    }

    /// Whether these are the very keys that `other` has.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest && self.keys.len() == other.keys.len()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Published {
    fn usable(&self) -> Option<Key> {
        let is_for_signatures = self.kty == "RSA"
            && self.purpose.as_deref().is_none_or(|it| it == "sig")
            && self.alg.as_deref().is_none_or(|it| it == "RS256")
            && !self.kid.is_empty();
        let modulus = URL_SAFE_NO_PAD.decode(&self.n).ok()?;
        let modulus = without_zeros(&modulus);
        let exponent = URL_SAFE_NO_PAD.decode(&self.e).ok()?;
        let exponent = without_zeros(&exponent);
        // 1 would make every text its own signature.
        let is_exponent = (1..=4).contains(&exponent.len())
            && exponent.last().is_some_and(|last| last % 2 == 1)
            && exponent != [1];
        let is_long_enough = (SHORTEST_MODULUS..=LONGEST_MODULUS).contains(&modulus.len())
            && (modulus.len() > SHORTEST_MODULUS || modulus[0] >= 0x80);
        (is_for_signatures && is_exponent && is_long_enough).then(|| Key {
            decoding: DecodingKey::from_rsa_raw_components(modulus, exponent),
            issuer: self.issuer.clone(),
        })
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.kid, &self.n, &self.e, &self.issuer).hash(&mut hasher);
        hasher.finish()
    }
}

fn without_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xa5; bytes])
    }

    fn read(keys: &Value) -> Result<Keys, InvalidKeys> {
        Keys::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keys_that_are_not_understood_are_overlooked() {
        let keys = read(&json!([
            {"kty": "RSA", "use": "sig", "kid": "good", "n": number(256), "e": "AQAB",
                "x5c": ["AA"], "issuer": "https://login.example/{tenantid}/v2.0"},
            {"kty": "oct", "kid": "oct", "k": "AA"},
            {"kty": "EC", "kid": "ec", "x": "AA", "y": "AA", "crv": "P-256"},
            {"kty": "RSA", "use": "enc", "kid": "enc", "n": number(256), "e": "AQAB"},
            {"kty": "RSA", "alg": "RS512", "kid": "512", "n": number(256), "e": "AQAB"},
            {"kty": "RSA", "kid": "short", "n": number(128), "e": "AQAB"},
            {"kty": "RSA", "kid": "padded",
                "n": URL_SAFE_NO_PAD.encode([vec![0; 128], vec![0xa5; 128]].concat()), "e": "AQAB"},
            {"kty": "RSA", "kid": "long", "n": number(1025), "e": "AQAB"},
            {"kty": "RSA", "kid": "one", "n": number(256), "e": "AQ"},
            {"kty": "RSA", "kid": "even", "n": number(256), "e": "AQAA"},
            {"kty": "RSA", "n": number(256), "e": "AQAB"},
            {"kid": 7}, 7, null,
        ]));
        let keys = keys.unwrap();
        assert_eq!(keys.len(), 1);
        let key = keys.get("good").unwrap();
        assert!(key.is_for("https://login.example/t/v2.0", "t"));
        assert!(!key.is_for("https://login.example/u/v2.0", "t"));
        assert!(!key.is_for("https://login.example/{tenantid}/v2.0", "t"));
    }

    #[test]
    fn a_set_without_a_key_of_use_is_none() {
        assert_eq!(read(&json!([])).unwrap_err(), InvalidKeys::None);
        assert_eq!(Keys::read(b"{}").unwrap_err(), InvalidKeys::Malformed);
        assert_eq!(Keys::read(b"<html>").unwrap_err(), InvalidKeys::Malformed);
        let many = vec![json!({}); MOST_KEYS + 1];
        assert_eq!(read(&json!(many)).unwrap_err(), InvalidKeys::TooMany);
    }

    #[test]
    fn a_set_is_the_same_in_any_order() {
        let key = |kid, byte| json!({"kty": "RSA", "kid": kid, "n": URL_SAFE_NO_PAD.encode([byte; 256]), "e": "AQAB"});
        let (a, b) = (key("a", 0xa5_u8), key("b", 0xa7));
        let one = read(&json!([a, b])).unwrap();
        assert!(one.is_same(&read(&json!([b, a])).unwrap()));
        assert!(!one.is_same(&read(&json!([a])).unwrap()));
        assert!(!one.is_same(&read(&json!([a, key("b", 0xa5)])).unwrap()));
    }
}

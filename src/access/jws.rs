//! A signed token in its three parts.
//!
//! Sources: RFC 7515, sections 3.1 and 4.1; RFC 8725, sections 3.1 to 3.5.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, crypto};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{Refusal, jwks::Key};

/// A token, split and decoded, of which nothing is believed yet.
pub(super) struct Jws<'a> {
    header: Vec<u8>,
    claims: Vec<u8>,
    /// What is signed: the first two parts as they came.
    message: &'a str,
    signature: &'a str,
}

/// What a header may decide. `jku`, `x5u`, `x5c` and `jwk` would bring a key along
/// and are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Those of Entra ID have 27 letters.
const LONGEST_KEY_ID: usize = 256;

impl<'a> Jws<'a> {
    /// Exactly three parts in base64 without padding.
    pub(super) fn split(token: &'a str) -> Result<Self, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Malformed)?;
        let decoded = |part: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(part);
            decoded.map_err(|_| Refusal::Malformed)
        };
        decoded(signature)?;
        Ok(Self {
            header: decoded(header)?,
            claims: decoded(claims)?,
            message,
            signature,
        })
    }

    /// The key that it says it is signed with, by the only algorithm that counts:
    /// neither the token nor the key is asked which one it is.
    pub(super) fn key_id(&self) -> Result<String, Refusal> {
        let header: Header =
            serde_json::from_slice(&self.header).map_err(|_| Refusal::Malformed)?;
        if header.alg != "RS256" {
            return Err(Refusal::Algorithm);
        }
        if header.crit {
            return Err(Refusal::Critical);
        }
        let is_usable = |id: &String| (1..=LONGEST_KEY_ID).contains(&id.len());
        header.kid.filter(is_usable).ok_or(Refusal::NoKeyId)
    }

    /// Whether it says that it is signed as issuers sign, whose algorithm need not be
    /// ours: with a key of which they publish a part.
    pub(super) fn is_signed_with_a_key_pair(&self) -> bool {
        let header = serde_json::from_slice(&self.header);
        let is_one = |Header { alg, .. }: Header| {
            let alg = alg.to_ascii_lowercase();
            alg != "none" && !alg.starts_with("hs")
        };
        !self.signature.is_empty() && header.is_ok_and(is_one)
    }

    /// Whether it is signed with `key`.
    pub(super) fn verify(&self, key: &Key) -> Result<(), Refusal> {
        let message = self.message.as_bytes();
        match crypto::verify(self.signature, message, key.decoding(), Algorithm::RS256) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Refusal::Signature),
        }
    }

    /// What it says, in the types of `T`; whether that is true is told by
    /// [`Jws::verify`] alone.
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.claims).map_err(|_| Refusal::Claims)
    }
}

/// That something is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key_id(header: &Value) -> Result<String, Refusal> {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        Jws::split(&format!("{header}.e30.AA"))?.key_id()
    }

    #[test]
    fn a_header_decides_nothing_but_which_key_of_the_issuer_it_is() {
        let plain = json!({"alg": "RS256", "kid": "k", "typ": "JWT", "jku": "https://evil.example",
            "jwk": {"kty": "RSA"}, "x5u": "https://evil.example", "x5c": ["AA"]});
        assert_eq!(key_id(&plain), Ok("k".to_owned()));
        for (header, refusal) in [
            (json!({"alg": "none", "kid": "k"}), Refusal::Algorithm),
            (json!({"alg": "HS256", "kid": "k"}), Refusal::Algorithm),
            (json!({"alg": "RS384", "kid": "k"}), Refusal::Algorithm),
            (json!({"alg": "rs256", "kid": "k"}), Refusal::Algorithm),
            (json!({"alg": ["RS256"], "kid": "k"}), Refusal::Malformed),
            (json!({"kid": "k"}), Refusal::Malformed),
            (json!({"alg": "RS256"}), Refusal::NoKeyId),
            (json!({"alg": "RS256", "kid": ""}), Refusal::NoKeyId),
            (json!({"alg": "RS256", "kid": 7}), Refusal::Malformed),
            (
                json!({"alg": "RS256", "kid": "k", "crit": ["exp"]}),
                Refusal::Critical,
            ),
            (
                json!({"alg": "RS256", "kid": "k", "crit": null}),
                Refusal::Critical,
            ),
        ] {
            assert_eq!(key_id(&header), Err(refusal), "{header}");
        }
    }

    #[test]
    fn a_signature_that_anybody_could_make_is_none() {
        let is_signed = |alg: &Value, signature: &str| {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string());
            let token = format!("{header}.e30.{signature}");
            Jws::split(&token).unwrap().is_signed_with_a_key_pair()
        };
        assert!(is_signed(&json!("RS256"), "AA") && is_signed(&json!("ES256"), "AA"));
        for alg in ["none", "None", "HS256", "hs512"] {
            assert!(!is_signed(&json!(alg), "AA"), "{alg}");
        }
        assert!(!is_signed(&json!("RS256"), "") && !is_signed(&json!(null), "AA"));
    }

    #[test]
    fn a_header_that_says_something_twice_is_none() {
        let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","alg":"none","kid":"k"}"#);
        let token = format!("{twice}.e30.AA");
        let told = Jws::split(&token).unwrap().key_id();
        assert_eq!(told, Err(Refusal::Malformed));
    }

    #[test]
    fn a_token_has_three_parts_and_no_padding() {
        assert!(Jws::split("e30.e30.AA").is_ok());
        for token in [
            "",
            "e30",
            "e30.e30",
            "e30.e30.AA.AA",
            "e30.e30.A",
            "e30.e30.AA==",
            "e30.!.AA",
        ] {
            assert!(Jws::split(token).is_err(), "{token}");
        }
    }
}

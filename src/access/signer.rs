//! Tokens for tests: a key of our own, and what is signed with it.

#![expect(clippy::unwrap_used, reason = "whoever tests is told by a panic")]

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// The key as an issuer publishes it.
pub(super) fn published(id: &str, issuer: Option<&str>) -> Value {
    let public = KEY.public_key();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "kty": "RSA",
        "use": "sig",
        "kid": id,
        "n": text(public.modulus().big_endian_without_leading_zero()),
        "e": text(public.exponent().big_endian_without_leading_zero()),
        "issuer": issuer,
    })
}

/// A token with `claims`, signed with the key.
#[cfg(test)]
pub(super) fn signed(id: &str, claims: &Value) -> String {
    signed_text(id, claims.to_string().as_bytes())
}

/// The same, whatever is written where the claims should be.
pub(super) fn signed_text(id: &str, claims: &[u8]) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": id}).to_string();
    let part = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(header.as_bytes()), part(claims));
    let mut signature = vec![0; KEY.public_modulus_len()];
    let random = SystemRandom::new();
    KEY.sign(
        &RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

//! Keys that sign tokens.
//!
//! All sandboxes of a process draw from one pool, as a key takes a tenth of a second
//! to make: the tokens of one are good in another.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        RSA_PKCS1_2048_8192_SHA256, RsaEncoding, UnparsedPublicKey,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use serde_json::{Value, json};

static POOL: Mutex<BTreeMap<usize, Arc<Key>>> = Mutex::new(BTreeMap::new());

/// The key of this number, the same whenever it is asked for.
pub(crate) fn key(number: usize) -> io::Result<Arc<Key>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = pool.get(&number) {
        return Ok(Arc::clone(key));
    }
    let key = Arc::new(Key::new()?);
    pool.insert(number, Arc::clone(&key));
    Ok(key)
}

/// An RSA key of 2048 bits, with a certificate that nobody else signed.
pub(crate) struct Key {
    pair: rsa::KeyPair,
    id: String,
    public_id: String,
    pem: String,
    jwk: Value,
}

impl Key {
    fn new() -> io::Result<Self> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
        let key = key.map_err(io::Error::other)?;
        let certificate = certificate(&key).map_err(io::Error::other)?;
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate));
        Ok(Self {
            pair: rsa::KeyPair::from_pkcs8(key.serialized_der()).map_err(io::Error::other)?,
            public_id: URL_SAFE_NO_PAD.encode(digest(&SHA256, &key.subject_public_key_info())),
            pem: key.public_key_pem(),
            jwk: json!({
                "kty": "RSA",
                "use": "sig",
                "kid": id,
                "x5t": id,
                "n": URL_SAFE_NO_PAD.encode(modulus(key.der_bytes())),
                "e": "AQAB",
                "x5c": [STANDARD.encode(certificate)],
            }),
            id,
        })
    }

    /// The thumbprint of its certificate: `kid` and `x5t` of tokens and key sets.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The hash of its public half: `kid` of the keys of Kubernetes.
    pub(crate) fn public_id(&self) -> &str {
        &self.public_id
    }

    /// Its public half in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Its public half, as key sets have it.
    pub(crate) fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// Signs by `algorithm` of RFC 7518, 3.1, if it is one for such keys; by RS256
    /// if it is none.
    pub(crate) fn sign(&self, algorithm: &str, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                padding(algorithm),
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(io::Error::other)?;
        Ok(signature)
    }

    /// Whether it signed `message` by RS256.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = self.pair.public_key();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(message, signature)
            .is_ok()
    }
}

fn padding(algorithm: &str) -> &'static dyn RsaEncoding {
    match algorithm {
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}

/// `RSAPublicKey` (RFC 8017, A.1.1) of 2048 bits and the exponent 65537 is 270 bytes
/// long, and the modulus stands between nine and five of them.
fn modulus(public: &[u8]) -> &[u8] {
    public.get(9..265).unwrap_or_default()
}

/// As Entra ID's keys have one, under the same name.
fn certificate(key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "accounts.accesscontrol.windows.net");
    Ok(params.self_signed(key)?.der().to_vec())
}

/// A key of another kind, which signs by ES256.
pub(crate) struct EllipticKey(EcdsaKeyPair);

impl EllipticKey {
    /// Its `kid`.
    pub(crate) const ID: &str = "elliptic";

    pub(crate) fn new() -> io::Result<Self> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(Self)
            .map_err(io::Error::other)
    }

    pub(crate) fn jwk(&self) -> Value {
        // 4, and both coordinates: SEC 1, 2.3.3.
        let point = self.0.public_key().as_ref();
        let part = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        json!({
            "kty": "EC",
            "use": "sig",
            "kid": Self::ID,
            "crv": "P-256",
            "x": part(1..33),
            "y": part(33..65),
        })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(io::Error::other)?;
        Ok(signature.as_ref().to_vec())
    }
}

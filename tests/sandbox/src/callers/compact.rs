//! A token as it is written: RFC 7515, and departures from it.

use std::io;

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::{CallerToken, Shape, SignedBy};
use crate::{
    entra::SigningKeys,
    patch::merge,
    signing::{EllipticKey, Key},
};

/// The token with `claims`, as it is asked for.
pub(super) fn signed(
    keys: &SigningKeys,
    asked: &CallerToken,
    mut claims: Value,
) -> io::Result<String> {
    let CallerToken {
        signed_by, shape, ..
    } = asked;
    let key = keys.key(*signed_by)?;
    let mut header = header(keys, *signed_by, &key)?;
    merge(&mut header, &asked.header);
    merge(&mut claims, &asked.claims);
    shape.enlarge(&mut header, &mut claims);
    let text = |text: &Option<String>, json: &Value| text.clone().unwrap_or(json.to_string());
    let message = format!(
        "{}.{}",
        shape.base64(text(&asked.header_text, &header)),
        shape.base64(text(&asked.claims_text, &claims)),
    );
    let algorithm = header["alg"].as_str().unwrap_or_default();
    let signature = signature(keys, &key, *signed_by, algorithm, message.as_bytes())?;
    let signature = shape.base64(signature);
    Ok(match shape {
        Shape::TwoSegments => message,
        Shape::FourSegments => format!("{message}.{signature}.{}", shape.base64("{}")),
        Shape::Compact | Shape::Padded | Shape::OversizedClaims(_) | Shape::OversizedHeader(_) => {
            format!("{message}.{signature}")
        }
    })
}

impl Shape {
    fn enlarge(self, header: &mut Value, claims: &mut Value) {
        let (part, size) = match self {
            Self::OversizedClaims(size) => (claims, size),
            Self::OversizedHeader(size) => (header, size),
            Self::Compact | Self::Padded | Self::TwoSegments | Self::FourSegments => return,
        };
        merge(part, &json!({"padding": "x".repeat(size)}));
    }

    fn base64(self, bytes: impl AsRef<[u8]>) -> String {
        let engine: GeneralPurpose = match self {
            Self::Padded => URL_SAFE,
            Self::Compact
            | Self::TwoSegments
            | Self::FourSegments
            | Self::OversizedClaims(_)
            | Self::OversizedHeader(_) => URL_SAFE_NO_PAD,
        };
        engine.encode(bytes)
    }
}

/// `kid` is that of the key which signs, unless somebody forges.
fn header(keys: &SigningKeys, by: SignedBy, key: &Key) -> io::Result<Value> {
    let rsa = |id: &str| json!({"typ": "JWT", "alg": "RS256", "kid": id, "x5t": id});
    Ok(match by {
        SignedBy::Current
        | SignedBy::Retired
        | SignedBy::Next
        | SignedBy::Unpublished
        | SignedBy::OfAnotherIssuer
        | SignedBy::ForEncryption
        | SignedBy::Broken => rsa(key.id()),
        SignedBy::Forged => rsa(keys.key(SignedBy::Current)?.id()),
        SignedBy::Elliptic => json!({"typ": "JWT", "alg": "ES256", "kid": EllipticKey::ID}),
        SignedBy::Hmac => json!({"typ": "JWT", "alg": "HS256", "kid": key.id()}),
        SignedBy::None => json!({"typ": "JWT", "alg": "none", "kid": key.id()}),
    })
}

fn signature(
    keys: &SigningKeys,
    key: &Key,
    by: SignedBy,
    algorithm: &str,
    message: &[u8],
) -> io::Result<Vec<u8>> {
    match by {
        SignedBy::Current
        | SignedBy::Retired
        | SignedBy::Next
        | SignedBy::Unpublished
        | SignedBy::Forged
        | SignedBy::OfAnotherIssuer
        | SignedBy::ForEncryption => key.sign(algorithm, message),
        SignedBy::Broken => {
            let mut signature = key.sign(algorithm, message)?;
            if let Some(byte) = signature.first_mut() {
                *byte ^= 1;
            }
            Ok(signature)
        }
        SignedBy::Elliptic => keys.elliptic()?.sign(message),
        SignedBy::Hmac => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, key.pem().as_bytes());
            Ok(hmac::sign(&secret, message).as_ref().to_vec())
        }
        SignedBy::None => Ok(Vec::new()),
    }
}

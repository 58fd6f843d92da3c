//! A token as it is written: RFC 7515, and departures from it.

use std::io;

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::{Shape, SignedBy};
use crate::{
    entra::SigningKeys,
    patch::merge,
    signing::{EllipticKey, Key},
};

/// How a token is to be written.
#[derive(Default)]
pub(crate) struct Writing<'a> {
    pub(crate) signed_by: SignedBy,
    pub(crate) shape: Shape,
    /// A merge patch of the header.
    pub(crate) header: Value,
    /// What stands in place of the header.
    pub(crate) header_text: Option<&'a str>,
    /// What stands in place of the claims.
    pub(crate) claims_text: Option<&'a str>,
}

/// The token with `claims`.
pub(crate) fn signed(
    keys: &SigningKeys,
    writing: &Writing<'_>,
    mut claims: Value,
) -> io::Result<String> {
    let Writing {
        signed_by, shape, ..
    } = writing;
    let key = keys.key(*signed_by)?;
    let mut header = header(keys, *signed_by, &key)?;
    merge(&mut header, &writing.header);
    shape.enlarge(&mut header, &mut claims);
    let text = |text: Option<&str>, json: &Value| text.map_or(json.to_string(), str::to_owned);
    let message = format!(
        "{}.{}",
        shape.base64(text(writing.header_text, &header)),
        shape.base64(text(writing.claims_text, &claims)),
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
    Ok(match by {
        SignedBy::Current
        | SignedBy::Retired
        | SignedBy::Next
        | SignedBy::Unpublished
        | SignedBy::OfAnotherIssuer
        | SignedBy::ForEncryption
        | SignedBy::Broken => keys.header(key),
        SignedBy::Forged => keys.header(keys.key(SignedBy::Current)?.as_ref()),
        SignedBy::Elliptic => json!({"typ": "JWT", "alg": "ES256", "kid": EllipticKey::ID}),
        SignedBy::Hmac => json!({"typ": "JWT", "alg": "HS256", "kid": keys.id(key)}),
        SignedBy::None => json!({"typ": "JWT", "alg": "none", "kid": keys.id(key)}),
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

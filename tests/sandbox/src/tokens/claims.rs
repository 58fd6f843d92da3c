//! What tokens say, in the form of a JWT.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Holder, noise};
use crate::seed;

/// From when to when a token holds, in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) not_before: u64,
    pub(crate) expires_on: u64,
}

/// A JWT with these claims; its signature is noise.
pub(crate) fn jwt(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "x5t": "sandbox", "kid": "sandbox"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(noise(256));
    format!("{}.{}.{signature}", part(&header), part(claims))
}

/// The claims of an access token of Entra ID, version 1.0.
pub(super) fn access(audience: &str, holder: &Holder, validity: Validity) -> Value {
    let mut claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{}/", seed::TENANT),
        "iat": validity.not_before,
        "nbf": validity.not_before,
        "exp": validity.expires_on,
        "tid": seed::TENANT,
        "uti": Uuid::new_v4().simple().to_string(),
        "ver": "1.0",
    });
    match holder {
        Holder::Identity(identity) => {
            claims["appid"] = json!(identity.client_id);
            claims["appidacr"] = json!("2");
            claims["oid"] = json!(identity.object_id);
            claims["sub"] = json!(identity.object_id);
            claims["xms_mirid"] = json!(identity.resource_id);
        }
        Holder::User { app, object } => {
            claims["appid"] = json!(app);
            claims["appidacr"] = json!("2");
            claims["oid"] = json!(object);
            claims["sub"] = json!(seed::guid(&format!("sub/{object}")));
            claims["scp"] = json!("user_impersonation");
        }
    }
    claims
}

//! Somebody who verifies tokens by what their issuer publishes.

use azure_sandbox::{API_APP_ID_URI, API_CLIENT_ID, Sandbox, TENANT};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::client::get;

/// Where the configuration of the tenant is, by version.
pub(crate) const V1: &str = ".well-known/openid-configuration";
pub(crate) const V2: &str = "v2.0/.well-known/openid-configuration";

/// The configuration of the tenant that is at `path`.
pub(crate) fn configuration(azure: &Sandbox, path: &str) -> Value {
    let answer = get(&format!("{}/{TENANT}/{path}", azure.url()), &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The keys that it leads to.
pub(crate) fn keys(azure: &Sandbox, path: &str) -> Vec<Value> {
    published(&configuration(azure, path))
}

/// The key set of the issuer with this configuration.
pub(crate) fn published(configuration: &Value) -> Vec<Value> {
    let answer = get(configuration["jwks_uri"].as_str().unwrap(), &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["keys"].as_array().unwrap().clone()
}

/// `kid` of the header of `token`.
pub(crate) fn key_id(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

/// The key of that id.
pub(crate) fn find<'a>(keys: &'a [Value], id: &str) -> Option<&'a Value> {
    keys.iter().find(|key| key["kid"] == id)
}

/// What `token` says, if a key that the tenant publishes for such tokens signed it,
/// and it is good for the API now.
pub(crate) fn verify(azure: &Sandbox, token: &str, path: &str) -> Result<Value, String> {
    let configuration = configuration(azure, path);
    verified(
        token,
        &configuration,
        &[API_CLIENT_ID, API_APP_ID_URI],
        Algorithm::RS256,
    )
}

/// The same of any issuer.
pub(crate) fn verified(
    token: &str,
    configuration: &Value,
    audiences: &[&str],
    algorithm: Algorithm,
) -> Result<Value, String> {
    let header = decode_header(token).map_err(|error| error.to_string())?;
    let keys = published(configuration);
    let id = header.kid.ok_or("no kid")?;
    let key = find(&keys, &id).ok_or("unknown kid")?;
    let of = |name: &str| key[name].as_str().unwrap_or_default();
    if of("kty") != "RSA" || of("use") != "sig" {
        return Err("not such a key".to_owned());
    }
    if key
        .get("issuer")
        .is_some_and(|it| it != &configuration["issuer"])
    {
        return Err("the key of another issuer".to_owned());
    }
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
    validation.set_audience(audiences);
    validation.set_issuer(&[configuration["issuer"].as_str().unwrap()]);
    let key = DecodingKey::from_rsa_components(of("n"), of("e")).unwrap();
    decode::<Value>(token, &key, &validation)
        .map(|token| token.claims)
        .map_err(|error| error.to_string())
}

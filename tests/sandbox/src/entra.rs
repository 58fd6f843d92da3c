//! The token endpoint of Entra ID, as far as workload identity needs it.
//!
//! Sources: "Microsoft identity platform and the OAuth 2.0 client credentials
//! flow", third case; Azure/azure-workload-identity `pkg/proxy/proxy.go` and its
//! book (variables, audience); Azure/azure-sdk-for-go
//! `sdk/azidentity/workload_identity.go`. Its refusals: see `entra/refusals.rs`.

mod assertions;
pub(crate) mod discovery;
mod keys;
mod refusals;

use axum::{body::Body, http::Response};
use serde_json::json;

pub(crate) use assertions::Assertions;
pub(crate) use keys::SigningKeys;

use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
    query::Query,
    seed,
    settings::Identity,
    tokens::Holder,
};
use refusals::Refused;

/// What follows the tenant in its path.
const PATH: &str = "/oauth2/v2.0/token";

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The tenant whose token endpoint `path` is. There is none where an authority
/// with a slash at its end was joined with another slash.
pub(crate) fn tenant(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix(PATH)?;
    (!tenant.is_empty() && !tenant.contains('/')).then_some(tenant)
}

/// `POST /{tenant}/oauth2/v2.0/token`, a form
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    granted(azure, asked).unwrap_or_else(|refused| refused.answer(azure))
}

/// 429 of a tenant that asks too often.
pub(crate) fn throttled(azure: &Azure) -> Response<Body> {
    Refused::throttled().answer(azure)
}

fn granted(azure: &Azure, asked: &Asked) -> Result<Response<Body>, Refused> {
    if asked.recorded.method != "POST" {
        return Err(Refused::not_post(&asked.recorded.method));
    }
    let form = asked.form().ok_or_else(|| Refused::missing("grant_type"))?;
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(other) => return Err(Refused::grant_type(other)),
        None => return Err(Refused::missing("grant_type")),
    }
    let tenant = tenant(&asked.recorded.path).unwrap_or_default();
    if !tenant.eq_ignore_ascii_case(seed::TENANT) {
        return Err(Refused::tenant(tenant));
    }
    let identity = client(azure, &form)?;
    azure.assertions.check(assertion(&form)?)?;
    let resource = resource(azure, &form)?;
    let holder = Holder::Identity(azure.tokens.meant(&identity));
    let minting = azure.tokens.mint(&resource, &holder);
    let validity = minting.validity;
    let left = validity.expires_on.saturating_sub(validity.not_before);
    let body = json!({
        "token_type": "Bearer",
        "expires_in": left,
        "ext_expires_in": left,
        "access_token": minting.token,
    });
    Ok(answer(200, &body))
}

/// Every user-assigned identity trusts the cluster.
fn client(azure: &Azure, form: &Query) -> Result<Identity, Refused> {
    let id = form
        .get("client_id")
        .ok_or_else(|| Refused::missing("client_id"))?;
    azure
        .assigned(|identity| identity.client_id.eq_ignore_ascii_case(id))
        .ok_or_else(|| Refused::client(id))
}

fn assertion(form: &Query) -> Result<&str, Refused> {
    let is_jwt = form.get("client_assertion_type") == Some(JWT_BEARER);
    form.get("client_assertion")
        .filter(|_| is_jwt)
        .ok_or_else(Refused::no_assertion)
}

/// What the scope names: all before `/.default`, a slash at its end included.
fn resource(azure: &Azure, form: &Query) -> Result<String, Refused> {
    let scope = form.get("scope").ok_or_else(|| Refused::missing("scope"))?;
    let resource = scope.strip_suffix("/.default");
    let resource = resource.ok_or_else(|| Refused::scope(scope))?;
    if azure.settings.cloud.audience(resource).is_none() {
        return Err(Refused::resource(resource));
    }
    Ok(resource.to_owned())
}

//! What Entra ID tells of itself: where the endpoints of a tenant are, its keys, and
//! under which names a cloud goes.
//!
//! Sources: "`OpenID` Connect on the Microsoft identity platform", the configuration
//! document of a tenant; "Access tokens in the Microsoft identity platform" (both
//! versions); AzureAD/microsoft-authentication-library-for-go
//! `apps/internal/oauth/ops/authority/authority.go` (instance discovery: its
//! parameters and its answer).

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::refusals::Refused;
use crate::{
    azure::Azure,
    callers::TokenVersion::{self, V1, V2},
    cloud::Site,
    gate::{Asked, json as answer, with},
    seed,
};

/// What follows the tenant in the path of its configuration, by version.
const CONFIGURATION: [(TokenVersion, &str); 2] = [
    (V2, "/v2.0/.well-known/openid-configuration"),
    (V1, "/.well-known/openid-configuration"),
];

/// What follows it in the path of its keys.
const KEYS: [(TokenVersion, &str); 2] = [(V2, "/discovery/v2.0/keys"), (V1, "/discovery/keys")];

const INSTANCE: &str = "/common/discovery/instance";

/// What is told, with the name of a tenant where it is about one.
pub(crate) enum Document<'a> {
    Instance,
    Configuration(TokenVersion, &'a str),
    Keys(TokenVersion, &'a str),
}

impl<'a> Document<'a> {
    /// What is at `path`, in lower case.
    pub(crate) fn at(path: &'a str) -> Option<Self> {
        if path == INSTANCE {
            return Some(Self::Instance);
        }
        let configuration = tenant(path, CONFIGURATION);
        let configuration = configuration.map(|(version, of)| Self::Configuration(version, of));
        configuration.or_else(|| tenant(path, KEYS).map(|(version, of)| Self::Keys(version, of)))
    }
}

fn tenant<'a>(path: &'a str, ends: [(TokenVersion, &str); 2]) -> Option<(TokenVersion, &'a str)> {
    let path = path.strip_prefix('/')?;
    let mut ends = ends.into_iter();
    ends.find_map(|(version, end)| {
        let tenant = path.strip_suffix(end)?;
        (!tenant.is_empty() && !tenant.contains('/')).then_some((version, tenant))
    })
}

/// `GET` of one of them
pub(crate) fn answer_to(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return answer(405, &json!({"error": "method_not_allowed"}));
    }
    let path = recorded.path.to_ascii_lowercase();
    match Document::at(&path) {
        None | Some(Document::Instance) => answer(200, &instance(azure, asked)),
        Some(Document::Configuration(version, tenant)) => told_of(azure, tenant, |tenant| {
            answer(200, &configuration(azure, asked, version, tenant))
        }),
        Some(Document::Keys(version, tenant)) => told_of(azure, tenant, |tenant| {
            let cloud = azure.settings.cloud;
            match azure.signing.published(cloud, version, issuing(tenant)) {
                Ok(keys) => answer(200, &keys),
                Err(error) => answer(500, &json!({"error": error.to_string()})),
            }
        }),
    }
}

/// `told` of `tenant`, if it is one; clients may keep it for a day.
fn told_of(
    azure: &Azure,
    tenant: &str,
    told: impl FnOnce(&str) -> Response<Body>,
) -> Response<Body> {
    if tenant != issuing(tenant) || tenant.eq_ignore_ascii_case(seed::TENANT) {
        with(told(tenant), "cache-control", "max-age=86400, private")
    } else {
        Refused::tenant(tenant).answer(azure)
    }
}

/// The tenant that issues; some names stand for that of whoever signs in.
fn issuing(tenant: &str) -> &str {
    match tenant {
        "common" | "organizations" => "{tenantid}",
        tenant => tenant,
    }
}

/// Endpoints are where the client came from; the issuer is the cloud's, wherever
/// that was.
fn configuration(azure: &Azure, asked: &Asked, version: TokenVersion, tenant: &str) -> Value {
    let base = asked.base();
    let of = |path: &str| format!("{base}/{tenant}/{path}");
    let (endpoints, keys, supported): (_, _, &[&str]) = match version {
        V2 => (
            "oauth2/v2.0",
            "discovery/v2.0/keys",
            &["openid", "profile", "email", "offline_access"],
        ),
        V1 => ("oauth2", "discovery/keys", &["openid"]),
    };
    json!({
        "token_endpoint": of(&format!("{endpoints}/token")),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": of(keys),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": supported,
        "issuer": azure.settings.cloud.issuer(version, issuing(tenant)),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": of(&format!("{endpoints}/authorize")),
        "device_authorization_endpoint": of(&format!("{endpoints}/devicecode")),
        "http_logout_supported": true,
        "end_session_endpoint": of(&format!("{endpoints}/logout")),
        "tenant_region_scope": "EU",
    })
}

/// The names of this cloud, whichever authority is asked about.
fn instance(azure: &Azure, asked: &Asked) -> Value {
    let hosts: Vec<_> = azure.settings.cloud.hosts_of(Site::Entra).collect();
    let preferred = hosts.first();
    let [(_, configuration), _] = CONFIGURATION;
    json!({
        "tenant_discovery_endpoint": format!("{}/{}{configuration}", asked.base(), seed::TENANT),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": preferred,
            "preferred_cache": preferred,
            "aliases": hosts,
        }],
    })
}

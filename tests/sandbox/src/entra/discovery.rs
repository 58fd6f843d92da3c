//! What Entra ID tells of itself: where the endpoints of a tenant are, and under
//! which names a cloud goes.
//!
//! Sources: "`OpenID` Connect on the Microsoft identity platform", the configuration
//! document of a tenant; AzureAD/microsoft-authentication-library-for-go
//! `apps/internal/oauth/ops/authority/authority.go` (instance discovery: its
//! parameters and its answer).

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::refusals::Refused;
use crate::{
    azure::Azure,
    cloud::Site,
    gate::{Asked, json as answer},
    seed,
};

/// What follows the tenant in the path of its configuration.
const CONFIGURATION: &str = "/v2.0/.well-known/openid-configuration";

const INSTANCE: &str = "/common/discovery/instance";

/// Whether `path`, in lower case, is one of these.
pub(crate) fn is_asked(path: &str) -> bool {
    path == INSTANCE || tenant(path).is_some()
}

fn tenant(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix(CONFIGURATION)?;
    (!tenant.is_empty() && !tenant.contains('/')).then_some(tenant)
}

/// `GET` of one of the two
pub(crate) fn answer_to(azure: &Azure, asked: &Asked) -> Response<Body> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return answer(405, &json!({"error": "method_not_allowed"}));
    }
    match tenant(&recorded.path.to_ascii_lowercase()) {
        None => answer(200, &instance(azure, asked)),
        // Names that stand for the tenant of whoever signs in.
        Some("common" | "organizations") => answer(200, &configuration(asked, "{tenantid}")),
        Some(tenant) if tenant.eq_ignore_ascii_case(seed::TENANT) => {
            answer(200, &configuration(asked, tenant))
        }
        Some(tenant) => Refused::tenant(tenant).answer(azure),
    }
}

fn configuration(asked: &Asked, tenant: &str) -> Value {
    let base = asked.base();
    let of = |path: &str| format!("{base}/{tenant}/{path}");
    json!({
        "token_endpoint": of("oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": of("discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": of("v2.0"),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": of("oauth2/v2.0/authorize"),
        "device_authorization_endpoint": of("oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "end_session_endpoint": of("oauth2/v2.0/logout"),
        "tenant_region_scope": "EU",
    })
}

/// The names of this cloud, whichever authority is asked about.
fn instance(azure: &Azure, asked: &Asked) -> Value {
    let hosts: Vec<_> = azure.settings.cloud.hosts_of(Site::Entra).collect();
    let preferred = hosts.first();
    json!({
        "tenant_discovery_endpoint": format!("{}/{}{CONFIGURATION}", asked.base(), seed::TENANT),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": preferred,
            "preferred_cache": preferred,
            "aliases": hosts,
        }],
    })
}

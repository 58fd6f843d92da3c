//! The instance metadata service of a virtual machine.
//!
//! Sources: "Azure Instance Metadata Service" (headers, limits, versions,
//! fields); "How to use managed identities on an Azure VM to acquire an access
//! token" (token endpoint, errors); Azure/azure-rest-api-specs
//! `specification/imds` (`bypass_cache`, the id parameters).

mod instance;
mod limits;

use axum::{body::Body, http::Response};
use serde_json::json;

use crate::{
    azure::Azure,
    gate::{Asked, json as answer, with},
    query::Query,
    seed,
    settings::Identity,
    sources::Source,
    tokens::Freshness,
};
pub(crate) use instance::{has, instance};
pub(crate) use limits::{NodeLimits, Place};

/// The newest three, as IMDS names them to those who ask for none of them.
const NEWEST_VERSIONS: [&str; 3] = ["2025-04-07", "2024-07-17", "2024-03-15"];

const VERSIONS: [&str; 14] = [
    "2017-03-01",
    "2017-04-02",
    "2017-08-01",
    "2018-02-01",
    "2019-03-11",
    "2019-08-01",
    "2020-06-01",
    "2021-02-01",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2024-03-15",
    "2024-07-17",
    "2025-04-07",
];

/// The first version that has tokens.
const FIRST_WITH_TOKENS: &str = "2018-02-01";

/// An answer that is a refusal; boxed, for it is large.
pub(crate) type Refusal = Box<Response<Body>>;

/// A place for a request at the node's identity endpoint; every other request
/// needs none.
pub(crate) fn admit<'a>(azure: &'a Azure, asked: &Asked) -> Result<Option<Place<'a>>, Refusal> {
    let is_limited = Source::at(asked.entrance, &asked.recorded.path) == Some(Source::Imds);
    if !is_limited || !azure.settings.identity_limits {
        return Ok(None);
    }
    azure
        .node
        .enter()
        .map(Some)
        .ok_or_else(|| Box::new(too_many_requests()))
}

/// `GET /metadata/identity/oauth2/token`
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    from_imds(undecorated(azure, asked))
}

fn undecorated(azure: &Azure, asked: &Asked) -> Response<Body> {
    // MSAL for JavaScript ends the path with a slash where
    // AZURE_POD_IDENTITY_AUTHORITY_HOST leads it (`@azure/msal-node` 5.6.0,
    // `Imds.mjs`), and what that variable is for takes both: Azure/aad-pod-identity
    // `pkg/nmi/server/server.go`.
    let path = &asked.recorded.path;
    let known = "/metadata/identity/oauth2/token";
    if !path
        .strip_suffix('/')
        .unwrap_or(path)
        .eq_ignore_ascii_case(known)
    {
        return fault(404, "not_found", "Resource not found");
    }
    if let Err(refusal) = well_formed(asked) {
        return *refusal;
    }
    let query = &asked.query;
    if version(asked).is_none_or(|version| version < FIRST_WITH_TOKENS) {
        return unknown_version();
    }
    let freshness = match query.get("bypass_cache") {
        Some("true") => Freshness::NewlyIssued,
        _ => Freshness::Cached,
    };
    grant(azure, query, freshness).unwrap_or_else(|refusal| *refusal)
}

/// The token that `query` asks for.
pub(crate) fn grant(
    azure: &Azure,
    query: &Query,
    freshness: Freshness,
) -> Result<Response<Body>, Refusal> {
    let Some(resource) = query.get("resource") else {
        return refused("Required audience parameter not specified");
    };
    if azure.settings.cloud.audience(resource).is_none() {
        let why = format!(
            "AADSTS500011: The resource principal named {resource} was not found in the tenant \
             named {}.",
            seed::TENANT
        );
        return Err(Box::new(fault(400, "invalid_resource", &why)));
    }
    let identity = identity(azure, query)?;
    let issued = azure.tokens.issue(resource, &identity, freshness);
    let left = issued.expires_on.saturating_sub(azure.clock.now());
    let body = json!({
        "access_token": issued.token,
        "client_id": issued.identity.client_id,
        "expires_in": left.to_string(),
        "expires_on": issued.expires_on.to_string(),
        "ext_expires_in": left.to_string(),
        "not_before": issued.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    Ok(answer(200, &body))
}

/// The identity that is meant; the ids exclude each other.
fn identity(azure: &Azure, query: &Query) -> Result<Identity, Refusal> {
    let ids = [
        ("client_id", query.get("client_id")),
        ("object_id", query.get("object_id")),
        (
            "msi_res_id",
            query.get("msi_res_id").or_else(|| query.get("mi_res_id")),
        ),
    ];
    let mut given = ids.iter().filter_map(|(name, id)| Some((*name, (*id)?)));
    let found = match (given.next(), given.next()) {
        (Some(_), Some(_)) => {
            return refused("Only one identity parameter is allowed");
        }
        (None, _) if azure.settings.user_assigned.len() > 1 => {
            let several = "Multiple user assigned identities exist, please specify the clientId / \
                 resourceId of the identity in the token request";
            return azure
                .default_identity()
                .map_or_else(|| refused(several), Ok);
        }
        (None, _) => azure.default_identity(),
        (Some((name, id)), None) => azure.assigned(|identity| {
            let own = match name {
                "client_id" => &identity.client_id,
                "object_id" => &identity.object_id,
                _ => &identity.resource_id,
            };
            own.eq_ignore_ascii_case(id)
        }),
    };
    found.map_or_else(|| refused("Identity not found"), Ok)
}

/// The rules for every request to IMDS.
fn well_formed(asked: &Asked) -> Result<(), Refusal> {
    let recorded = &asked.recorded;
    if recorded.method != "GET" {
        return Err(Box::new(fault(
            405,
            "method_not_allowed",
            "The request method is not allowed.",
        )));
    }
    if recorded.header("x-forwarded-for").is_some() {
        let refusal = "X-Forwarded-For header is not allowed in request.";
        return refused(refusal);
    }
    if recorded.header("metadata") != Some("true") {
        return refused("Required metadata header not specified");
    }
    if asked.query.has_duplicates() {
        return refused("Duplicate query parameters are not allowed");
    }
    Ok(())
}

/// The version that is asked for, if there is such a one.
fn version(asked: &Asked) -> Option<&str> {
    let version = asked.query.get("api-version")?;
    VERSIONS.contains(&version).then_some(version)
}

/// 400 with a sentence about the request.
pub(crate) fn refused<T>(description: &str) -> Result<T, Refusal> {
    Err(Box::new(fault(400, "invalid_request", description)))
}

fn unknown_version() -> Response<Body> {
    let body = json!({
        "error": "Bad request. api-version is invalid or was not specified in the request. \
                  For more information refer to aka.ms/azureimds",
        "newest-versions": NEWEST_VERSIONS,
    });
    answer(400, &body)
}

/// 429 as IMDS sends it.
pub(crate) fn too_many_requests() -> Response<Body> {
    from_imds(fault(
        429,
        "too_many_requests",
        "Temporarily throttled, too many requests",
    ))
}

/// A refusal as the token endpoints of machines word it.
pub(crate) fn fault(status: u16, error: &str, description: &str) -> Response<Body> {
    let body = json!({"error": error, "error_description": description});
    answer(status, &body)
}

/// The name by which a genuine IMDS is told from a proxy.
fn from_imds(response: Response<Body>) -> Response<Body> {
    with(response, "server", "IMDS/150.870.65.512")
}

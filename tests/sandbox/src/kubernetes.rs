//! The Kubernetes that the gateway's pod is in: an issuer of tokens for service
//! accounts, and the API server that reviews them.
//!
//! Sources: "Configure Service Accounts for Pods" (projection, issuer discovery);
//! Kubernetes API reference, `TokenReview` v1; kubernetes/kubernetes
//! `pkg/serviceaccount/openidmetadata.go`.

mod accounts;
mod handle;
mod pods;
mod refusals;
mod review;

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use serde_json::{Value, json};

pub use accounts::ServiceAccountToken;
pub(crate) use refusals::too_many_requests;

use crate::{
    azure::Azure,
    clock::Clock,
    entra::SigningKeys,
    folder::{Folder, write_new},
    gate::{Asked, json as answer},
};
use pods::Pods;

/// The audience that callers in the cluster have tokens projected for.
pub const KUBERNETES_AUDIENCE: &str = "api://mi-gateway";

/// The path of the issuer, below the URL of this Azure.
const BASE: &str = "/kubernetes";

/// Where the API server has tokens reviewed: there and at the root, where real ones
/// have all of this.
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// How long the token lasts that a pod has without asking: "Managing Service
/// Accounts", `--service-account-extend-token-expiration`.
const YEAR: i64 = 365 * 24 * 3600;

/// What can be asked of it.
pub(crate) enum Resource {
    Configuration,
    Keys,
    TokenReviews,
}

impl Resource {
    pub(crate) fn at(path: &str) -> Option<Self> {
        if path == REVIEWS {
            return Some(Self::TokenReviews);
        }
        match path.strip_prefix(BASE)? {
            "/.well-known/openid-configuration" => Some(Self::Configuration),
            "/openid/v1/jwks" => Some(Self::Keys),
            REVIEWS => Some(Self::TokenReviews),
            _ => None,
        }
    }
}

/// Whether what is at `path` is of the cluster.
pub(crate) fn is_asked(path: &str) -> bool {
    if path == REVIEWS {
        return true;
    }
    let rest = path.strip_prefix(BASE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The cluster.
pub(crate) struct Cluster {
    pub(crate) keys: SigningKeys,
    pub(crate) pods: Pods,
    clock: Clock,
    folder: PathBuf,
    /// Whether its files are written: nobody may want them.
    is_mounted: Mutex<bool>,
}

impl Cluster {
    pub(crate) fn new(root: &Folder, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            keys: SigningKeys::of_cluster(),
            pods: Pods::default(),
            clock,
            folder: root.below("kubernetes.io")?,
            is_mounted: Mutex::new(false),
        })
    }
}

impl Azure {
    /// The folder of the gateway's own account, as a pod has it mounted at
    /// `/var/run/secrets/kubernetes.io/serviceaccount`.
    fn mounted(&self) -> io::Result<PathBuf> {
        let folder = &self.cluster.folder;
        let is_mounted = &self.cluster.is_mounted;
        let mut is_mounted = is_mounted.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_mounted {
            return Ok(folder.clone());
        }
        let token = self.service_account_token(&ServiceAccountToken {
            audiences: vec![self.cluster_issuer()],
            expires_in: YEAR,
            ..ServiceAccountToken::of("mi-gateway", "mi-gateway")
        })?;
        write_new(&folder.join("token"), &token)?;
        write_new(&folder.join("namespace"), "mi-gateway")?;
        std::fs::copy(self.authority.file(), folder.join("ca.crt"))?;
        *is_mounted = true;
        Ok(folder.clone())
    }

    /// The issuer of tokens, and the audience of the API server itself.
    fn cluster_issuer(&self) -> String {
        format!("{}{BASE}", self.url)
    }
}

/// Answers what is asked of the API server.
pub(crate) fn answer_to(azure: &Azure, asked: &Asked) -> Response<Body> {
    let method = asked.recorded.method.as_str();
    match (Resource::at(&asked.recorded.path), method) {
        (Some(Resource::Configuration), "GET") => answer(200, &configuration(asked)),
        (Some(Resource::Keys), "GET") => match published(&azure.cluster) {
            Ok(keys) => key_set(&keys),
            Err(error) => refusals::internal(&error.to_string()),
        },
        (Some(Resource::TokenReviews), "POST") => review::answer_to(azure, asked),
        (Some(_), _) => refusals::method_not_allowed(),
        (None, _) => refusals::not_found(),
    }
}

/// It follows the host by which the client came.
fn configuration(asked: &Asked) -> Value {
    let issuer = format!("{}{BASE}", asked.base());
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/openid/v1/jwks"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

fn published(cluster: &Cluster) -> io::Result<Value> {
    let keys = cluster.keys.in_turn()?;
    let keys = keys.iter().map(|key| {
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": cluster.keys.id(key),
            "alg": "RS256",
            "n": key.jwk()["n"],
            "e": key.jwk()["e"],
        })
    });
    Ok(json!({"keys": keys.collect::<Vec<_>>()}))
}

fn key_set(keys: &Value) -> Response<Body> {
    let mut answer = answer(200, keys);
    let media = HeaderValue::from_static("application/jwk-set+json");
    answer.headers_mut().insert(header::CONTENT_TYPE, media);
    answer
}

//! Tokens of service accounts, as a pod has them projected.
//!
//! Source: kubernetes/kubernetes `pkg/serviceaccount/claims.go`.

use std::io;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::KUBERNETES_AUDIENCE;
use crate::{
    azure::Azure,
    callers::{SignedBy, Writing},
    patch::merge,
    seed::guid,
};

/// A token that is to be projected: for the pod `caller-0` of the account `caller` in
/// the namespace `default`, by default, and for the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceAccountToken {
    /// The namespace of the account and of the pod.
    pub namespace: String,
    /// The name of the account.
    pub name: String,
    /// The pod that the token is bound to; without one it lasts by itself.
    pub pod: Option<String>,
    /// `aud`.
    pub audiences: Vec<String>,
    /// `iss`, if not that of the API server at the URL of this Azure.
    pub issuer: Option<String>,
    /// `iat`, in seconds from now by the clock of this Azure.
    pub issued_in: i64,
    /// `nbf`, in seconds from now.
    pub valid_in: i64,
    /// `exp`, in seconds from now.
    pub expires_in: i64,
    /// A merge patch (RFC 7396) of the claims: what is null goes.
    pub claims: Value,
    /// A merge patch of the header.
    pub header: Value,
    /// What it is signed with; the keys are those of the cluster.
    pub signed_by: SignedBy,
}

impl Default for ServiceAccountToken {
    fn default() -> Self {
        Self::of("default", "caller")
    }
}

impl ServiceAccountToken {
    /// A token of that account, bound to a pod of its name.
    #[must_use]
    pub fn of(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            pod: Some(format!("{name}-0")),
            audiences: vec![KUBERNETES_AUDIENCE.to_owned()],
            issuer: None,
            issued_in: 0,
            valid_in: 0,
            // `expirationSeconds` of a projected volume, unless it says otherwise.
            expires_in: 3600,
            claims: json!({}),
            header: json!({}),
            signed_by: SignedBy::default(),
        }
    }
}

/// The uid of an account.
pub(super) fn uid(namespace: &str, name: &str) -> String {
    guid(&format!("serviceaccount/{namespace}/{name}"))
}

impl Azure {
    /// Issues a token as it is asked for.
    pub(crate) fn service_account_token(&self, asked: &ServiceAccountToken) -> io::Result<String> {
        let mut claims = self.account_claims(asked);
        merge(&mut claims, &asked.claims);
        let writing = Writing {
            signed_by: asked.signed_by,
            header: asked.header.clone(),
            ..Writing::default()
        };
        self.issue(&self.cluster.keys, &writing, claims)
    }

    fn account_claims(&self, asked: &ServiceAccountToken) -> Value {
        let ServiceAccountToken {
            namespace, name, ..
        } = asked;
        let now = self.cluster.clock.time().as_second();
        let mut bound = json!({
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": uid(namespace, name)},
        });
        if let Some(pod) = &asked.pod {
            let uid = self.cluster.pods.run(namespace, pod);
            bound["pod"] = json!({"name": pod, "uid": uid});
        }
        json!({
            "iss": asked.issuer.clone().unwrap_or_else(|| self.cluster_issuer()),
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "aud": asked.audiences,
            "iat": now + asked.issued_in,
            "nbf": now + asked.valid_in,
            "exp": now + asked.expires_in,
            "jti": Uuid::new_v4().to_string(),
            "kubernetes.io": bound,
        })
    }
}

//! The review of a token.
//!
//! Sources: Kubernetes API reference, `TokenReview` v1; kubernetes/kubernetes
//! `pkg/serviceaccount/jwt.go` and `claims.go` (order of the checks, their words, a
//! minute of leeway, what `extra` has), `pkg/registry/authentication/tokenreview`. The
//! words for a bad signature and for a subject that is not its account's are guesses.

use axum::{body::Body, http::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BASE, accounts, refusals};
use crate::{
    azure::Azure,
    gate::{Asked, json as answer},
};

/// The only account that may have tokens reviewed.
const REVIEWER: &str = "system:serviceaccount:mi-gateway:mi-gateway";

/// How far clocks may be apart: `jwt.DefaultLeeway` of go-jose.
const LEEWAY: i64 = 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenReview {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    token: String,
    audiences: Vec<String>,
}

/// Somebody whose token is good, and for which audiences.
struct Known {
    user: Value,
    audiences: Vec<String>,
}

/// `POST` of a review
pub(super) fn answer_to(azure: &Azure, asked: &Asked) -> Response<Body> {
    let header = asked.recorded.header("authorization");
    let own = header.and_then(|value| value.strip_prefix("Bearer "));
    let Some(Ok(reviewer)) = own.map(|token| azure.authenticate(token, &[])) else {
        return refusals::unauthorized();
    };
    let name = reviewer.user["username"].as_str().unwrap_or_default();
    if name != REVIEWER {
        return refusals::forbidden(name);
    }
    match serde_json::from_slice::<TokenReview>(&asked.body) {
        Ok(review) => reviewed(azure, &review),
        Err(error) => refusals::bad_request(&error.to_string()),
    }
}

fn reviewed(azure: &Azure, review: &TokenReview) -> Response<Body> {
    const VERSION: &str = "authentication.k8s.io/v1";
    let TokenReview {
        api_version,
        kind,
        metadata,
        spec,
    } = review;
    let is = |given: &Option<String>, own: &str| given.as_deref().is_none_or(|it| it == own);
    if !is(api_version, VERSION) || !is(kind, "TokenReview") {
        return refusals::bad_request("the object provided is unrecognized");
    }
    if spec.token.is_empty() {
        return refusals::bad_request("token is required for TokenReview in authentication");
    }
    let mut said = json!({"token": spec.token});
    if !spec.audiences.is_empty() {
        said["audiences"] = json!(spec.audiences);
    }
    // What is false or empty is left out, but for the user.
    let status = match azure.authenticate(&spec.token, &spec.audiences) {
        Ok(known) => json!({
            "authenticated": true,
            "user": known.user,
            "audiences": known.audiences,
        }),
        Err(why) => json!({"user": {}, "error": why}),
    };
    let mut metadata = metadata.clone();
    if !metadata.is_object() {
        metadata = json!({});
    }
    metadata["creationTimestamp"] = Value::Null;
    let body = json!({
        "kind": "TokenReview",
        "apiVersion": VERSION,
        "metadata": metadata,
        "spec": said,
        "status": status,
    });
    answer(201, &body)
}

impl Azure {
    /// Whose `token` is, if it is good for one of `audiences`; without any, for the
    /// API server.
    fn authenticate(&self, token: &str, audiences: &[String]) -> Result<Known, String> {
        let claims = self.signed_claims(token)?;
        let own = [self.cluster_issuer()];
        let target = if audiences.is_empty() {
            &own
        } else {
            audiences
        };
        let given = audiences_of(&claims["aud"]);
        let common: Vec<_> = given.iter().filter(|it| target.contains(it)).collect();
        if common.is_empty() {
            return Err(invalid(&format!(
                "token audiences {} is invalid for the target audiences {}",
                quoted(&given),
                quoted(target)
            )));
        }
        self.check_times(&claims)?;
        Ok(Known {
            user: self.account(&claims)?,
            audiences: common.into_iter().cloned().collect(),
        })
    }

    /// What `token` says, if a key of the cluster signed it.
    fn signed_claims(&self, token: &str) -> Result<Value, String> {
        const UNKNOWN: &str = "invalid bearer token";
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let json = |part: &str| serde_json::from_slice::<Value>(&decoded(part)?).ok();
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(UNKNOWN.to_owned());
        };
        let (Some(header), Some(said)) = (json(header), json(claims)) else {
            return Err(UNKNOWN.to_owned());
        };
        // Of any host: by which name a client came is its own affair.
        let issuer = said["iss"].as_str().unwrap_or_default();
        if !issuer.ends_with(BASE) {
            return Err(UNKNOWN.to_owned());
        }
        let message = &token[..token.len() - signature.len() - 1];
        let signature = decoded(signature).unwrap_or_default();
        let keys = self.cluster.keys.in_turn();
        let mut keys = keys.map_err(|error| error.to_string())?.into_iter();
        let is_signed = header["alg"] == "RS256"
            && keys.any(|key| {
                header["kid"] == self.cluster.keys.id(&key)
                    && key.has_signed(message.as_bytes(), &signature)
            });
        if is_signed {
            Ok(said)
        } else {
            Err(invalid("failed to verify signature"))
        }
    }

    fn check_times(&self, claims: &Value) -> Result<(), String> {
        let now = self.cluster.clock.time().as_second();
        let expires = claims["exp"].as_i64().unwrap_or_default();
        let begins = claims["nbf"].as_i64().unwrap_or_default();
        if now - LEEWAY > expires {
            Err(invalid("service account token has expired"))
        } else if now + LEEWAY < begins {
            Err(invalid("service account token is not valid yet"))
        } else {
            Ok(())
        }
    }

    /// Whose token it is, if what it is bound to is still there.
    fn account(&self, claims: &Value) -> Result<Value, String> {
        let bound = &claims["kubernetes.io"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = text(&bound["namespace"]);
        let name = text(&bound["serviceaccount"]["name"]);
        let username = format!("system:serviceaccount:{namespace}:{name}");
        if claims["sub"] != username {
            return Err(invalid("Token could not be validated"));
        }
        let mut extra = json!({
            "authentication.kubernetes.io/credential-id": [format!("JTI={}", text(&claims["jti"]))],
        });
        let pod = &bound["pod"];
        if !pod.is_null() {
            let (pod, uid) = (text(&pod["name"]), text(&pod["uid"]));
            if !self.cluster.pods.has(&namespace, &pod, &uid) {
                return Err(invalid("service account token has been invalidated"));
            }
            extra["authentication.kubernetes.io/pod-name"] = json!([pod]);
            extra["authentication.kubernetes.io/pod-uid"] = json!([uid]);
        }
        Ok(json!({
            "username": username,
            "uid": accounts::uid(&namespace, &name),
            "groups": [
                "system:serviceaccounts",
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated",
            ],
            "extra": extra,
        }))
    }
}

fn audiences_of(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// As Go writes a list of strings by `%q`.
fn quoted(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", texts.join(" "))
}

/// What every authenticator said, of which that of service accounts is the second.
fn invalid(why: &str) -> String {
    format!("[invalid bearer token, {why}]")
}

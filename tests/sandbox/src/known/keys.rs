//! What can be asked of those who issue tokens: where they are, and their keys.
//!
//! Sources: "`OpenID` Connect on the Microsoft identity platform"; "Access tokens in
//! the Microsoft identity platform" (`appid`, for apps with keys of their own: here
//! none has any); "Configure Service Accounts for Pods", issuer discovery; Kubernetes
//! API reference, `TokenReview` v1.

use super::{
    body::{
        self,
        Below::{Anything, Members},
        Body,
    },
    entry::Entry,
};

const APP: &[&str] = &["appid"];

pub(super) const KEYS: &[Entry] = &[
    Entry::get("/*/v2.0/.well-known/openid-configuration", APP),
    Entry::get("/*/.well-known/openid-configuration", APP),
    Entry::get("/*/discovery/v2.0/keys", APP),
    Entry::get("/*/discovery/keys", APP),
    Entry::get("/kubernetes/openid/v1/jwks", &[]),
];

/// The review of a token: only its metadata may say what is not heard.
pub(super) const TOKEN_REVIEW: &[Entry] = &[
    Entry::post(
        "/apis/authentication.k8s.io/v1/tokenreviews",
        &[],
        Body::Json(REVIEW),
    ),
    Entry::post(
        "/kubernetes/apis/authentication.k8s.io/v1/tokenreviews",
        &[],
        Body::Json(REVIEW),
    ),
];

const REVIEW: body::Members = &[
    ("apiVersion", Anything),
    ("kind", Anything),
    ("metadata", Anything),
    (
        "spec",
        Members(&[("token", Anything), ("audiences", Anything)]),
    ),
];

//! Somebody who has tokens reviewed, with the account of the gateway.

use std::{collections::HashMap, fs};

use azure_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{Answer, post};

/// Where reviews are to be had.
pub(crate) fn reviews(azure: &Sandbox) -> String {
    format!(
        "{}/apis/authentication.k8s.io/v1/tokenreviews",
        azure.kubernetes_url()
    )
}

/// What the gateway is told of the cluster.
pub(crate) fn variables(azure: &Sandbox) -> HashMap<String, String> {
    azure.kubernetes_environment().into_iter().collect()
}

/// The gateway's own authorization.
pub(crate) fn own(azure: &Sandbox) -> String {
    let file = &variables(azure)["MIG_KUBERNETES_TOKEN_FILE"];
    format!("Bearer {}", fs::read_to_string(file).unwrap())
}

/// A review as it is asked for.
pub(crate) fn object(token: &str, audiences: &[&str]) -> Value {
    json!({
        "kind": "TokenReview",
        "apiVersion": "authentication.k8s.io/v1",
        "spec": {"token": token, "audiences": audiences},
    })
}

/// What the API server says to it.
pub(crate) fn review(azure: &Sandbox, token: &str, audiences: &[&str]) -> Answer {
    let authorization = own(azure);
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
    ];
    let body = object(token, audiences).to_string();
    post(&reviews(azure), &headers, &body)
}

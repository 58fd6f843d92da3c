//! What is done to identities and their tokens, over HTTP.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::misunderstood;
use crate::{azure::Azure, gate::json as answer, settings::Identity, tokens::HostCache};

/// `POST /sandbox/tokens/identity`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    /// The name of a user-assigned identity; absent: the right one.
    name: Option<String>,
}

/// `POST /sandbox/tokens/audience`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addressee {
    /// Absent: the right one.
    audience: Option<String>,
}

/// Answers what is asked there, if it is one of these.
pub(super) fn answer_to(
    azure: &Azure,
    method: &str,
    path: &str,
    body: &Bytes,
) -> Option<Response<Body>> {
    match (method, path) {
        ("POST", "/sandbox/tokens/expire") => azure.tokens.refuse_all(HostCache::Forgets),
        ("POST", "/sandbox/tokens/reject") => azure.tokens.refuse_all(HostCache::Keeps),
        ("POST", "/sandbox/tokens/identity") => return Some(issue_as(azure, body)),
        ("POST", "/sandbox/tokens/audience") => return Some(address_to(azure, body)),
        ("POST", "/sandbox/assertions/expire") => azure.assertions.expire(),
        ("POST", "/sandbox/assertions/rotate") => return Some(done(azure.assertions.rotate())),
        ("POST", "/sandbox/certificate/change") => {
            return Some(done(azure.certificates.exchange()));
        }
        _ => return None,
    }
    Some(done(Ok(())))
}

fn done(result: io::Result<()>) -> Response<Body> {
    match result {
        Ok(()) => answer(200, &json!({})),
        Err(error) => answer(500, &json!({"message": error.to_string()})),
    }
}

fn issue_as(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Holder>(body) {
        Ok(Holder { name }) => {
            azure.tokens.issue_as(name.as_deref().map(Identity::named));
            done(Ok(()))
        }
        Err(error) => misunderstood(&error),
    }
}

fn address_to(azure: &Azure, body: &Bytes) -> Response<Body> {
    match serde_json::from_slice::<Addressee>(body) {
        Ok(Addressee { audience }) => {
            azure.tokens.address_to(audience.as_deref());
            done(Ok(()))
        }
        Err(error) => misunderstood(&error),
    }
}

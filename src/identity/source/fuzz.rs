//! What has to hold of every answer from where tokens come from.

use std::time::Duration;

use actix_web::http::{StatusCode, header::HeaderMap};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{
    super::metadata,
    TokenError, Unusable, arc, azure_cli, msi,
    response::{self, Grant},
};
use crate::{
    config::IdentityId,
    http::{Error, Refusal, fuzz},
};

const CLIENT: &str = "5ab1e000-0000-4000-8000-000000000001";

const IMDS: &str = "http://169.254.169.254";

/// A second of the year 2027.
const NOW: i64 = 1_800_000_000;

/// No token is believed to last longer.
const LONGEST: Duration = Duration::from_hours(24 * 7);

/// No failure is remembered for longer, whatever the endpoint asks for.
const LONGEST_MEMORY: Duration = Duration::from_mins(5);

/// An answer of an endpoint, or what `az` writes.
pub(crate) fn token_response(parts: (StatusCode, &HeaderMap, &[u8])) {
    let (status, headers, body) = parts;
    if !status.is_success() {
        return refused(status, headers, body);
    }
    let read = |body: &[u8]| response::read(body, Timestamp::from_second(NOW).unwrap_or_default());
    if let Ok(grant) = read(body) {
        check(&grant);
    }
    if let Ok(answer) = azure_cli::answered(body) {
        match read(&answer.body) {
            Ok(grant) => check(&grant),
            Err(why) => assert!(why != Unusable::NotJson),
        }
    }
    if let Err(error) = msi::unmasked(fuzz::response(parts)) {
        assert!(error.refusal().is_some_and(|it| !it.status.is_success()));
    }
    if arc::is_honoured(body, &IdentityId::ClientId(CLIENT.to_owned())) {
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = said["client_id"].as_str().unwrap_or_default();
        assert!(id.eq_ignore_ascii_case(CLIENT), "{id:?}");
    }
}

/// Whichever version instance metadata names, the same is asked for at the same place.
pub(crate) fn versions(status: StatusCode, body: &[u8]) {
    let refusal = Refusal::read(status, &HeaderMap::new(), body);
    let (Some(version), Ok(endpoint)) = (refusal.newest_version, Url::parse(IMDS)) else {
        return;
    };
    let url = metadata::url(&endpoint, &version);
    assert_eq!(fuzz::host_asked(url.as_str()), "169.254.169.254");
    assert_eq!(url.path(), "/metadata/instance/compute");
    let mut pairs = url.query_pairs();
    assert_eq!(
        pairs.next(),
        Some(("api-version".into(), version.as_str().into()))
    );
    assert_eq!(pairs.next(), None);
}

/// A token fits into a header and lasts for some time, and what is said of its holder
/// fits into a command.
fn check(grant: &Grant) {
    let token = grant.token.expose();
    assert!(!token.is_empty() && token.bytes().all(|it| it.is_ascii_graphic()));
    assert!(!grant.lifetime.is_zero() && grant.lifetime <= LONGEST);
    for role in grant.claims.iter().flat_map(|claims| &claims.roles) {
        let is_inert = |it: u8| it.is_ascii_alphanumeric() || b".-_".contains(&it);
        assert!(!role.is_empty() && role.bytes().all(is_inert), "{role:?}");
    }
}

/// A refusal is remembered for a while, and the agent of Arc has then named a file.
fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) {
    let refusal = Refusal::read(status, headers, body);
    let error = || Error::Refused(Box::new(refusal.clone()));
    let hour = Duration::from_hours(1);
    let memory = TokenError::from_exchange(error()).memory(hour, hour);
    assert!(memory <= LONGEST_MEMORY, "{memory:?}");
    if let Ok(path) = arc::challenged(Err(error())) {
        let challenge = refusal.basic_challenge.unwrap_or_default();
        let told = challenge.split_once('=').map(|(_, path)| path);
        assert_eq!(told, path.to_str());
        assert!(!path.as_os_str().is_empty());
    }
}

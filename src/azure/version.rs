//! The version of `Microsoft.Compute` that this cloud offers.

use std::sync::{Arc, OnceLock};

use super::Reason;
use crate::http;

/// The version that is asked for first.
///
/// Source: Azure/azure-rest-api-specs, `Microsoft.Compute` virtual machines.
const NEWEST: &str = "2025-11-01";

/// What has been learnt of it, by all workers together.
#[derive(Clone, Default)]
pub(crate) struct ComputeVersion(Arc<OnceLock<String>>);

impl ComputeVersion {
    /// The version to ask for.
    pub(super) fn current(&self) -> &str {
        self.0.get().map_or(NEWEST, String::as_str)
    }

    /// The version to ask for instead of `asked`, if `error` refuses the newest
    /// one and names others, as in clouds other than the public one, which are some
    /// versions behind. It is kept: a cloud that gets newer is asked again after a
    /// restart.
    pub(super) fn older(&self, asked: &str, error: &http::Error) -> Option<&str> {
        let refusal = error.refusal()?;
        if Reason::of(refusal) != Reason::Version || asked != NEWEST {
            return None;
        }
        let offered = newest_of(refusal.message.as_deref()?)?;
        Some(self.0.get_or_init(|| {
            tracing::info!(
                version = offered,
                "this cloud's Microsoft.Compute does not offer {NEWEST}"
            );
            offered.to_owned()
        }))
    }
}

/// The newest stable version before ours that a sentence names. Dates in this
/// form compare as text.
fn newest_of(message: &str) -> Option<&str> {
    let words = message.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words
        .filter(|word| is_version(word) && *word < NEWEST)
        .max()
}

fn is_version(word: &str) -> bool {
    let pattern = b"dddd-dd-dd";
    word.len() == pattern.len()
        && word.bytes().zip(pattern).all(|(byte, kind)| match kind {
            b'd' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

#[cfg(test)]
mod tests {
    use actix_web::http::{StatusCode, header::HeaderMap};

    use super::*;
    use crate::http::Refusal;

    fn refused(status: StatusCode, body: &str) -> http::Error {
        http::Error::Refused(Box::new(Refusal::read(
            status,
            &HeaderMap::new(),
            body.as_bytes(),
        )))
    }

    const SENTENCE: &str = r#"{"error":{"code":"NoRegisteredProviderFound","message":"No registered
        resource provider found for location 'x' and API version '2025-11-01' for type
        'virtualMachines'. The supported api-versions are '2015-05-01-preview, 2022-11-01,
        2024-07-01, 2026-01-01-preview'. The supported locations are 'usgovarizona'."}}"#;

    #[test]
    fn the_newest_stable_version_that_is_offered_is_taken_and_kept() {
        let version = ComputeVersion::default();
        assert_eq!(version.current(), NEWEST);
        let sentence = SENTENCE.replace('\n', " ");
        let error = refused(StatusCode::BAD_REQUEST, &sentence);
        assert_eq!(version.older(NEWEST, &error), Some("2024-07-01"));
        assert_eq!(version.current(), "2024-07-01");
        assert_eq!(version.older("2024-07-01", &error), None);
    }

    #[test]
    fn a_type_that_is_not_found_in_a_version_is_asked_for_in_another() {
        let body = r#"{"error":{"code":"InvalidResourceType","message":"The resource type
            'virtualMachines' could not be found in the namespace 'Microsoft.Compute' for api
            version '2025-11-01'. The supported api-versions are '2022-11-01,2024-07-01'."}}"#;
        let error = refused(StatusCode::NOT_FOUND, &body.replace('\n', " "));
        let version = ComputeVersion::default();
        assert_eq!(version.older(NEWEST, &error), Some("2024-07-01"));
    }

    #[test]
    fn whatever_is_told_of_as_the_version_makes_it_an_older_one() {
        for status in [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND] {
            for code in [
                "NoRegisteredProviderFound",
                "InvalidResourceType",
                "InvalidApiVersionParameter",
                "UnsupportedApiVersion",
            ] {
                let body = SENTENCE.replace('\n', " ");
                let error = refused(status, &body.replace("NoRegisteredProviderFound", code));
                let version = ComputeVersion::default();
                let older = version.older(NEWEST, &error);
                assert_eq!(older, Some("2024-07-01"), "{status} {code}");
            }
        }
    }

    #[test]
    fn the_newest_of_a_long_list_is_not_cut_off() {
        let old = "2015-06-15, 2016-03-30, 2017-03-30, ".repeat(40);
        let sentence = SENTENCE
            .replace('\n', " ")
            .replace("2015-05-01-preview, ", &old);
        let error = refused(StatusCode::BAD_REQUEST, &sentence);
        let version = ComputeVersion::default();
        assert_eq!(version.older(NEWEST, &error), Some("2024-07-01"));
    }

    #[test]
    fn what_speaks_of_no_version_changes_none() {
        let version = ComputeVersion::default();
        for (status, body) in [
            (
                StatusCode::BAD_REQUEST,
                r#"{"error":{"code":"InvalidParameter","message":"2024-07-01"}}"#,
            ),
            (
                StatusCode::BAD_REQUEST,
                r#"{"error":{"code":"NoRegisteredProviderFound","message":"none"}}"#,
            ),
            (StatusCode::CONFLICT, &SENTENCE.replace('\n', " ")),
            (
                StatusCode::NOT_FOUND,
                r#"{"error":{"code":"InvalidResourceType","message":"not in '2025-11-01'"}}"#,
            ),
        ] {
            assert_eq!(
                version.older(NEWEST, &refused(status, body)),
                None,
                "{body}"
            );
        }
        assert_eq!(version.current(), NEWEST);
    }
}

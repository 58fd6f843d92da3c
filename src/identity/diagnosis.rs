//! What stands between the gateway and a token, in a word that stays, and what
//! mends it.

mod mend;

use super::{LocalFault, TokenError, failure::Unusable};
use crate::{
    http::{self, Refusal},
    task::Unfinished,
};

/// Told apart by what somebody would do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    NotAssigned,
    NotInTenant,
    Ambiguous,
    AudienceUnknown,
    MetadataHeaderMissing,
    HeaderRefused,
    NotImds,
    AssertionExpired,
    NotFederated,
    KeyUnusable,
    AssertionUnreadable,
    CliUnusable,
    WrongIdentity,
    WrongAudience,
    Expired,
    NotUnderstood,
    Refused,
    Rejected,
    Throttled,
    Failing,
    Unreachable,
    Waiting,
    Stopping,
}

impl Diagnosis {
    /// What `error` comes to.
    pub(super) fn of(error: &TokenError) -> Self {
        match error {
            TokenError::Refused(error) => error.refusal().map_or(Self::Unreachable, of_refusal),
            TokenError::Throttled(_) => Self::Throttled,
            TokenError::Unavailable(http::Error::Refused(refusal)) => of_failure(refusal),
            TokenError::Unavailable(_) => Self::Unreachable,
            TokenError::Local(fault) => of_fault(fault),
            TokenError::Unusable(why) => of_answer(*why),
            // It is begun anew when the next caller comes.
            TokenError::Waiting | TokenError::Unfinished(Unfinished::Panicked) => Self::Waiting,
            TokenError::Unchanged => Self::Rejected,
            TokenError::Unfinished(Unfinished::Stopped) => Self::Stopping,
        }
    }

    /// Whether there is no such identity, as far as is known.
    pub(super) fn is_of_the_identity(self) -> bool {
        matches!(self, Self::NotAssigned | Self::NotInTenant)
    }

    /// The word, as `openapi.yaml` has it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotAssigned | Self::NotInTenant => "identity_not_assigned",
            Self::Ambiguous => "identity_ambiguous",
            Self::AudienceUnknown => "audience_unknown",
            Self::MetadataHeaderMissing => "metadata_header_missing",
            Self::HeaderRefused => "identity_header_refused",
            Self::NotImds => "not_imds",
            Self::AssertionExpired => "assertion_expired",
            Self::NotFederated => "not_federated",
            Self::KeyUnusable => "arc_key_unusable",
            Self::AssertionUnreadable => "assertion_unreadable",
            Self::CliUnusable => "azure_cli_unusable",
            Self::WrongIdentity => "wrong_identity",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotUnderstood => "not_understood",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Throttled => "throttled",
            Self::Failing => "failing",
            Self::Unreachable => "unreachable",
            Self::Waiting => "waiting",
            Self::Stopping => "stopping",
        }
    }
}

/// The description is for people and may change: it makes the words of a
/// refusal better, and no request different.
///
/// Source: "How to use managed identities on an Azure VM to acquire an access
/// token", error handling.
fn of_refusal(refusal: &Refusal) -> Diagnosis {
    match (of_words(refusal), refusal.status.as_u16()) {
        (Some(diagnosis), _) => diagnosis,
        // An App Service that is sent another header than its own.
        (None, 401 | 403) if is_mute(refusal) && is_by(refusal, "Kestrel") => {
            Diagnosis::HeaderRefused
        }
        (None, 300..=399 | 405) => Diagnosis::NotImds,
        (None, _) if is_mute(refusal) && !is_by(refusal, "IMDS/") => Diagnosis::NotImds,
        (None, _) => Diagnosis::Refused,
    }
}

fn of_words(refusal: &Refusal) -> Option<Diagnosis> {
    let code = refusal.code.as_deref().unwrap_or_default();
    let said = format!("{code} {}", refusal.message.as_deref().unwrap_or_default());
    let said = said.to_ascii_lowercase();
    let known = SAID.iter().find(|(words, _)| said.contains(words))?;
    Some(known.1)
}

/// What is in the words of a refusal, in lower case. Sources: the same;
/// "Microsoft Entra authentication error codes"; `Azure/azure-cli#20196`; "Managed
/// identities in Service Fabric"; for the unreachable network the proxy of
/// Docker Desktop, Azure/azure-sdk-for-go `managed_identity_client`.
const SAID: [(&str, Diagnosis); 13] = [
    ("aadsts50001", Diagnosis::AudienceUnknown),
    ("invalid_resource", Diagnosis::AudienceUnknown),
    ("aadsts700024", Diagnosis::AssertionExpired),
    ("aadsts70021", Diagnosis::NotFederated),
    ("aadsts700016", Diagnosis::NotInTenant),
    ("multiple user assigned", Diagnosis::Ambiguous),
    ("metadata header", Diagnosis::MetadataHeaderMissing),
    ("identity not found", Diagnosis::NotAssigned),
    ("no msi found", Diagnosis::NotAssigned),
    ("unable to load requested managed", Diagnosis::NotAssigned),
    ("managedidentitynotfound", Diagnosis::NotAssigned),
    ("secretheadernotfound", Diagnosis::HeaderRefused),
    ("to an unreachable ", Diagnosis::Unreachable),
];

/// A 404 may pass, and may say that there is no such identity. The proxy of workload
/// identity puts Entra ID's words into a 500.
fn of_failure(refusal: &Refusal) -> Diagnosis {
    if let Some(diagnosis) = of_words(refusal) {
        return diagnosis;
    }
    match (of_refusal(refusal), refusal.status.as_u16()) {
        // A proxy that does not get through; the endpoints have words for it.
        (Diagnosis::NotImds, 502 | 504) => Diagnosis::NotImds,
        _ => Diagnosis::Failing,
    }
}

fn of_fault(fault: &LocalFault) -> Diagnosis {
    match fault {
        LocalFault::NoChallenge | LocalFault::UnclearChallenge | LocalFault::Untrusted(_) => {
            Diagnosis::NotImds
        }
        LocalFault::KeyOutside
        | LocalFault::NoKey
        | LocalFault::KeyTooLong
        | LocalFault::KeyUnreadable(_) => Diagnosis::KeyUnusable,
        LocalFault::NotHonoured => Diagnosis::WrongIdentity,
        LocalFault::AssertionUnreadable(_) | LocalFault::NoAssertion => {
            Diagnosis::AssertionUnreadable
        }
        LocalFault::NoCli(_) | LocalFault::CliRefused(_) | LocalFault::CliTooOld => {
            Diagnosis::CliUnusable
        }
    }
}

fn of_answer(why: Unusable) -> Diagnosis {
    match why {
        Unusable::NotJson | Unusable::TooLong => Diagnosis::NotImds,
        Unusable::WrongIdentity => Diagnosis::WrongIdentity,
        Unusable::WrongAudience => Diagnosis::WrongAudience,
        Unusable::Expired => Diagnosis::Expired,
        Unusable::NoToken | Unusable::NotText | Unusable::UnknownExpiry | Unusable::NoExpiry => {
            Diagnosis::NotUnderstood
        }
    }
}

/// Whether it has none of the documented forms.
fn is_mute(refusal: &Refusal) -> bool {
    refusal.code.is_none() && refusal.message.is_none()
}

fn is_by(refusal: &Refusal, server: &str) -> bool {
    let named = refusal.server.as_deref().unwrap_or_default();
    named.starts_with(server)
}

#[cfg(test)]
mod tests {
    use actix_web::http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderValue, SERVER},
    };

    use super::*;

    fn refused(status: u16, server: &'static str, body: &str) -> TokenError {
        let mut headers = HeaderMap::new();
        headers.insert(SERVER, HeaderValue::from_static(server));
        if !body.starts_with('{') {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        }
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = Refusal::read(status, &headers, body.as_bytes());
        TokenError::from_exchange(http::Error::Refused(Box::new(refusal)))
    }

    fn code(status: u16, server: &'static str, body: &str) -> &'static str {
        refused(status, server, body).code()
    }

    #[test]
    fn each_refusal_has_a_code_of_its_own() {
        for (status, body, expected) in [
            (400, "Identity not found", "identity_not_assigned"),
            (
                400,
                "Multiple user assigned identities exist, please specify the clientId / \
                 resourceId of the identity in the token request",
                "identity_ambiguous",
            ),
            (
                400,
                "Required metadata header not specified",
                "metadata_header_missing",
            ),
            (400, "AADSTS500011: The resource", "audience_unknown"),
            (400, "AADSTS50001: The resource", "audience_unknown"),
            (401, "AADSTS700024: Client assertion", "assertion_expired"),
            (401, "AADSTS700213: No matching", "not_federated"),
            (
                404,
                "No MSI found for specified ClientId",
                "identity_not_assigned",
            ),
            (404, "", "failing"),
            (410, "", "failing"),
            (429, "", "throttled"),
            (500, "unknown", "failing"),
            (500, "failed: AADSTS70021: No match", "not_federated"),
            (500, "failed: AADSTS700024: Cl", "assertion_expired"),
            (400, "something new", "refused"),
            (
                403,
                "A socket operation was attempted to an unreachable network",
                "unreachable",
            ),
        ] {
            assert_eq!(code(status, "IMDS/150", body), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_application_that_entra_does_not_know_is_no_matter_of_the_host() {
        let body = r#"{"error":"unauthorized_client","error_description":"AADSTS700016: no"}"#;
        let unknown = refused(400, "", body);
        assert_eq!(unknown.code(), "identity_not_assigned");
        let mend = unknown.mend().unwrap();
        assert!(
            mend.contains("AZURE_CLIENT_ID and AZURE_TENANT_ID"),
            "{mend}"
        );
        assert!(!mend.contains("MIG_"), "{mend}");
    }

    #[test]
    fn what_is_mute_is_no_identity_endpoint() {
        assert_eq!(code(403, "Kestrel", ""), "identity_header_refused");
        assert_eq!(code(403, "squid", "<html>"), "not_imds");
        assert_eq!(code(403, "IMDS/150", ""), "refused");
        assert_eq!(code(405, "Kestrel", ""), "not_imds");
        assert_eq!(code(502, "squid", "<html>"), "not_imds");
        assert_eq!(code(502, "IMDS/150", ""), "failing");
        assert_eq!(code(503, "", ""), "failing");
        assert_eq!(
            code(400, "squid", r#"{"error":"invalid_request"}"#),
            "refused"
        );
    }

    #[test]
    fn what_does_not_pass_by_itself_says_how_it_is_mended() {
        for status in [400, 401, 403, 405, 302] {
            let error = refused(status, "IMDS/150", "");
            assert!(error.mend().is_some(), "{status}");
        }
        for why in [
            Unusable::NotJson,
            Unusable::Expired,
            Unusable::WrongIdentity,
        ] {
            assert!(TokenError::Unusable(why).mend().is_some(), "{why}");
        }
        for passing in [
            refused(429, "IMDS/150", ""),
            refused(410, "IMDS/150", ""),
            TokenError::Waiting,
            Unfinished::Stopped.into(),
        ] {
            assert_eq!(passing.mend(), None, "{passing}");
        }
    }
}

//! How Entra ID refuses a token.
//!
//! Sources: "Microsoft Entra authentication and authorization error codes"; the
//! bodies as posted in Azure/azure-workload-identity#340 and #1200,
//! external-secrets/external-secrets#2783 and
//! AzureAD/microsoft-authentication-library-for-dotnet#4951.

use axum::{body::Body, http::Response};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{azure::Azure, gate::json as answer, seed, tokens::claims::Validity};

/// A refusal.
pub(super) struct Refused {
    status: u16,
    error: &'static str,
    code: u32,
    message: String,
}

impl Refused {
    pub(super) fn not_post(method: &str) -> Self {
        let message =
            format!("The endpoint only accepts POST requests. Received a {method} request.");
        Self::request(900_561, message)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let message =
            format!("The request body must contain the following parameter: '{parameter}'.");
        Self::request(900_144, message)
    }

    pub(super) fn grant_type(grant_type: &str) -> Self {
        Self {
            status: 400,
            error: "unsupported_grant_type",
            code: 70_003,
            message: format!("The app requested an unsupported grant type '{grant_type}'."),
        }
    }

    pub(super) fn tenant(tenant: &str) -> Self {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and \
             are signing into the correct cloud."
        );
        Self::request(90_002, message)
    }

    pub(super) fn client(id: &str) -> Self {
        Self {
            status: 400,
            error: "unauthorized_client",
            code: 700_016,
            message: format!(
                "Application with identifier '{id}' was not found in the directory '{}'.",
                seed::TENANT
            ),
        }
    }

    pub(super) fn no_assertion() -> Self {
        let message = "The request body must contain the following parameter: \
                       'client_assertion' or 'client_secret'.";
        Self::client_refused(7_000_218, message.to_owned())
    }

    pub(super) fn malformed() -> Self {
        Self::client_refused(50_027, "JWT token is invalid or malformed.".to_owned())
    }

    /// `part` of an assertion is not that of the federated credential.
    pub(super) fn no_match(part: Part, value: &str) -> Self {
        let (code, part) = match part {
            Part::Issuer => (700_211, "issuer"),
            Part::Audience => (700_212, "audience"),
            Part::Subject => (700_213, "subject"),
        };
        let message = format!(
            "No matching federated identity record found for presented assertion {part} \
             '{value}'. Check your federated identity credential Subject, Audience and Issuer \
             against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        );
        Self::client_refused(code, message)
    }

    pub(super) fn signature() -> Self {
        let message = "Assertion failed signature validation.";
        Self::client_refused(50_013, message.to_owned())
    }

    pub(super) fn outside(validity: Validity, now: Timestamp) -> Self {
        let time = |seconds: u64| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
        };
        let message = format!(
            "Client assertion is not within its valid time range. Current time: {now}, assertion \
             valid from {}, expiry time of assertion {}. Review the documentation at \
             https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
            time(validity.not_before),
            time(validity.expires_on),
        );
        Self::client_refused(700_024, message)
    }

    pub(super) fn scope(scope: &str) -> Self {
        Self {
            status: 400,
            error: "invalid_scope",
            code: 1_002_012,
            message: format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
                 have a scope value with /.default suffixed to the resource identifier \
                 (application ID URI)."
            ),
        }
    }

    pub(super) fn resource(resource: &str) -> Self {
        Self {
            status: 400,
            error: "invalid_resource",
            code: 500_011,
            message: format!(
                "The resource principal named {resource} was not found in the tenant named {}.",
                seed::TENANT
            ),
        }
    }

    pub(super) fn throttled() -> Self {
        Self {
            status: 429,
            error: "temporarily_unavailable",
            code: 90_055,
            message: "There are too many incoming requests.".to_owned(),
        }
    }

    fn request(code: u32, message: String) -> Self {
        Self {
            status: 400,
            error: "invalid_request",
            code,
            message,
        }
    }

    fn client_refused(code: u32, message: String) -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            code,
            message,
        }
    }

    pub(super) fn answer(&self, azure: &Azure) -> Response<Body> {
        let Self { code, message, .. } = self;
        let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
        let timestamp = azure
            .clock
            .time()
            .strftime("%Y-%m-%d %H:%M:%SZ")
            .to_string();
        let description = format!(
            "AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: \
             {timestamp}"
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace.to_string(),
            "correlation_id": correlation.to_string(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        answer(self.status, &body)
    }
}

/// What of an assertion a federated credential is about.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Issuer,
    Audience,
    Subject,
}

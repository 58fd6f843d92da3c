//! The headers that may come with a request.
//!
//! Not among them is what would be misunderstood: `Content-Encoding`, `Range`,
//! conditions, `X-HTTP-Method-Override`.

use super::Entry;
use crate::journal::Service;

/// Of HTTP itself: RFC 9110, 9111 and 9112. None of them changes what is answered
/// here: there is one language, one coding and one media type.
const HTTP: &[&str] = &[
    "host",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "expect",
    "keep-alive",
    "pragma",
    "te",
    "transfer-encoding",
    "user-agent",
    // An offer that may be turned down: RFC 7540, 3.2, as Java's HttpClient makes.
    "upgrade",
    "http2-settings",
    // The Fetch standard: what `fetch` of Node sends without being asked.
    "sec-fetch-mode",
];

/// Of tracing.
const TRACING: &[&str] = &[
    // W3C Trace Context, W3C Baggage.
    "traceparent",
    "tracestate",
    "baggage",
    // Their predecessors: dotnet/runtime `DiagnosticsHandler`.
    "request-id",
    "correlation-context",
];

/// Of Azure's client libraries, wherever they send something: Azure/azure-sdk-for-go
/// `azcore/runtime/policy_logging.go`.
const AZURE: &[&str] = &["x-ms-client-request-id", "x-ms-return-client-request-id"];

/// Of the libraries that ask for tokens.
const MSAL: &[&str] = &[
    // AzureAD/microsoft-authentication-library-for-go
    // `apps/internal/oauth/ops/internal/comm/comm.go`
    "client-request-id",
    "return-client-request-id",
    "x-client-sku",
    "x-client-ver",
    "x-client-os",
    "x-client-cpu",
    // AzureAD/microsoft-authentication-library-for-js `Constants.ts`, `HeaderNames`
    "x-client-current-telemetry",
    "x-client-last-telemetry",
    "x-ms-lib-capability",
];

/// Of Resource Manager.
const ARM: &[&str] = &[
    "authorization",
    // Azure/azure-resource-manager-rpc `v1.0/common-api-details.md`
    "x-ms-correlation-request-id",
    // Azure/azure-cli#15635
    "commandname",
    "parametersetname",
    // Azure/bicep#7164
    "x-ms-command-name",
    "x-ms-parameter-set-name",
];

/// Of Graph.
const GRAPH: &[&str] = &[
    "authorization",
    // "Use the Microsoft Graph API": request headers
    "client-request-id",
    "return-client-request-id",
    // "Microsoft Graph throttling guidance"
    "x-ms-throttle-priority",
    // microsoftgraph/msgraph-sdk-design `RetryHandler.md`, `TelemetryHandler.md`
    "retry-attempt",
    "sdkversion",
    // microsoftgraph/msgraph-sdk-dotnet#2736
    "featureflag",
    // microsoftgraph/msgraph-sdk-python-core `middleware/telemetry.py`
    "hostos",
    "runtimeenvironment",
    // Azure/azure-cli `core/util.py`, `send_raw_request`
    "commandname",
    "parametersetname",
];

/// Of the API server of Kubernetes: "Auditing", "Kubernetes API concepts".
const KUBERNETES: &[&str] = &["authorization", "audit-id"];

/// Whether the header `name`, in lower case, may come with what is asked at
/// `entry` of `service`.
pub(super) fn is_known(service: Service, entry: &Entry, name: &str) -> bool {
    let of_service = match service {
        Service::Token | Service::Discovery | Service::Keys | Service::Instance => MSAL,
        Service::VirtualMachines
        | Service::Actions
        | Service::Operations
        | Service::ResourceGraph => ARM,
        Service::Graph => GRAPH,
        Service::TokenReview => KUBERNETES,
    };
    let known = [HTTP, AZURE, of_service, entry.headers, TRACING];
    known.iter().any(|names| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// hyper hands names over in lower case, and they are compared as they are.
    #[test]
    fn every_name_is_in_lower_case() {
        for name in [HTTP, TRACING, AZURE, MSAL, ARM, GRAPH, KUBERNETES].concat() {
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }
}

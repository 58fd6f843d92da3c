//! Refusals that pass: throttling, and Azure's own troubles.

use super::{Row, bare, refusal};

/// As MicrosoftDocs/SupportArticles-docs `troubleshooting-throttling-errors.md`
/// shows it: without an envelope, and with JSON in a string.
const COMPUTE: &str = r#"{"code":"OperationNotAllowed","message":"The server rejected the request because too many requests have been received for this subscription.","details":[{"code":"TooManyRequests","target":"HighCostGet","message":"{\"operationGroup\":\"HighCostGet\",\"startTime\":\"2018-06-29T19:54:21.0914017+00:00\",\"endTime\":\"2018-06-29T20:14:21.0914017+00:00\",\"allowedRequestCount\":300,\"measuredRequestCount\":1238}"}]}"#;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = throttling();
    rows.extend(troubles());
    rows
}

/// Sources: the document above; MicrosoftDocs/azure-docs#105248 for the
/// subscription's requests; Azure/alzlib#168 for the resource's; Azure/migAz#57
/// for the old one.
fn throttling() -> Vec<Row> {
    vec![
        bare(429, COMPUTE)
            .with("retry-after", "1200")
            .is(429, "throttled", &["the quota HighCostGet of Compute"])
            .after("1200"),
        refusal(
            429,
            "SubscriptionRequestsThrottled",
            "Number of requests for subscription '00000000-0000-0000-0000-000000000000' and \
             operation 'POST/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.COMPUTE/\
             VIRTUALMACHINES/START' exceeded the backend storage limit. Please try again after \
             '6' seconds.",
        )
        .is(429, "throttled", &["Azure is throttling"])
        .after("6"),
        refusal(
            429,
            "ResourceRequestsThrottled",
            "Number of requests for Microsoft.Authorization exceeded the limit of '120' for time \
             interval '00:01:00'. Please try again after '5' seconds.",
        )
        .is(429, "throttled", &["Azure is throttling"])
        .after("5"),
        refusal(429, "TooManyRequests", "The request is being throttled.")
            .is(429, "throttled", &["Azure is throttling"])
            .after("1"),
    ]
}

/// Azure may carry out the order all the same: nobody is told when to send it again.
///
/// Source: Azure/azure-resource-manager-rpc `v1.0/common-api-details.md`; the
/// words are ours.
fn troubles() -> Vec<Row> {
    const DOUBT: &str = "whether Azure carries it out is not known";
    const FAILED: &[&str] = &["Azure failed at deallocate", DOUBT];
    const SLOW: &[&str] = &["Azure gave up on deallocate", DOUBT];
    vec![
        refusal(500, "InternalServerError", "An error.").is(502, "upstream_failed", FAILED),
        refusal(500, "InternalServerError", "An error.")
            .with("x-ms-failure-cause", "gateway")
            .is(502, "upstream_failed", &["Resource Manager itself failed"]),
        bare(502, "<html>").is(502, "upstream_failed", FAILED),
        refusal(503, "ServerBusy", "Busy.")
            .with("retry-after", "30")
            .is(502, "upstream_failed", FAILED),
        refusal(504, "GatewayTimeout", "No response.")
            .with("retry-after", "7")
            .is(504, "upstream_timeout", SLOW),
        refusal(408, "RequestTimeout", "Too slow.")
            .with("retry-after", "7")
            .is(504, "upstream_timeout", SLOW),
    ]
}

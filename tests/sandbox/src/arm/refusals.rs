//! How Resource Manager says no.
//!
//! Sources: Azure/azure-resource-manager-rpc `v1.0/common-api-details.md`
//! (envelope); MicrosoftDocs/SupportArticles-docs
//! `troubleshooting-throttling-errors.md` (Compute's 429); recordings and issue
//! reports for the sentences.

use std::borrow::Borrow;

use axum::{body::Body, http::Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::quota::{Group, Quotas};
use crate::{
    gate::{json as answer, with},
    seed,
    settings::PollQuota,
    tokens::{Principal, Rejection},
};

/// The envelope of almost every refusal.
pub(crate) fn envelope(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// Compute's 429 for what it counts as `group`, of which so much is `allowed` in a
/// minute. It has no envelope, and details are JSON in a string.
pub(super) fn compute_throttled(group: Group, allowed: u32) -> Response<Body> {
    answer(429, &too_many(group.name(), allowed))
}

/// The sample of Compute's 429.
pub(crate) fn too_many_lists() -> Value {
    let (group, quotas) = (Group::HighCostGet, Quotas::new(PollQuota::default()));
    too_many(group.name(), quotas.refill(group))
}

fn too_many(group: &str, allowed: u32) -> Value {
    let now = Timestamp::now();
    let [started, ended] = [now - SignedDuration::from_mins(1), now]
        .map(|it| it.strftime("%Y-%m-%dT%H:%M:%S%.7f+00:00"));
    let counted = format!(
        "{{\"operationGroup\":\"{group}\",\"startTime\":\"{started}\",\"endTime\":\"{ended}\",\
         \"allowedRequestCount\":{allowed},\"measuredRequestCount\":{}}}",
        allowed + 1
    );
    json!({
        "code": "OperationNotAllowed",
        "message": "The server rejected the request because too many requests have been received \
                    for this subscription.",
        "details": [{
            "code": "TooManyRequests",
            "target": group,
            "message": counted,
        }],
    })
}

/// The 429 of Resource Manager itself.
///
/// Source: MicrosoftDocs/azure-docs#105248.
pub(super) fn arm_throttled(subscription: &str, operation: &str, seconds: u64) -> Response<Body> {
    let message = format!(
        "Number of requests for subscription '{subscription}' and operation '{operation}' exceeded \
         the backend storage limit. Please try again after '{seconds}' seconds."
    );
    gateway(429, "SubscriptionRequestsThrottled", &message)
}

/// Also what is answered where there is nothing at `scope`.
///
/// Source: MicrosoftDocs/azure-docs `role-based-access-control/troubleshooting.md`.
pub(super) fn unauthorized(principal: &Principal, action: &str, scope: &str) -> Response<Body> {
    let Principal {
        client_id,
        object_id,
        ..
    } = principal;
    let message = format!(
        "The client '{client_id}' with object id '{object_id}' does not have authorization to \
         perform action '{action}' over scope '{scope}' or the scope is invalid. If access was \
         recently granted, please refresh your credentials."
    );
    gateway(403, "AuthorizationFailed", &message)
}

/// A refusal that comes from Resource Manager itself and not from Compute.
pub(crate) fn gateway(status: u16, code: &str, message: &str) -> Response<Body> {
    with(
        answer(status, &envelope(code, message)),
        "x-ms-failure-cause",
        "gateway",
    )
}

pub(crate) fn unauthenticated(rejection: Rejection) -> Response<Body> {
    let (code, message, error) = match rejection {
        Rejection::Missing => (
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            None,
        ),
        Rejection::Unknown => (
            "InvalidAuthenticationToken",
            "The access token is invalid.",
            Some("The access token is invalid."),
        ),
        Rejection::Expired => (
            "ExpiredAuthenticationToken",
            "The access token has expired.",
            Some("The access token has expired."),
        ),
        Rejection::WrongAudience => (
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for wrong audience or resource. It should exactly \
             match with one of the allowed audiences 'https://management.core.windows.net/',\
             'https://management.core.windows.net','https://management.azure.com/',\
             'https://management.azure.com'.",
            Some("The access token has been obtained from wrong audience."),
        ),
    };
    let fault = error.map_or_else(String::new, |description| {
        format!(", error=\"invalid_token\", error_description=\"{description}\"")
    });
    let authority = format!("https://login.windows.net/{}", seed::TENANT);
    let challenge = format!("Bearer authorization_uri=\"{authority}\"{fault}");
    with(gateway(401, code, message), "www-authenticate", &challenge)
}

pub(crate) fn missing_version() -> Response<Body> {
    let message = "The api-version query parameter (?api-version=) is required for all requests.";
    gateway(400, "MissingApiVersionParameter", message)
}

pub(crate) fn unregistered(
    kind: &str,
    version: &str,
    known: &[impl Borrow<str>],
) -> Response<Body> {
    let known: Vec<&str> = known.iter().map(Borrow::borrow).collect();
    let known = known.join(", ");
    let message = format!(
        "No registered resource provider found for API version '{version}' for type \
         '{kind}'. The supported api-versions are '{known}'."
    );
    gateway(400, "NoRegisteredProviderFound", &message)
}

pub(crate) fn subscription_not_found(subscription: &str) -> Response<Body> {
    let message = format!("The subscription '{subscription}' could not be found.");
    gateway(404, "SubscriptionNotFound", &message)
}

pub(crate) fn group_not_found(group: &str) -> Response<Body> {
    let message = format!("Resource group '{group}' could not be found.");
    gateway(404, "ResourceGroupNotFound", &message)
}

pub(crate) fn machine_not_found(group: &str, name: &str) -> Response<Body> {
    let message = format!(
        "The Resource 'Microsoft.Compute/virtualMachines/{name}' under resource group '{group}' \
         was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    gateway(404, "ResourceNotFound", &message)
}

pub(crate) fn operation_not_found(guid: &str) -> Response<Body> {
    answer(
        404,
        &envelope(
            "NotFound",
            &format!("The operation '{guid}' was not found."),
        ),
    )
}

/// The status is that of a URL whose signature fails; the words are ours.
pub(crate) fn signature() -> Response<Body> {
    let message = "The signature of the operation URL does not match it.";
    gateway(403, "InvalidOperationUrlSignature", message)
}

/// Where there is neither a subscription nor a provider of the tenant's.
///
/// Source: cloudquery/cloudquery#6635.
pub(crate) fn missing_subscription() -> Response<Body> {
    let message =
        "The request did not have a subscription or a valid tenant level resource provider.";
    gateway(404, "MissingSubscription", message)
}

/// Source: MicrosoftDocs/azure-docs
/// `articles/data-lake-store/data-lake-store-get-started-powershell.md`.
pub(super) fn invalid_namespace(namespace: &str) -> Response<Body> {
    let message = format!("The resource namespace '{namespace}' is invalid.");
    gateway(404, "InvalidResourceNamespace", &message)
}

/// Source: Azure/azure-sdk-for-python#31293; the headers Azure/azure-powershell#14385.
pub(super) fn invalid_type(namespace: &str, version: &str) -> Response<Body> {
    let message = format!(
        "The resource type could not be found in the namespace '{namespace}' for api version \
         '{version}'."
    );
    gateway(404, "InvalidResourceType", &message)
}

pub(crate) fn invalid_path(path: &str) -> Response<Body> {
    let message = format!("No HTTP resource was found that matches the request URI '{path}'.");
    gateway(404, "InvalidResourceType", &message)
}

pub(crate) fn invalid_parameter(name: &str, value: &str) -> Response<Body> {
    let message = format!("The value '{value}' of parameter '{name}' is invalid.");
    answer(400, &envelope("InvalidParameter", &message))
}

pub(crate) fn method_not_allowed(verb: &str) -> Response<Body> {
    let message = format!("The requested resource does not support http method '{verb}'.");
    gateway(405, "MethodNotAllowed", &message)
}

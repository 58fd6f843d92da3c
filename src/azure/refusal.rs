//! What Azure's refusals mean, told apart by who would do what about them.

use super::{Denied, explanation::is_shortage};
use crate::http::{Challenge, Refusal};

/// Why Azure did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The token is of another tenant than the subscription: no other token of
    /// this identity will do.
    WrongTenant,
    /// Tokens issued before some moment are no longer accepted.
    Revoked,
    /// The token is not accepted.
    Rejected,
    /// A permission is missing, which Azure names as a rule.
    NotPermitted(Option<Denied>),
    /// A policy of Azure forbids it to everybody.
    Policy,
    /// A deny assignment forbids it, whatever roles there are.
    DenyAssignment,
    NoSuchSubscription,
    NoSuchGroup,
    NoSuchResource,
    /// This cloud does not have the version of the API.
    Version,
    /// A lock forbids it to everybody.
    Locked,
    /// Another request, or operation, has the resource in hand.
    Busy,
    /// The state of the resource forbids it.
    State,
    /// There is nothing to run the machine on.
    Shortage,
    /// The resource is not the one that the condition speaks of.
    Precondition,
    /// A value in the request is none that Azure takes.
    Parameter,
    Throttled,
    /// Azure itself waited for too long.
    TooSlow,
    /// Azure is broken.
    Failed,
    /// The request is not to Azure's liking.
    Unsuitable,
}

impl Reason {
    /// The status decides before the code: `OperationNotAllowed` is both a
    /// machine in the wrong state and Compute's throttling.
    ///
    /// Sources: Azure/azure-resource-manager-rpc `v1.0/common-api-details.md`;
    /// Azure Resource Manager, "Resolve common Azure deployment errors" and
    /// "Understand how Azure Resource Manager throttles requests";
    /// "Resolve errors for resource provider registration" and
    /// Azure/azure-sdk-for-python#31293 for the version;
    /// cloudfoundry/bosh-azure-cpi-release#762 for the concurrent write; Azure/migAz#266 for
    /// the deny assignment.
    pub(crate) fn of(refusal: &Refusal) -> Self {
        let code = refusal.code.as_deref().unwrap_or_default();
        match (refusal.status.as_u16(), code) {
            (401, _) => Self::of_challenge(code, &refusal.challenge),
            (403, "RequestDisallowedByPolicy") => Self::Policy,
            (403, "DenyAssignmentAuthorizationFailed") => Self::DenyAssignment,
            (403, _) => Self::NotPermitted(refusal.message.as_deref().and_then(Denied::read)),
            (400, _) if sees_nothing(refusal) => Self::NotPermitted(None),
            (404, "SubscriptionNotFound") => Self::NoSuchSubscription,
            (404, "ResourceGroupNotFound") => Self::NoSuchGroup,
            (
                400 | 404,
                "NoRegisteredProviderFound"
                | "InvalidResourceType"
                | "InvalidApiVersionParameter"
                | "UnsupportedApiVersion",
            ) => Self::Version,
            (404, _) => Self::NoSuchResource,
            (429, "RetryableErrorDueToAnotherOperation")
            | (
                409,
                "Conflict" | "ConflictingConcurrentWriteNotAllowed" | "AnotherOperationInProgress",
            ) => Self::Busy,
            (429, _) => Self::Throttled,
            (409, "ScopeLocked") => Self::Locked,
            (400..=499, code) if is_shortage(code) || is_quota(refusal) => Self::Shortage,
            (400, code) if !is_malformed(code) => Self::Parameter,
            (409, _) => Self::State,
            (412, _) => Self::Precondition,
            (408 | 504, _) => Self::TooSlow,
            (500..=599, _) => Self::Failed,
            _ => Self::Unsuitable,
        }
    }

    /// Sources: "Claims challenges, claims requests and client capabilities" of
    /// the Microsoft identity platform; the wrong tenant as Resource Manager
    /// words it.
    fn of_challenge(code: &str, challenge: &Challenge) -> Self {
        let description = challenge.description.as_deref().unwrap_or_default();
        if code == "InvalidAuthenticationTokenTenant" || description.contains("wrong issuer") {
            Self::WrongTenant
        } else if challenge.has_claims || challenge.error.as_deref() == Some("insufficient_claims")
        {
            Self::Revoked
        } else {
            Self::Rejected
        }
    }

    /// Whether another token may be let through where this one was not.
    pub(super) fn calls_for_another_token(&self) -> bool {
        matches!(self, Self::Revoked | Self::Rejected)
    }
}

/// Whether Resource Graph refuses because the identity may read nothing in any
/// of the subscriptions. Those that it may not read beside others are left out
/// without a word.
///
/// Source: Azure/aztfexport#331.
fn sees_nothing(refusal: &Refusal) -> bool {
    refusal.detail.as_deref() == Some("NoValidSubscriptionsInQueryRequest")
}

/// Whether the request is none, whatever its values are; nobody else than Azure gives
/// codes. The codes for what a machine cannot be changed to are many: a size that it cannot
/// boot is `BadRequest`, and one for fewer network interfaces has its own.
///
/// Sources: "Troubleshoot common Azure deployment errors"; loft-sh/devpod#731 and
/// Azure/azure-sdk-for-java#15425 for the sizes.
fn is_malformed(code: &str) -> bool {
    matches!(
        code,
        "" | "InvalidRequestContent" | "InvalidRequestFormat" | "MissingApiVersionParameter"
    )
}

/// Compute tells of a quota of cores that is used up by the code of a wrong
/// state; only the words differ.
///
/// Source: Azure Resource Manager, "Resolve errors for resource quotas".
fn is_quota(refusal: &Refusal) -> bool {
    let words = refusal.message.as_deref().unwrap_or_default();
    refusal.code.as_deref() == Some("OperationNotAllowed")
        && words.contains("exceeding")
        && words.contains("quota")
}

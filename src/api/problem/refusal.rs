//! What callers are told when Azure refuses.

use std::time::Duration;

use super::{
    Code, Problem,
    grant::{self, Hints},
};
use crate::{
    azure::{Action, Call, Reason, explanation},
    http::Refusal,
};

/// When to come back if nobody says.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// When to come back after a conflict with another request: the least that
/// Resource Manager has clients wait for an operation.
///
/// Source: Azure/azure-resource-manager-rpc `v1.0/async-api-reference.md`.
const CONTENTION: Duration = Duration::from_secs(10);

const WRONG_TENANT: &str = "the subscription is of another tenant than the gateway's managed identity, so that none of its \
     tokens will do: see MIG_SCOPES; if the subscription was moved to this tenant within the hour, \
     Azure may not know yet";

const REVOKED: &str = "Azure no longer accepts tokens from before some moment, and the identity endpoint has no \
     newer one yet: try again later";

const REJECTED: &str = "Azure does not accept the token of the gateway's managed identity, and there is no other: see \
     whether the identity still exists, in the tenant of what is asked for";

const POLICY: &str = "a policy of Azure forbids this to everybody: the Activity Log of the \
                      subscription names it";

const DENY_ASSIGNMENT: &str = "a deny assignment forbids this, and no role helps: see Deny assignments under Access control \
     (IAM) of the virtual machine; whoever made it, such as a managed application, a deployment \
     stack or AKS, has to lift it or to except the gateway's managed identity";

const NO_SUBSCRIPTION: &str =
    "Azure knows no such subscription: see MIG_SCOPES, and whether it was deleted or disabled";

const NO_GROUP: &str =
    "Azure knows no such resource group: see ?resourceGroup=, if it was given, and MIG_SCOPES";

const VERSION: &str = "the Compute service of this cloud does not offer it";

const NO_SEARCH: &str = "this cloud does not offer the version of Resource Graph that is asked for";

const LOCKED: &str = "a lock on the virtual machine, its resource group or its subscription forbids every order, \
     deallocation too: a machine that runs goes on to run and to be billed until somebody removes \
     the lock";

/// The problem that `refusal` of `call` is.
pub(super) fn problem(call: Call, hints: &Hints<'_>, refusal: &Refusal) -> Problem {
    let reason = fitting(Reason::of(refusal), call);
    let problem = Problem::new(code(&reason), detail(&reason, call, hints, refusal));
    match refusal.retry_after.or_else(|| usual_pause(&reason)) {
        Some(pause) => problem.retry_after(pause),
        None => problem,
    }
}

/// `reason`, if `call` can be refused for it. A search names no resource that
/// could be absent or in a wrong state, and only a change has values of the
/// caller's and names a version: whatever says so of others is a fault of ours,
/// on the way to Azure, or in its place.
fn fitting(reason: Reason, call: Call) -> Reason {
    let is_amiss = match call {
        Call::FindVms | Call::ListVms | Call::ListUsers | Call::ProbeUsers | Call::SyncUsers => {
            matches!(
                reason,
                Reason::NoSuchResource | Reason::State | Reason::Precondition | Reason::Parameter
            )
        }
        Call::Order(Action::Update) => false,
        Call::GetVm | Call::Permissions | Call::Order(_) | Call::OperationStatus => {
            matches!(reason, Reason::Precondition | Reason::Parameter)
        }
    };
    if is_amiss { Reason::Unsuitable } else { reason }
}

fn code(reason: &Reason) -> Code {
    match reason {
        Reason::WrongTenant
        | Reason::Revoked
        | Reason::Rejected
        | Reason::NotPermitted(_)
        | Reason::Policy
        | Reason::DenyAssignment => Code::UpstreamRefused,
        Reason::NoSuchSubscription | Reason::NoSuchGroup | Reason::NoSuchResource => Code::NotFound,
        Reason::Version => Code::Unsupported,
        Reason::Locked => Code::Locked,
        Reason::Busy | Reason::State => Code::Conflict,
        Reason::Shortage => Code::Capacity,
        Reason::Precondition => Code::PreconditionFailed,
        Reason::Parameter => Code::InvalidRequest,
        Reason::Throttled => Code::Throttled,
        Reason::TooSlow => Code::UpstreamTimeout,
        Reason::Failed | Reason::Unsuitable => Code::UpstreamFailed,
    }
}

fn detail(reason: &Reason, call: Call, hints: &Hints<'_>, refusal: &Refusal) -> String {
    match reason {
        Reason::WrongTenant => WRONG_TENANT.to_owned(),
        Reason::Revoked => REVOKED.to_owned(),
        Reason::Rejected => REJECTED.to_owned(),
        Reason::NotPermitted(denied) => {
            grant::remedy(call, denied.as_ref(), hints) + &grant::hint(&words(refusal, ""), hints)
        }
        Reason::Policy => POLICY.to_owned(),
        Reason::DenyAssignment => DENY_ASSIGNMENT.to_owned(),
        Reason::NoSuchSubscription => NO_SUBSCRIPTION.to_owned(),
        Reason::NoSuchGroup => NO_GROUP.to_owned(),
        Reason::NoSuchResource => "Azure knows no such resource".to_owned(),
        Reason::Version => version(call).to_owned(),
        Reason::Locked => LOCKED.to_owned(),
        Reason::Busy | Reason::State => words(refusal, "Azure reports a conflict"),
        Reason::Shortage => shortage(refusal),
        Reason::Precondition => "the resource is not, or no longer, as If-Match has it".to_owned(),
        Reason::Parameter => words(refusal, "Azure does not take a value of the change"),
        Reason::Throttled => throttled(refusal),
        Reason::TooSlow => format!("Azure gave up on {call}{}", doubt(call)),
        Reason::Failed => failed(call, refusal),
        Reason::Unsuitable => format!("Azure does not take the request to {call}"),
    }
}

fn version(call: Call) -> &'static str {
    match call {
        Call::FindVms | Call::ListVms => NO_SEARCH,
        Call::GetVm
        | Call::Permissions
        | Call::Order(_)
        | Call::OperationStatus
        | Call::ListUsers
        | Call::ProbeUsers
        | Call::SyncUsers => VERSION,
    }
}

/// When to come back if Azure does not say.
fn usual_pause(reason: &Reason) -> Option<Duration> {
    if *reason == Reason::Busy {
        Some(CONTENTION)
    } else {
        (*reason == Reason::Throttled).then_some(SOON)
    }
}

/// An order may have been taken although its answer is lost; a read leaves
/// nothing behind.
pub(super) fn doubt(call: Call) -> &'static str {
    if call.is_order() {
        "; whether Azure carries it out is not known"
    } else {
        ""
    }
}

fn words(refusal: &Refusal, otherwise: &str) -> String {
    refusal.message.as_deref().unwrap_or(otherwise).to_owned()
}

/// In plain words; a quota may come without a code of its own.
fn shortage(refusal: &Refusal) -> String {
    let code = refusal.code.as_deref().unwrap_or_default();
    let known = explanation(code).or_else(|| explanation("QuotaExceeded"));
    known.unwrap_or_default().to_owned()
}

fn throttled(refusal: &Refusal) -> String {
    match &refusal.group {
        Some(group) => format!("Azure is throttling: the quota {group} of Compute is used up"),
        None => "Azure is throttling".to_owned(),
    }
}

fn failed(call: Call, refusal: &Refusal) -> String {
    let who = if refusal.is_from_gateway {
        "Resource Manager itself"
    } else {
        "Azure"
    };
    format!("{who} failed at {call}{}", doubt(call))
}

#[cfg(test)]
mod tests {
    use actix_web::http::{StatusCode, header::HeaderMap};

    use super::*;

    fn told(call: Call, status: StatusCode, body: &str) -> Problem {
        let refusal = Refusal::read(status, &HeaderMap::new(), body.as_bytes());
        problem(call, &Hints::default(), &refusal)
    }

    #[test]
    fn a_condition_that_does_not_hold_is_a_problem_of_its_own() {
        let update = Call::Order(Action::Update);
        let problem = told(update, StatusCode::PRECONDITION_FAILED, "");
        assert_eq!(problem.code, Code::PreconditionFailed);
        assert_eq!(problem.status, StatusCode::PRECONDITION_FAILED);
    }

    #[test]
    fn the_status_of_operations_is_granted_at_the_group_of_the_virtual_machine() {
        let id = "11111111-1111-1111-1111-111111111111";
        let body = format!(
            r#"{{"code":"AuthorizationFailed","message":"The client '{id}' with object id '{id}' does not have authorization to perform action 'Microsoft.Compute/locations/operations/read' over scope '/subscriptions/{id}/providers/Microsoft.Compute/locations/eastus'."}}"#
        );
        let problem = told(Call::OperationStatus, StatusCode::FORBIDDEN, &body);
        let command = format!(
            "--role 'mi-gateway VM operator' --scope '/subscriptions/{id}/resourceGroups/GROUP', \
             where GROUP is the resource group of the virtual machine"
        );
        assert!(problem.detail.ends_with(&command), "{}", problem.detail);
    }

    #[test]
    fn a_read_that_fails_leaves_no_doubt() {
        let detail = told(Call::GetVm, StatusCode::BAD_GATEWAY, "").detail;
        assert_eq!(&*detail, "Azure failed at get_vm");
    }
}

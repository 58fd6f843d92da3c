//! Refusals for what the resource is, or is not: 400, 404 and 409.

use super::{Row, refusal};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = absent();
    rows.extend(conflicts());
    rows.extend(shortages());
    rows
}

/// Sources: Azure/msrestazure-for-python `tests/test_exceptions.py` for the
/// group; Azure Resource Manager, "Resolve common Azure deployment errors".
fn absent() -> Vec<Row> {
    vec![
        refusal(
            404,
            "ResourceNotFound",
            "The Resource 'Microsoft.Compute/virtualMachines/vm1' under resource group 'rg' was \
             not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        )
        .with("x-ms-failure-cause", "gateway")
        .is(404, "not_found", &["no such resource"]),
        refusal(
            404,
            "ResourceGroupNotFound",
            "Resource group 'res_grp' could not be found.",
        )
        .is(404, "not_found", &["no such resource group", "MIG_SCOPES"]),
        refusal(
            404,
            "SubscriptionNotFound",
            "The subscription '00000000-0000-0000-0000-000000000000' could not be found.",
        )
        .is(404, "not_found", &["no such subscription", "MIG_SCOPES"]),
        refusal(
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location 'westeurope' and API version \
             '2025-11-01' for type 'virtualMachines'.",
        )
        .is(501, "unsupported", &["Compute service of this cloud"]),
        refusal(
            400,
            "UnsupportedApiVersion",
            "The requested API version '2025-11-01' is not supported.",
        )
        .is(501, "unsupported", &["Compute service of this cloud"]),
        refusal(400, "BadRequest", "Azure's own words.").is(
            502,
            "upstream_failed",
            &["does not take the request to deallocate"],
        ),
        refusal(
            400,
            "InvalidParameter",
            "The value of parameter hibernate is invalid.",
        )
        .is(
            502,
            "upstream_failed",
            &["does not take the request to deallocate"],
        ),
    ]
}

/// Sources: cloudfoundry/bosh-azure-cpi-release#173 for the concurrent request and #762 for
/// the concurrent write; Azure Resource Manager, "Resolve common Azure deployment errors", for
/// the other operation;
/// Azure virtual machines, "Understand common error messages when you manage
/// virtual machines in Azure"; Azure Resource Manager, "Lock your resources";
/// Azure Resource Manager, "Understand how Azure Resource Manager throttles
/// requests" for the 429 that is none.
fn conflicts() -> Vec<Row> {
    vec![
        refusal(
            409,
            "Conflict",
            "The request failed due to conflict with a concurrent request. ",
        )
        .is(409, "conflict", &["a concurrent request"])
        .after("10"),
        refusal(
            409,
            "Conflict",
            "Run command extension execution is in progress.",
        )
        .with("retry-after", "60")
        .is(409, "conflict", &["Run command extension"])
        .after("60"),
        refusal(
            409,
            "ConflictingConcurrentWriteNotAllowed",
            "The operation was interrupted by a conflicting concurrent write on the same entity. \
             Please retry later.",
        )
        .is(409, "conflict", &["retry later"])
        .after("10"),
        refusal(
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress.",
        )
        .is(409, "conflict", &["Another operation"])
        .after("10"),
        refusal(
            409,
            "OperationNotAllowed",
            "The operation requires the VM to be running (or set to run).",
        )
        .is(409, "conflict", &["requires the VM to be running"]),
        refusal(
            429,
            "RetryableErrorDueToAnotherOperation",
            "Another operation on this or a dependent resource is in progress.",
        )
        .is(409, "conflict", &["Another operation"])
        .after("10"),
        refusal(
            409,
            "ScopeLocked",
            "The scope '/subscriptions/s/resourceGroups/rg' cannot perform write operation because \
             following scope(s) are locked: '/subscriptions/s/resourceGroups/rg'. Please remove \
             the lock and try again.",
        )
        .is(409, "locked", &["deallocation too", "to be billed"]),
    ]
}

/// Sources: Azure virtual machines, "Understand common error messages when you
/// manage virtual machines in Azure" and "Troubleshoot allocation failures"; "Troubleshooting
/// hibernation in Azure", common error codes;
/// Azure Resource Manager, "Resolve errors for SKU not available" and "Resolve
/// errors for resource quotas".
fn shortages() -> Vec<Row> {
    let told: [(&str, &[&str]); 7] = [
        ("AllocationFailed", &["no hardware free", "region"]),
        ("ZonalAllocationFailed", &["no hardware free", "zone"]),
        (
            "OverconstrainedAllocationRequest",
            &["no hardware in this region"],
        ),
        (
            "OverconstrainedZonalAllocationRequest",
            &["no hardware in this availability zone"],
        ),
        (
            "OverconstrainedResumeFromHibernatedStateAllocationRequest",
            &["hibernated", "?hibernate=false"],
        ),
        ("SkuNotAvailable", &["not offered"]),
        ("QuotaExceeded", &["quota of cores is used up"]),
    ];
    let mut rows: Vec<_> = told
        .into_iter()
        .map(|(code, words)| refusal(409, code, "Azure's own words.").is(503, "capacity", words))
        .collect();
    rows.push(
        refusal(
            409,
            "OperationNotAllowed",
            "Operation could not be completed as it results in exceeding approved Total Regional \
             Cores quota.",
        )
        .is(503, "capacity", &["quota of cores is used up"]),
    );
    rows
}

//! What Resource Manager can be asked here.
//!
//! Sources: Azure/azure-rest-api-specs `Microsoft.Compute` `VirtualMachine.tsp`
//! (parameters, `If-Match`), `Microsoft.Authorization` `permissions`,
//! `Microsoft.ResourceGraph` `resourcegraph.json`; for the URLs of operations the
//! recording in `arm/operation.rs`.

use super::{
    body::{
        Below::{Anything, Members},
        Body,
    },
    entry::Entry,
};

const VERSION: &str = "api-version";

/// One virtual machine, or what stands below it.
macro_rules! machine {
    ($below:literal) => {
        concat!(
            "/subscriptions/*/resourceGroups/*/providers/Microsoft.Compute/virtualMachines/*",
            $below
        )
    };
}

/// Below `/subscriptions`, but operations.
///
/// `statusOnly` is a parameter of the list of a subscription alone. `If-None-Match`
/// of an update is not known: `*` would have to keep it from a machine that is
/// there.
pub(super) const MACHINES: &[Entry] = &[
    Entry::get("/subscriptions", &[VERSION]),
    Entry::get(
        "/subscriptions/*/providers/Microsoft.Compute/virtualMachines",
        &[VERSION, "$filter", "$expand", "$skiptoken", "statusOnly"],
    ),
    Entry::get(
        "/subscriptions/*/resourceGroups/*/providers/Microsoft.Compute/virtualMachines",
        &[VERSION, "$filter", "$expand", "$skiptoken"],
    ),
    Entry::get(machine!(""), &[VERSION, "$expand"]),
    Entry::get(machine!("/instanceView"), &[VERSION]),
    Entry::post(
        machine!("/deallocate"),
        &[VERSION, "hibernate", "forceDeallocate"],
        Body::NONE,
    ),
    Entry::post(machine!("/start"), &[VERSION], Body::NONE),
    Entry::post(machine!("/restart"), &[VERSION], Body::NONE),
    Entry::post(
        machine!("/powerOff"),
        &[VERSION, "skipShutdown"],
        Body::NONE,
    ),
    Entry::post(machine!("/redeploy"), &[VERSION], Body::NONE),
    Entry::post(machine!("/reapply"), &[VERSION], Body::NONE),
    Entry {
        method: "PATCH",
        path: machine!(""),
        query: &[VERSION],
        headers: &["if-match"],
        body: Body::Json(&[
            ("tags", Anything),
            (
                "properties",
                Members(&[("hardwareProfile", Members(&[("vmSize", Anything)]))]),
            ),
        ]),
    },
    Entry::get(
        "/subscriptions/**/providers/Microsoft.Authorization/permissions",
        &[VERSION],
    ),
];

/// The status of operations.
pub(super) const OPERATIONS: &[Entry] = &[Entry::get(
    "/subscriptions/*/providers/Microsoft.Compute/locations/*/operations/*",
    &[VERSION, "p", "t", "c", "s", "h", "monitor"],
)];

/// Resource Graph. Not known are management groups, facets and
/// `authorizationScopeFilter`: the answer would be that to another question.
/// `allowPartialScopes` is about tenants of more subscriptions than are here.
pub(super) const RESOURCE_GRAPH: &[Entry] = &[Entry::post(
    "/providers/Microsoft.ResourceGraph/resources",
    &[VERSION],
    Body::Json(&[
        ("subscriptions", Anything),
        ("query", Anything),
        (
            "options",
            Members(&[
                ("$top", Anything),
                ("$skip", Anything),
                ("$skipToken", Anything),
                ("resultFormat", Anything),
                ("allowPartialScopes", Anything),
            ]),
        ),
    ]),
)];

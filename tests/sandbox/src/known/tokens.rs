//! What token endpoints, and instance metadata, can be asked here.
//!
//! Sources: those at the head of each endpoint's module.

use super::{body::Body, entry::Entry};
use crate::{app_service_2017, arc, machine_learning, service_fabric, sources::Source};

const VERSION: &str = "api-version";
const RESOURCE: &str = "resource";

const METADATA: &[&str] = &["metadata"];
const SECRET: &[&str] = &["secret"];

/// Instance metadata; which names are below `instance` is a matter of its data.
pub(super) const INSTANCE: &[Entry] = &[
    Entry::get("/metadata/versions", &[VERSION]).with_headers(FROM_A_NODE),
    Entry::get("/metadata/instance/**", &[VERSION, "format"]).with_headers(FROM_A_NODE),
];

/// `X-Forwarded-For` is documented as what is refused.
const FROM_A_NODE: &[&str] = &["metadata", "x-forwarded-for"];

/// `mi_res_id` is tolerated, as reported in Azure/azure-sdk-for-net#43076.
/// `authority` is not known: the tenant would have to be another one.
const OF_IMDS: &[&str] = &[
    VERSION,
    RESOURCE,
    "client_id",
    "object_id",
    "msi_res_id",
    "mi_res_id",
    "bypass_cache",
];

const IMDS: &[Entry] = &[
    Entry::get("/metadata/identity/oauth2/token", OF_IMDS).with_headers(FROM_A_NODE),
    Entry::get("/metadata/identity/oauth2/token/", OF_IMDS).with_headers(FROM_A_NODE),
];

/// `xms_cc` tells what a client can do, and `token_sha256_to_refresh` is not
/// known: a cached token would have to be passed by. Both are from
/// AzureAD/microsoft-authentication-library-for-dotnet
/// `docs/msiv1_token_revocation.md`. `Metadata` is what
/// apache/arrow-rs-object-store sends to every endpoint.
const CONTAINER_APP: &[Entry] = &[Entry::get(
    "/msi/token",
    &[
        VERSION,
        RESOURCE,
        "client_id",
        "principal_id",
        "object_id",
        "mi_res_id",
        "xms_cc",
    ],
)
.with_headers(&["x-identity-header", "metadata"])];

/// Any other id would go unheard.
const APP_SERVICE_2017: &[Entry] =
    &[Entry::get(app_service_2017::PATH, &[VERSION, RESOURCE, "clientid"]).with_headers(SECRET)];

/// `Metadata` is what MSAL for .NET sends as well.
const MACHINE_LEARNING: &[Entry] =
    &[
        Entry::get(machine_learning::PATH, &[VERSION, RESOURCE, "clientid"])
            .with_headers(&["secret", "metadata"]),
    ];

const CLOUD_SHELL: &[Entry] =
    &[Entry::post("/oauth2/token", &[], Body::Form(&[RESOURCE])).with_headers(METADATA)];

const VM_EXTENSION: &[Entry] = &[Entry::post(
    "/oauth2/token",
    &[],
    Body::Form(&[RESOURCE, "client_id", "object_id", "msi_res_id"]),
)
.with_headers(METADATA)];

/// Not `mi_res_id`: it would go unheard, and the server's own identity be meant.
const ARC: &[Entry] = &[Entry::get(
    arc::PATH,
    &[VERSION, RESOURCE, "client_id", "object_id", "msi_res_id"],
)
.with_headers(&["metadata", "authorization"])];

const SERVICE_FABRIC: &[Entry] =
    &[Entry::get(service_fabric::PATH, &[VERSION, RESOURCE, "xms_cc"]).with_headers(SECRET)];

/// The fields after `scope` are what MSAL for JavaScript sends with every request
/// of an application, as recorded by Azure/azure-sdk-for-js for its packages; it
/// names the request in the query as well (`@azure/msal-common` 16.17.0,
/// `protocol/Token.mjs`). `claims` can only ask for a newer token: here each one is
/// new.
const ENTRA: &[Entry] = &[Entry::post(
    "/*/oauth2/v2.0/token",
    &["client-request-id"],
    Body::Form(&[
        "grant_type",
        "client_id",
        "client_assertion",
        "client_assertion_type",
        "scope",
        "claims",
        "client_info",
        "client-request-id",
        "x-client-sku",
        "x-client-ver",
        "x-client-os",
        "x-client-cpu",
        "x-client-current-telemetry",
        "x-client-last-telemetry",
        "x-ms-lib-capability",
    ]),
)];

/// Under which names a cloud goes, as Entra ID tells it.
pub(super) const DISCOVERY: &[Entry] = &[Entry::get(
    "/common/discovery/instance",
    &[VERSION, "authorization_endpoint"],
)];

/// What can be asked of `source`.
pub(super) fn of(source: Source) -> &'static [Entry] {
    match source {
        Source::Imds => IMDS,
        Source::ContainerApp => CONTAINER_APP,
        Source::AppService2017 => APP_SERVICE_2017,
        Source::MachineLearning => MACHINE_LEARNING,
        Source::CloudShell => CLOUD_SHELL,
        Source::VmExtension => VM_EXTENSION,
        Source::Arc => ARC,
        Source::ServiceFabric => SERVICE_FABRIC,
        Source::Entra => ENTRA,
    }
}

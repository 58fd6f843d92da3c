//! Refusals of the identity: 401 and 403.

use super::{Row, bare, refusal};

/// Source: the tests of Azure's SDK for .NET.
pub(super) const CLAIMS: &str =
    "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwMzc0MjgwMCJ9fX0=";

const REFUSED: &str = "upstream_refused";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = unauthenticated();
    rows.extend(unauthorized());
    rows
}

/// Sources: hashicorp/terraform-provider-azurerm#3612 for the missing header;
/// "Claims challenges, claims requests and client capabilities" of the
/// Microsoft identity platform; the other codes as clients know them.
fn unauthenticated() -> Vec<Row> {
    let rejected: &[&str] = &["does not accept the token"];
    vec![
        refusal(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        )
        .is(502, REFUSED, rejected),
        refusal(
            401,
            "ExpiredAuthenticationToken",
            "The access token has expired.",
        )
        .is(502, REFUSED, rejected),
        refusal(
            401,
            "InvalidAuthenticationToken",
            "The access token is invalid.",
        )
        .is(502, REFUSED, rejected),
        wrong_tenant(),
        bare(401, "")
            .with(
                "www-authenticate",
                "Bearer authorization_uri=\"https://login.windows.net/t\", error=\"invalid_token\", \
                 error_description=\"The access token is from the wrong issuer.\"",
            )
            .is(502, REFUSED, &["another tenant"]),
        revoked(),
        bare(401, "")
            .with("www-authenticate", "Bearer error=\"insufficient_claims\"")
            .is(502, REFUSED, &["no longer accepts"]),
    ]
}

/// As Resource Manager words it.
pub(super) fn wrong_tenant() -> Row {
    refusal(
        401,
        "InvalidAuthenticationTokenTenant",
        "The access token is from the wrong issuer 'https://sts.windows.net/a/'. It must match the \
         tenant 'https://sts.windows.net/b/' associated with this subscription.",
    )
    .is(502, REFUSED, &["another tenant", "MIG_SCOPES"])
}

/// Source: the tests of Azure's SDK for .NET.
pub(super) fn revoked() -> Row {
    bare(401, "")
        .with(
            "www-authenticate",
            &format!(
                "Bearer authorization_uri=\"https://login.windows.net/\", \
                 error=\"invalid_token\", error_description=\"User session has been revoked\", \
                 claims=\"{CLAIMS}\""
            ),
        )
        .is(502, REFUSED, &["no longer accepts tokens", "no newer one"])
}

const MACHINE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/\
                       providers/Microsoft.Compute/virtualMachines/vm1";

const OLD: &str = "The client '11111111-1111-1111-1111-111111111111' with object id \
                   '11111111-1111-1111-1111-111111111111' does not have authorization to perform \
                   action 'ACTION' over scope 'SCOPE'";

fn denied(action: &str, scope: &str) -> String {
    OLD.replace("ACTION", action).replace("SCOPE", scope)
}

const RECENT: &str =
    " or the scope is invalid. If access was recently granted, please refresh your credentials.";

/// Sources: Azure RBAC, "Troubleshoot Azure RBAC"; Azure Policy, "Resolve
/// errors for request disallowed by policy"; issue reports of Kubernetes'
/// provider of Azure for the linked scope.
fn unauthorized() -> Vec<Row> {
    let grant: &[&str] = &[
        "Microsoft.Compute/virtualMachines/deallocate/action over /subscriptions/",
        "virtualMachines/vm1, or there is no such thing",
        "az role assignment create --assignee-object-id 11111111-1111-1111-1111-111111111111 \
         --assignee-principal-type ServicePrincipal --role 'mi-gateway VM operator' --scope \
         '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg'",
    ];
    let action = "Microsoft.Compute/virtualMachines/deallocate/action";
    let status = "Microsoft.Compute/locations/operations/read";
    let location = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/\
                    Microsoft.Compute/locations/eastus";
    let code = "AuthorizationFailed";
    let linked = format!(
        "The client '11111111-1111-1111-1111-111111111111' with object id \
         '11111111-1111-1111-1111-111111111111' has permission to perform action \
         'Microsoft.Compute/virtualMachines/write' on scope '{MACHINE}'; however, it does not have \
         permission to perform action 'Microsoft.Network/networkInterfaces/join/action' on the \
         linked scope(s) '{MACHINE}' or the linked scope(s) are invalid."
    );
    vec![
        refusal(403, code, &(denied(action, MACHINE) + RECENT))
            .with("x-ms-failure-cause", "gateway")
            .is(502, REFUSED, grant),
        refusal(403, code, &(denied(action, MACHINE) + ".")).is(502, REFUSED, grant),
        refusal(403, code, &(denied(status, location) + RECENT)).is(
            502,
            REFUSED,
            &[
                "Microsoft.Compute/locations/operations/read over",
                "/locations/eastus",
            ],
        ),
        refusal(403, code, &denied(action, "/subscriptions/$(reboot)")).is(
            502,
            REFUSED,
            &["assign it a role with Microsoft.Compute/virtualMachines/deallocate/action"],
        ),
        refusal(403, "LinkedAuthorizationFailed", &linked).is(
            502,
            REFUSED,
            &[
                "Microsoft.Network/networkInterfaces/join/action over",
                "grant it by a role",
            ],
        ),
        refusal(
            403,
            "RequestDisallowedByPolicy",
            "Resource 'vm1' was disallowed by policy. Policy identifiers: '[]'.",
        )
        .is(502, REFUSED, &["a policy of Azure forbids"]),
        deny_assignment(),
    ]
}

/// Source: Azure/migAz#266.
fn deny_assignment() -> Row {
    let message = format!(
        "The client '11111111-1111-1111-1111-111111111111' with object id \
         '11111111-1111-1111-1111-111111111111' has permission to perform action \
         'Microsoft.Compute/virtualMachines/deallocate/action' on scope '{MACHINE}'; however, the \
         access is denied because of the deny assignment with name 'System deny assignment created \
         by managed application /subscriptions/x' and Id '6b02' at scope \
         '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg'."
    );
    refusal(403, "DenyAssignmentAuthorizationFailed", &message).is(
        502,
        REFUSED,
        &["a deny assignment forbids this, and no role helps"],
    )
}

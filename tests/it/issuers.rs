//! Whose tokens a gateway takes, in variables; of tests and of benches.

use azure_sandbox::{API_CLIENT_ID, TENANT};

/// Those of the local Entra ID.
pub(crate) const ENTRA: [(&str, &str); 3] = [
    ("MIG_AUTH", "entra"),
    ("MIG_AUTH_TENANT", TENANT),
    ("MIG_AUTH_AUDIENCE", API_CLIENT_ID),
];

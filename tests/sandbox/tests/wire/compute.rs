//! A client of the virtual machines of the default scope.

use azure_sandbox::{DEFAULT_SCOPE, Sandbox};

use crate::client::{ARM, Answer, bearer, get, send};

/// A version of `Microsoft.Compute`, as a query.
pub(crate) const VERSION: &str = "api-version=2024-11-01";

/// The URL of the virtual machine `name`, with no query.
pub(crate) fn machine(azure: &Sandbox, name: &str) -> String {
    format!(
        "{}{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachines/{name}",
        azure.url()
    )
}

/// `GET url` with a token for Resource Manager.
pub(crate) fn read(azure: &Sandbox, url: &str) -> Answer {
    get(url, &[("authorization", &bearer(azure, ARM))])
}

/// `method url`, without a body, with a token for Resource Manager.
pub(crate) fn order(azure: &Sandbox, method: &str, url: &str) -> Answer {
    let token = bearer(azure, ARM);
    send(method, url, &[("authorization", &token)], "").unwrap()
}

/// The answer to the order to deallocate the virtual machine `name`.
pub(crate) fn deallocate(azure: &Sandbox, name: &str) -> Answer {
    let url = format!("{}/deallocate?{VERSION}", machine(azure, name));
    order(azure, "POST", &url)
}

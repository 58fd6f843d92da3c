//! A client of the virtual machines of the default scope.

use std::time::Duration;

use azure_sandbox::{DEFAULT_SCOPE, Sandbox, Settings};

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

/// The answer to the order of `action` of the virtual machine `name`; `action`
/// may end with parameters, such as `deallocate?hibernate=true`.
pub(crate) fn act(azure: &Sandbox, name: &str, action: &str) -> Answer {
    let with = if action.contains('?') { '&' } else { '?' };
    let url = format!("{}/{action}{with}{VERSION}", machine(azure, name));
    order(azure, "POST", &url)
}

/// The answer to the order to deallocate the virtual machine `name`.
pub(crate) fn deallocate(azure: &Sandbox, name: &str) -> Answer {
    act(azure, name, "deallocate")
}

/// Longer than any test lasts.
pub(crate) const AN_HOUR: Duration = Duration::from_hours(1);

/// A sandbox whose operations take this long.
pub(crate) fn operations_take(operation_takes: Duration) -> Sandbox {
    Sandbox::start(Settings {
        operation_takes,
        ..Settings::default()
    })
    .unwrap()
}

/// The URLs of the status and of the result of an accepted order.
pub(crate) fn urls(accepted: &Answer) -> (&str, &str) {
    let url = |name| accepted.header(name).expect(&accepted.body);
    (url("azure-asyncoperation"), url("location"))
}

/// The instance view of the virtual machine `name`.
pub(crate) fn view_of(azure: &Sandbox, name: &str) -> Answer {
    let url = machine(azure, name);
    read(azure, &format!("{url}/instanceView?{VERSION}"))
}

/// The codes of the statuses of the virtual machine `name`.
pub(crate) fn codes_of(azure: &Sandbox, name: &str) -> Vec<String> {
    let view = view_of(azure, name).json();
    let statuses = view["statuses"].as_array().unwrap();
    let code = |status: &serde_json::Value| status["code"].as_str().unwrap().to_owned();
    statuses.iter().map(code).collect()
}

/// What follows `PowerState/` in them.
pub(crate) fn power_state(azure: &Sandbox, name: &str) -> String {
    let codes = codes_of(azure, name);
    let state = codes
        .iter()
        .find_map(|code| code.strip_prefix("PowerState/"));
    state.unwrap().to_owned()
}

//! What is done to a machine: as Azure is asked for it, and as a line of the record of
//! changes says.

use azure_sandbox::Recorded;
use serde_json::Value;

/// What is done, in lower case: ids compare so, and paths do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    machine: String,
    /// The permission that it takes, without the name of the provider.
    operation: String,
    /// Beside the version: why a guest is not asked, or its memory kept.
    parameters: Vec<String>,
}

impl Deed {
    /// What `request` asks of Azure.
    pub(crate) fn of_request(request: &Recorded) -> Self {
        let path = request.path.to_ascii_lowercase();
        let (machine, operation) = match (request.method.as_str(), path.rsplit_once('/')) {
            ("POST", Some((machine, action))) => (machine.to_owned(), format!("{action}/action")),
            _ => (path, "write".to_owned()),
        };
        let query = request.query.to_ascii_lowercase();
        let parameters = query
            .split('&')
            .filter(|pair| !pair.starts_with("api-version="));
        Self {
            machine,
            operation,
            parameters: parameters.map(str::to_owned).collect(),
        }
    }

    /// What `line` says is, or was, to be done.
    pub(crate) fn of_line(line: &Value) -> Self {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_ascii_lowercase();
        let operation = word(&line["api"]["operation"]);
        let about = &line["unmapped"];
        let parameter = match (word(&about["action"]).as_str(), &about["forced"]) {
            ("hibernate", Value::Bool(false)) => Some("hibernate=true"),
            ("deallocate", Value::Bool(true)) => Some("forcedeallocate=true"),
            ("poweroff", Value::Bool(true)) => Some("skipshutdown=true"),
            (_, Value::Bool(true)) => Some("forced, and nothing in Azure"),
            _ => None,
        };
        Self {
            machine: word(&line["resources"][0]["uid"]),
            operation: operation.replace("microsoft.compute/virtualmachines/", ""),
            parameters: parameter.map(str::to_owned).into_iter().collect(),
        }
    }
}

//! A client of lists of virtual machines.

use azure_sandbox::Sandbox;
use serde_json::Value;

use crate::{
    client::Answer,
    compute::{VERSION, read},
};

/// What follows the scope in the URL of a list.
pub(crate) const MACHINES: &str = "/providers/Microsoft.Compute/virtualMachines";

/// The URL of the first page.
pub(crate) fn first(azure: &Sandbox, scope: &str, more: &str) -> String {
    format!("{}{scope}{MACHINES}?{VERSION}{more}", azure.url())
}

/// The first page.
pub(crate) fn list(azure: &Sandbox, scope: &str, more: &str) -> Answer {
    read(azure, &first(azure, scope, more))
}

/// The machines of a page.
pub(crate) fn rows(answer: &Answer) -> Vec<Value> {
    let value = answer.json()["value"].as_array().cloned();
    value.unwrap_or_else(|| panic!("no rows: {}", answer.body))
}

/// The texts at `pointer` in the machines that have one.
pub(crate) fn texts(answer: &Answer, pointer: &str) -> Vec<String> {
    let rows = rows(answer);
    let texts = rows.iter().filter_map(|row| row.pointer(pointer)?.as_str());
    texts.map(str::to_owned).collect()
}

//! What lists say, held against what they said before anything failed: nobody comes or
//! goes here.

use std::{collections::HashMap, time::SystemTime};

use serde_json::Value;
use url::form_urlencoded;

use crate::{call::DEPARTMENTS, callers::Who, client::Request, site::Site, truth};

/// The machines that are listed.
pub(crate) const MACHINES: &str = "/vms?top=5";

/// What of users is asked for.
pub(crate) const SELECT: &str = "select=id,displayName,mail";

/// What lists said at first.
#[derive(Default)]
pub(crate) struct Lists {
    /// Everybody of a department, in their order.
    users: HashMap<String, Vec<Value>>,
    /// The ids of the machines.
    machines: Vec<Value>,
}

impl Lists {
    /// What is not so of the page of users at `path`, which says `body`.
    pub(crate) fn users_fault(&self, path: &str, body: &Value) -> Option<String> {
        let is_true = self.is_part(path, body) == Some(true);
        (!is_true).then(|| format!("{path} is not what it was: {body}"))
    }

    /// Whether the page is part of its list; nothing where it is no page of one.
    fn is_part(&self, path: &str, body: &Value) -> Option<bool> {
        let rows = body["value"].as_array()?;
        let all = self.users.get(&parameter(path, "department")?)?;
        let top: usize = parameter(path, "top")?.parse().ok()?;
        let has_more = !body["nextLink"].is_null();
        let is_start = parameter(path, "cursor").is_none();
        if rows.is_empty() {
            // Graph gives out pages of nobody that are not the last.
            return Some(has_more);
        }
        let first = if is_start { 1 } else { all.len() };
        let mut places = (0..first).filter(|at| all[*at..].starts_with(rows));
        let ends_so = |at| (at + rows.len() < all.len()) == has_more;
        Some(rows.len() <= top && places.any(ends_so))
    }

    /// What is not so of the list of machines that was asked for at `asked`.
    fn machines_fault(&self, body: &Value, asked: SystemTime, site: &Site) -> Option<String> {
        if ids(body) != self.machines {
            return Some(format!("other machines are listed: {body}"));
        }
        let rows = body["value"].as_array()?;
        rows.iter().find_map(|row| machine_fault(row, asked, site))
    }
}

impl Site {
    /// Notes what lists say as long as all is well.
    pub(crate) async fn learn(&self) {
        for department in DEPARTMENTS {
            let path = format!("/directory/users?department={department}&{SELECT}&top=999");
            let body = self.listed(&path).await;
            let rows = body["value"].as_array().cloned().unwrap_or_default();
            let name = parameter(&path, "department").unwrap_or_default();
            assert_eq!(rows.len(), self.azure.user_ids(&name).len(), "{name}");
            self.lists.borrow_mut().users.insert(name, rows);
        }
        self.lists.borrow_mut().machines = ids(&self.listed(MACHINES).await);
    }

    async fn listed(&self, path: &str) -> Value {
        self.until(path, async || {
            let request = Request::get(path, &self.callers.token(Who::Reader)?);
            let answer = self.asked(0, &request).await?;
            (answer.status == 200).then(|| answer.json())
        })
        .await
    }

    /// Looks at a list of machines that was asked for at `asked`.
    pub(crate) fn examine_machines(&self, body: &Value, asked: SystemTime) {
        let fault = self.lists.borrow().machines_fault(body, asked, self);
        self.findings.borrow_mut().extend(fault);
    }
}

/// What is not so of a machine that was asked for at `asked`.
pub(crate) fn machine_fault(body: &Value, asked: SystemTime, site: &Site) -> Option<String> {
    let said = |name: &str| body[name].as_str();
    let (Some(name), Some(group), Some(state)) =
        (said("name"), said("resourceGroup"), said("powerState"))
    else {
        return Some(format!("no machine: {body}"));
    };
    if !matches!(state, "running" | "deallocated" | "stopped") {
        return None;
    }
    let now = site.azure.power_state(group, name).unwrap_or_default();
    truth::machine_fault((name, state), &now, asked, &site.azure.orders())
}

fn ids(body: &Value) -> Vec<Value> {
    let rows = body["value"].as_array().into_iter().flatten();
    rows.map(|row| row["resourceId"].clone()).collect()
}

fn parameter(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_a_part_of_what_was_there() {
        let mut lists = Lists::default();
        let all = ["a", "b", "c", "d"].map(Value::from).to_vec();
        lists.users.insert("R&D".to_owned(), all);
        let fault = |cursor: &str, rows: &[&str], next: Option<&str>| {
            let path = format!("/directory/users?department=R%26D&top=2{cursor}");
            let mut body = json!({"value": rows});
            if let Some(next) = next {
                body["nextLink"] = next.into();
            }
            lists.users_fault(&path, &body).is_some()
        };
        let (next, later) = (Some("n"), "&cursor=x");
        assert!(!fault("", &["a", "b"], next));
        assert!(!fault(later, &["c", "d"], None));
        assert!(!fault(later, &[], next));
        for (cursor, rows, next) in [
            ("", &["a", "a"][..], next),
            ("", &["b", "c"], next),
            ("", &["x"], next),
            ("", &[], None),
            ("", &["a", "b"], None),
            ("", &["a", "b", "c"], next),
            (later, &["b", "d"], next),
            (later, &["c", "d"], next),
            (later, &["d", "c"], None),
        ] {
            assert!(fault(cursor, rows, next), "{cursor} {rows:?} {next:?}");
        }
    }
}

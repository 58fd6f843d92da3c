//! Callers whom policies name, held to those who can call.

use std::collections::BTreeSet;

use cedar_policy::Effect;
use serde_json::Value;

use crate::{
    access::{Caller, Reach},
    config::Callers,
};

/// What is to be said of the callers whom a policy names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) faults: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Named {
    /// Of those whom `policy` names, in Cedar's JSON form, its ids mended. To forbid nobody
    /// anything, or to make an exception of nobody, is told by nothing else; who is not
    /// permitted what was meant for them hears of it.
    pub(super) fn of(policy: &Value, effect: Effect, callers: &Callers) -> Self {
        let [scope, conditions] = ["principal", "conditions"].map(|part| ids(&policy[part]));
        let mut named = Self::default();
        for id in scope.union(&conditions) {
            let Ok(caller) = id.parse::<Caller>() else {
                continue;
            };
            let is_safe = effect == Effect::Permit && !conditions.contains(id);
            match (caller.reach(callers), is_safe) {
                (Reach::Nobody(reason), false) => {
                    named.faults.push(format!("nobody can be {id}: {reason}"));
                }
                (Reach::Nobody(reason), true) => {
                    named.warnings.push(format!("nobody can be {id}: {reason}"));
                }
                (Reach::Namesakes(reason), false) => {
                    let warning = format!("not everybody of that name is {id}: {reason}");
                    named.warnings.push(warning);
                }
                (Reach::Somebody, _) | (Reach::Namesakes(_), true) => {}
            }
        }
        named
    }
}

/// The callers whom a part of a policy names.
fn ids(part: &Value) -> BTreeSet<&str> {
    let mut ids = BTreeSet::new();
    collect(part, &mut ids);
    ids
}

fn collect<'a>(node: &'a Value, ids: &mut BTreeSet<&'a str>) {
    match node {
        Value::Object(members) => {
            let text = |name| members.get(name).and_then(Value::as_str);
            if let (Some(kind), Some(id)) = (text("type"), text("id"))
                && kind.ends_with("::Caller")
            {
                ids.insert(id);
            }
            members.values().for_each(|value| collect(value, ids));
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, ids)),
        _ => {}
    }
}

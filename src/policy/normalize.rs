//! Rewrites a policy so that no text of it compares with something in another way
//! than Azure would, and refuses what would never compare.
//!
//! A `forbid` of `RG-Locked` that is compared letter for letter does not forbid
//! `rg-locked`, and nothing tells. So ids and texts of policies take the form that
//! those of requests have.

use std::collections::HashSet;

use serde_json::Value;

use super::names::{entity_id, written_client_id};
use crate::azure::{UserProperty, fold::folded};

/// How the texts are written that an attribute is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// In any case.
    Folded,
    /// In any case where it is a GUID.
    Client,
    /// One of `KINDS`.
    Kind,
    /// A property of users.
    Property,
}

/// What `Caller.kind` can be.
pub(super) const KINDS: [&str; 5] = ["app", "user", "serviceAccount", "subject", "anonymous"];

/// Attributes whose texts have a spelling.
fn spelling(attribute: &str) -> Option<Spelling> {
    match attribute {
        "name" | "tenant" | "objectId" => Some(Spelling::Folded),
        "clientId" => Some(Spelling::Client),
        "kind" => Some(Spelling::Kind),
        "fields" => Some(Spelling::Property),
        _ => None,
    }
}

/// Operators that compare their two sides.
const COMPARISONS: [&str; 5] = ["==", "!=", "contains", "containsAll", "containsAny"];

/// Rewrites `policy`, in Cedar's JSON form; says what is wrong with it otherwise.
pub(super) fn mend(policy: &mut Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk(policy, &mut faults);
    faults
}

/// The names of the tags that `policy` looks at, which [`mend`] found written out.
pub(super) fn tags(policy: &Value) -> HashSet<String> {
    let mut names = HashSet::new();
    name_tags(policy, &mut names);
    names
}

fn name_tags(node: &Value, names: &mut HashSet<String>) {
    match node {
        Value::Object(members) => {
            for (operator, operands) in members {
                if matches!(operator.as_str(), "hasTag" | "getTag") {
                    names.extend(text(operands.pointer("/right/Value")));
                }
                name_tags(operands, names);
            }
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| name_tags(node, names)),
        _ => {}
    }
}

/// Whether what `policy` comes to can depend on what is asked about, and not on who
/// asks alone. A condition says so of anything but the caller, of an entity by name as
/// well: what an entity is in, it is told for the resource alone.
pub(super) fn looks_at_resource(policy: &Value) -> bool {
    let scope = &policy["resource"];
    let is_any = match scope["op"].as_str() {
        Some("All") => true,
        Some("is") => scope.get("in").is_none(),
        _ => false,
    };
    !is_any || !names_caller_alone(&policy["conditions"])
}

fn names_caller_alone(node: &Value) -> bool {
    match node {
        Value::Object(members) => members.iter().all(|(name, value)| match name.as_str() {
            "Var" => value == "principal",
            "__entity" => false,
            _ => names_caller_alone(value),
        }),
        Value::Array(nodes) => nodes.iter().all(names_caller_alone),
        _ => true,
    }
}

fn walk(node: &mut Value, faults: &mut Vec<String>) {
    if let Value::Array(nodes) = node {
        for node in nodes {
            walk(node, faults);
        }
        return;
    }
    let Value::Object(members) = node else { return };
    if let (Some(kind), Some(id)) = (text(members.get("type")), text(members.get("id"))) {
        match entity_id(&kind, &id) {
            Ok(mended) => members["id"] = Value::String(mended),
            Err(reason) => faults.push(reason),
        }
        return;
    }
    for (name, operands) in members.iter_mut() {
        if COMPARISONS.contains(&name.as_str()) {
            compared(name, operands, faults);
        } else if name == "like" {
            likened(operands, faults);
        } else if matches!(name.as_str(), "hasTag" | "getTag") {
            tagged(operands, faults);
        } else if name == "isEmpty" && operands.get("arg").and_then(attribute).is_some() {
            // It compares with no text: there is nothing to spell but in what has it.
            owner(operands, "arg", faults);
        } else if name == "." {
            bare(operands, faults);
        } else if name == "Record" {
            record(operands, faults);
        } else {
            walk(operands, faults);
        }
    }
}

/// Both sides of a comparison.
fn compared(operator: &str, operands: &mut Value, faults: &mut Vec<String>) {
    let side = |side: &str| operands.get(side).and_then(attribute);
    let (left, right) = (side("left"), side("right"));
    owner(operands, "left", faults);
    owner(operands, "right", faults);
    let (spelling, literal) = match (left, right) {
        (None, None) => return walk(operands, faults),
        (Some(one), Some(other)) if one == other => return,
        (Some(_), Some(_)) => {
            faults.push(format!("the two sides of {operator} are never the same"));
            return;
        }
        (Some(spelling), None) => (spelling, "right"),
        (None, Some(spelling)) => (spelling, "left"),
    };
    let Some(literal) = operands.get_mut(literal) else {
        return;
    };
    texts(literal, spelling, faults);
}

/// A pattern: its texts are in the form of what it is held against.
fn likened(operands: &mut Value, faults: &mut Vec<String>) {
    owner(operands, "left", faults);
    match operands.get("left").and_then(attribute) {
        None => walk(operands, faults),
        Some(Spelling::Folded) => {
            let parts = operands.get_mut("pattern").and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten() {
                if let Some(literal) = part.get_mut("Literal") {
                    fold_inside(literal);
                }
            }
        }
        // Whether a pattern is of GUIDs, which have no case, cannot be told.
        Some(Spelling::Client | Spelling::Kind | Spelling::Property) => {
            faults.push(
                "clientId, kind and fields are compared with whole texts, and not by like"
                    .to_owned(),
            );
        }
    }
}

/// The name of a tag: Azure does not tell its cases apart.
///
/// Source: "Use tags to organize your Azure resources".
fn tagged(operands: &mut Value, faults: &mut Vec<String>) {
    if let Some(left) = operands.get_mut("left") {
        walk(left, faults);
    }
    let name = operands
        .get_mut("right")
        .and_then(|right| right.get_mut("Value"));
    match name {
        Some(Value::String(name)) => *name = folded(name).into_owned(),
        _ => faults.push("the name of a tag is written out, such as hasTag(\"owner\")".to_owned()),
    }
}

/// An attribute that is compared with nothing that is known here.
fn bare(operands: &mut Value, faults: &mut Vec<String>) {
    let name = text(operands.get("attr")).unwrap_or_default();
    if spelling(&name).is_some() {
        faults.push(format!(
            "{name} can only be compared with texts that are written out, by ==, !=, contains, \
             containsAll, containsAny or like"
        ));
        return;
    }
    if let Some(left) = operands.get_mut("left") {
        walk(left, faults);
    }
}

/// A record that a policy writes out: its members go by names of their own, be they those
/// of operators. None may have that of an attribute with a spelling, for which it would be
/// taken.
fn record(members: &mut Value, faults: &mut Vec<String>) {
    for (name, value) in members.as_object_mut().into_iter().flatten() {
        if spelling(name).is_some() {
            faults.push(format!("a record that is written out cannot have a {name}"));
        }
        walk(value, faults);
    }
}

/// What the attribute on this `side` is of, if it is one that has a spelling.
fn owner(operands: &mut Value, side: &str, faults: &mut Vec<String>) {
    let Some(access) = operands.get_mut(side) else {
        return;
    };
    if attribute(access).is_some() {
        walk(&mut access["."]["left"], faults);
    }
}

/// The spelling of the attribute that `node` is.
fn attribute(node: &Value) -> Option<Spelling> {
    let access = node.get(".")?;
    spelling(access.get("attr")?.as_str()?)
}

/// Gives the texts of `node`, one or a set, their spelling.
fn texts(node: &mut Value, spelling: Spelling, faults: &mut Vec<String>) {
    if let Some(members) = node.get_mut("Set").and_then(Value::as_array_mut) {
        for member in members {
            texts(member, spelling, faults);
        }
        return;
    }
    let Some(Value::String(text)) = node.get_mut("Value") else {
        faults.push(
            "name, tenant, objectId, clientId, kind and fields are compared with texts that are \
             written out"
                .to_owned(),
        );
        return;
    };
    match spelt(text, spelling) {
        Ok(mended) => *text = mended,
        Err(reason) => faults.push(reason),
    }
}

fn spelt(text: &str, spelling: Spelling) -> Result<String, String> {
    match spelling {
        Spelling::Folded => Ok(folded(text).into_owned()),
        Spelling::Client => written_client_id(text),
        Spelling::Kind if KINDS.contains(&text) => Ok(text.to_owned()),
        Spelling::Kind => Err(format!(
            "no caller's kind is {text:?}: it is one of {}",
            KINDS.join(", ")
        )),
        Spelling::Property => text
            .parse::<UserProperty>()
            .map(|property| property.name().to_owned())
            .map_err(|_| format!("{text:?} is no property of users that can be asked for")),
    }
}

/// Folds a part of a pattern, the spaces around it left.
fn fold_inside(literal: &mut Value) {
    let Value::String(text) = literal else { return };
    let inner = text.trim();
    if !inner.is_empty() {
        *text = text.replace(inner, &folded(inner));
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

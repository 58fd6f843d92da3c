//! What may be in a body.

use serde_json::Value;

use super::{Unknown, named, shown};
use crate::gate::Asked;

/// A body, as far as it is known.
pub(super) enum Body {
    /// A form with these fields.
    Form(&'static [&'static str]),
    /// A JSON object with these members.
    Json(Members),
}

/// The members of an object, by their names and what is known below them.
pub(super) type Members = &'static [(&'static str, Below)];

/// What is known of the value of a member.
pub(super) enum Below {
    /// Whatever it is.
    Anything,
    /// If it is an object, these members of it.
    Members(Members),
}

impl Body {
    /// There is none. An empty object is as good: clients that have to send
    /// something send that.
    pub(super) const NONE: Self = Self::Json(&[]);
}

/// What of the body of `asked` is none of what is `known`.
pub(super) fn unknown(known: &Body, asked: &Asked) -> Vec<Unknown> {
    if asked.body.is_empty() {
        return Vec::new();
    }
    match known {
        Body::Form(fields) => match asked.form() {
            None => vec![Unknown::Body],
            Some(form) => form
                .names()
                .filter(|name| !fields.iter().any(|it| it.eq_ignore_ascii_case(name)))
                .map(|name| named(name, Unknown::Form))
                .collect(),
        },
        Body::Json(known) => match serde_json::from_slice(&asked.body) {
            Ok(Value::Object(members)) => {
                let mut unknown = Vec::new();
                walk(known, &members, "", &mut unknown);
                unknown
            }
            Ok(Value::Null) => Vec::new(),
            Ok(_) | Err(_) => vec![Unknown::Body],
        },
    }
}

fn walk(
    known: Members,
    members: &serde_json::Map<String, Value>,
    above: &str,
    unknown: &mut Vec<Unknown>,
) {
    for (name, value) in members {
        let full = format!("{above}{}", shown(name));
        match (known.iter().find(|(known, _)| known == name), value) {
            (None, _) => unknown.push(Unknown::Member(full)),
            (Some((_, Below::Members(known))), Value::Object(members)) => {
                walk(known, members, &format!("{full}."), unknown);
            }
            (Some((_, Below::Anything | Below::Members(_))), _) => {}
        }
    }
}

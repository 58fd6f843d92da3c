//! What a policy says of itself.

use cedar_policy::Policy;

/// What there is. A misspelt `@shadow` would enforce.
const KNOWN: [&str; 3] = ["id", "shadow", "description"];

/// A name is told to callers, and stands in every record of a decision.
const LONGEST_NAME: usize = 128;

/// What a policy says of itself.
pub(super) struct Annotations {
    pub(super) name: String,
    pub(super) is_shadow: bool,
}

impl Annotations {
    /// Those of `policy`, which is called by its `place` where it has no name. What is
    /// wrong with them joins `faults`.
    pub(super) fn read(policy: &Policy, place: String, faults: &mut Vec<String>) -> Self {
        let names = policy.annotations().map(|(name, _)| name);
        let unknown = names.filter(|name| !KNOWN.contains(name));
        faults.extend(unknown.map(|name| {
            format!("@{name} is not known: annotations are @id, @shadow and @description")
        }));
        let name = policy.annotation("id").map(str::trim);
        if name.is_some_and(|name| !is_name(name)) {
            faults.push(format!(
                "@id has 1 to {LONGEST_NAME} characters, none of them a control character"
            ));
        }
        let shadow = policy.annotation("shadow");
        if let Some(other) = shadow.filter(|text| !["true", "false"].contains(text)) {
            faults.push(format!("@shadow is \"true\" or \"false\", not {other:?}"));
        }
        Self {
            name: name.map_or(place, str::to_owned),
            is_shadow: shadow == Some("true"),
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

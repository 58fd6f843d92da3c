//! What identities may do, and where.
//!
//! Source: "Understand Azure role definitions": an assignment holds at its scope
//! and below; actions have `*` for anything, slashes included; letter case is
//! of no account.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// Actions that are allowed at a scope and below it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assignment {
    /// A resource id, or `/` for everything.
    pub scope: String,
    /// Such as `Microsoft.Compute/virtualMachines/read`; `*` stands for anything.
    pub actions: Vec<String>,
}

/// The assignments that hold for every identity.
pub(crate) struct Roles(Mutex<Vec<Assignment>>);

impl Default for Roles {
    fn default() -> Self {
        let everything = Assignment {
            scope: "/".to_owned(),
            actions: vec!["*".to_owned()],
        };
        Self(Mutex::new(vec![everything]))
    }
}

impl Roles {
    /// Replaces the assignments.
    pub(crate) fn assign(&self, assignments: Vec<Assignment>) {
        *self.assignments() = assignments;
    }

    /// Whether `action` is allowed at `scope`.
    pub(crate) fn allow(&self, action: &str, scope: &str) -> bool {
        is_below_any(&self.scopes(action), scope)
    }

    /// The scopes at which `action` is assigned.
    pub(crate) fn scopes(&self, action: &str) -> Vec<String> {
        let action = action.to_lowercase();
        let allows = |it: &&Assignment| {
            let mut patterns = it.actions.iter();
            patterns.any(|pattern| matches(&pattern.to_lowercase(), &action))
        };
        let assignments = self.assignments();
        let scopes = assignments.iter().filter(allows);
        scopes.map(|it| it.scope.clone()).collect()
    }

    /// The assignments that hold at `scope`.
    pub(crate) fn at(&self, scope: &str) -> Vec<Assignment> {
        let assignments = self.assignments();
        let here = assignments.iter().filter(|it| is_below(&it.scope, scope));
        here.cloned().collect()
    }

    /// Whether something is assigned at `scope`, above it or below it.
    pub(super) fn reach(&self, scope: &str) -> bool {
        let assignments = self.assignments();
        let mut scopes = assignments.iter().map(|it| it.scope.as_str());
        scopes.any(|it| is_below(it, scope) || is_below(scope, it))
    }

    fn assignments(&self) -> MutexGuard<'_, Vec<Assignment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `scope` is one of `assigned`, or below one.
pub(crate) fn is_below_any(assigned: &[String], scope: &str) -> bool {
    assigned.iter().any(|it| is_below(it, scope))
}

fn is_below(assigned: &str, scope: &str) -> bool {
    let assigned = assigned.trim_end_matches('/');
    let Some((beginning, rest)) = scope.split_at_checked(assigned.len()) else {
        return false;
    };
    beginning.eq_ignore_ascii_case(assigned) && (rest.is_empty() || rest.starts_with('/'))
}

/// Whether `text` is as `pattern` says.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(beginning) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is_match) in [
            ("*", "a/b/read", true),
            ("a/*", "a/b/read", true),
            ("*/read", "a/b/read", true),
            ("a/*/read", "a/b/c/read", true),
            ("a/*/read", "a/read", false),
            ("*/b/*", "a/b/read", true),
            ("a/b/read", "a/b/read", true),
            ("a/b", "a/b/read", false),
            ("*/write", "a/b/read", false),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn a_scope_holds_below_it_and_not_beside_it() {
        for (assigned, scope, holds) in [
            ("/", "/subscriptions/1", true),
            (
                "/subscriptions/1",
                "/SUBSCRIPTIONS/1/resourceGroups/a",
                true,
            ),
            ("/subscriptions/1", "/subscriptions/1", true),
            ("/subscriptions/1", "/subscriptions/10", false),
            (
                "/subscriptions/1/resourceGroups/a",
                "/subscriptions/1",
                false,
            ),
        ] {
            assert_eq!(is_below(assigned, scope), holds, "{assigned} {scope}");
        }
    }
}

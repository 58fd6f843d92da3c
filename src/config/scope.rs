//! Where virtual machines are looked up.

use std::{fmt, str::FromStr};

use super::{
    form::words,
    guid, parsed,
    reader::{Faulty, Reader},
};

/// Source: "Naming rules and restrictions for Azure resources".
const LONGEST_GROUP: usize = 90;

/// Every look-up names every scope: more of them than this want a scope above.
const MOST: usize = 50;

/// Not a subscription, a group, or a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidScope {
    #[error("a subscription id is a GUID of 36 characters, hyphens included")]
    Subscription,
    #[error(
        "a resource group's name has 1 to 90 letters, digits, '-', '_', '.', '(' and ')', and does \
         not end with '.'"
    )]
    Group,
    #[error("neither a subscription nor a resource group")]
    Scope,
}

/// The id of a subscription, as its owner writes it.
#[derive(Clone, Debug)]
pub(crate) struct SubscriptionId(String);

/// The name of a resource group, as its owner writes it.
#[derive(Clone, Debug)]
pub(crate) struct ResourceGroup(String);

impl SubscriptionId {
    /// Whether `text` names the same subscription: case does not matter.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceGroup {
    /// Whether `text` names the same group. Case does not matter, in ASCII: two
    /// groups are not taken for one because some alphabet folds their letters.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriptionId {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        guid(text).map(Self).ok_or(InvalidScope::Subscription)
    }
}

impl FromStr for ResourceGroup {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
        let fits = (1..=LONGEST_GROUP).contains(&text.chars().count())
            && text.chars().all(allowed)
            && !text.ends_with('.');
        fits.then(|| Self(text.to_owned()))
            .ok_or(InvalidScope::Group)
    }
}

/// A subscription, or one resource group of it. `Display` is its resource id.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) resource_group: Option<ResourceGroup>,
}

impl Scope {
    /// Whether what is in the group `group` of `subscription` is within.
    pub(crate) fn has(&self, subscription: &str, group: &str) -> bool {
        let own = self.resource_group.as_ref();
        self.subscription_id.is(subscription) && own.is_none_or(|own| own.is(group))
    }

    /// Whether all of `other` is within.
    fn contains(&self, other: &Self) -> bool {
        match (&self.resource_group, &other.resource_group) {
            (Some(_), None) => false,
            (_, Some(group)) => self.has(other.subscription_id.as_str(), group.as_str()),
            (None, None) => self.subscription_id.is(other.subscription_id.as_str()),
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.trim_end_matches('/').split('/').collect();
        let (subscriptions, subscription_id, group) = match parts[..] {
            ["", subscriptions, id] => (subscriptions, id, None),
            ["", subscriptions, id, groups, name] if is_word(groups, "resourceGroups") => {
                (subscriptions, id, Some(name))
            }
            _ => return Err(InvalidScope::Scope),
        };
        if !is_word(subscriptions, "subscriptions") {
            return Err(InvalidScope::Scope);
        }
        Ok(Self {
            subscription_id: subscription_id.parse()?,
            resource_group: group.map(str::parse).transpose()?,
        })
    }
}

fn is_word(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/subscriptions/{}", self.subscription_id.0)?;
        match &self.resource_group {
            Some(group) => write!(formatter, "/resourceGroups/{}", group.0),
            None => Ok(()),
        }
    }
}

/// Scopes of which none is within another, in the order in which they were
/// named.
#[derive(Clone, Debug)]
pub(crate) struct Scopes(Vec<Scope>);

impl Scopes {
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        reader.optional("MIG_SCOPES", Self::EXPECTED, parsed)
    }

    const EXPECTED: &str = "1 to 50 of /subscriptions/{id} and \
         /subscriptions/{id}/resourceGroups/{name}, separated by commas or spaces; an id is a GUID \
         of 36 characters, hyphens included";

    /// `scopes`, without what is within another of them.
    pub(crate) fn folded(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut kept: Vec<Scope> = Vec::new();
        for scope in scopes {
            if kept.iter().any(|known| known.contains(&scope)) {
                continue;
            }
            kept.retain(|known| !scope.contains(known));
            kept.push(scope);
        }
        Self(kept)
    }

    /// The scopes themselves.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether what is in the group `group` of `subscription` is within.
    pub(crate) fn have(&self, subscription: &str, group: &str) -> bool {
        self.iter().any(|scope| scope.has(subscription, group))
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scopes: Vec<Scope> = words(text).map(str::parse).collect::<Result<_, _>>()?;
        let fits = (1..=MOST).contains(&scopes.len());
        fits.then(|| Self::folded(scopes))
            .ok_or(InvalidScope::Scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "/subscriptions/0a000000-0000-0000-0000-000000000001";
    const TWO: &str = "/subscriptions/00000000-0000-0000-0000-000000000002";

    fn scopes(text: &str) -> Vec<String> {
        let scopes: Scopes = text.parse().unwrap();
        scopes.iter().map(Scope::to_string).collect()
    }

    #[test]
    fn a_scope_is_read_whatever_the_case_of_its_path_and_shown_as_written() {
        for text in [
            format!("{ONE}/RESOURCEGROUPS/rg-Web_(1)"),
            format!("{ONE}/resourcegroups/rg-Web_(1)/"),
        ] {
            assert_eq!(
                scopes(&text),
                [format!("{ONE}/resourceGroups/rg-Web_(1)")],
                "{text}"
            );
        }
    }

    #[test]
    fn scopes_are_separated_by_commas_and_space_of_any_kind() {
        let text = format!(" {ONE},{TWO}/resourceGroups/a,\n\t{TWO}/resourceGroups/b ,");
        assert_eq!(scopes(&text).len(), 3);
    }

    #[test]
    fn what_is_within_another_scope_is_folded_into_it() {
        let a = format!("{ONE}/resourceGroups/a");
        let same = format!("{}/resourceGroups/A", ONE.to_uppercase());
        assert_eq!(scopes(&format!("{a} {same}")), [a.as_str()]);
        assert_eq!(scopes(&format!("{a} {ONE} {same}")), [ONE]);
        let elsewhere = format!("{TWO}/resourceGroups/a");
        assert_eq!(scopes(&format!("{ONE} {elsewhere}")), [ONE, &elsewhere]);
    }

    #[test]
    fn what_is_no_scope_spoils_the_list() {
        for text in ["", ",", "/subscriptions/one", "subscriptions", "/", ONE] {
            let text = format!("{text}, /subscriptions");
            assert!(text.parse::<Scopes>().is_err(), "{text}");
        }
        for group in ["", "..", "a/b", "rg.", "a%20b", "a'b", "a\u{0}"] {
            let text = format!("{ONE}/resourceGroups/{group}");
            assert!(text.parse::<Scopes>().is_err(), "{text}");
        }
        let many: Vec<_> = (0..51)
            .map(|n| format!("{ONE}/resourceGroups/{n}"))
            .collect();
        assert!(many.join(" ").parse::<Scopes>().is_err());
        assert_eq!(scopes(&many[..50].join(",")).len(), 50);
    }

    #[test]
    fn a_scope_has_its_own_and_nobody_elses() {
        let group: Scopes = format!("{ONE}/resourceGroups/rg-k").parse().unwrap();
        let id = &ONE["/subscriptions/".len()..];
        assert!(group.have(&id.to_uppercase(), "RG-K"));
        // The Kelvin sign folds to a k in Unicode, not in the name of a group.
        for other in ["rg-\u{212a}", "rg-kk", "rg", ""] {
            assert!(!group.have(id, other), "{other}");
        }
        assert!(!group.have(&TWO["/subscriptions/".len()..], "rg-k"));
    }
}

//! The resource group in which virtual machines are looked up.

use std::str::FromStr;

use super::guid;

/// A resource group, as its owner writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) subscription_id: String,
    pub(crate) resource_group: String,
}

/// Source: "Naming rules and restrictions for Azure resources".
const LONGEST_GROUP: usize = 90;

impl Scope {
    pub(super) const EXPECTED: &str = "one /subscriptions/{id}/resourceGroups/{name}, the group of the virtual machines; the id \
         is a GUID of 36 characters, hyphens included";
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.trim_end_matches('/').split('/').collect();
        let ["", subscriptions, subscription_id, groups, resource_group] = parts[..] else {
            return Err(());
        };
        let is_scope = subscriptions.eq_ignore_ascii_case("subscriptions")
            && groups.eq_ignore_ascii_case("resourceGroups")
            && guid(subscription_id).is_some()
            && is_group_name(resource_group);
        if !is_scope {
            return Err(());
        }
        Ok(Self {
            subscription_id: subscription_id.to_owned(),
            resource_group: resource_group.to_owned(),
        })
    }
}

fn is_group_name(text: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
    (1..=LONGEST_GROUP).contains(&text.chars().count())
        && text.chars().all(allowed)
        && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

    #[test]
    fn a_resource_group_is_a_scope_whatever_the_case_of_its_path() {
        let scope: Scope = format!("{SUBSCRIPTION}/RESOURCEGROUPS/rg-Web_(1)")
            .parse()
            .unwrap();
        assert_eq!(scope.resource_group, "rg-Web_(1)");
    }

    #[test]
    fn what_is_no_resource_group_is_no_scope() {
        for text in ["", SUBSCRIPTION, "/subscriptions/one/resourceGroups/rg"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
        for group in ["", "..", "a/b", "rg.", "a b", "a,b"] {
            assert!(
                format!("{SUBSCRIPTION}/resourceGroups/{group}")
                    .parse::<Scope>()
                    .is_err()
            );
        }
    }
}

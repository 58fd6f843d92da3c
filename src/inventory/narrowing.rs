//! `?subscriptionId=` and `?resourceGroup=`: which of the scopes is meant.

use super::{Error, Searched};
use crate::config::{InvalidScope, ResourceGroup, Scope, Scopes, SubscriptionId};

/// What a caller says about where a virtual machine is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrowing {
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) resource_group: Option<ResourceGroup>,
}

impl Narrowing {
    /// Reads the two parameters.
    pub(crate) fn read(
        subscription_id: Option<&str>,
        resource_group: Option<&str>,
    ) -> Result<Self, InvalidScope> {
        Ok(Self {
            subscription_id: subscription_id.map(str::parse).transpose()?,
            resource_group: resource_group.map(str::parse).transpose()?,
        })
    }

    /// Whether anything is said.
    pub(crate) fn is_given(&self) -> bool {
        self.subscription_id.is_some() || self.resource_group.is_some()
    }

    /// What is left of `scopes`: never more than they were.
    pub(super) fn within(&self, scopes: &Scopes) -> Result<Scopes, Error> {
        let left = Scopes::folded(scopes.iter().filter_map(|scope| self.narrowed(scope)));
        if left.iter().next().is_none() {
            return Err(Error::Outside(Searched::new(self, scopes.clone())));
        }
        Ok(left)
    }

    fn narrowed(&self, scope: &Scope) -> Option<Scope> {
        let asked = self.subscription_id.as_ref();
        if asked.is_some_and(|id| !id.is(scope.subscription_id.as_str())) {
            return None;
        }
        let resource_group = match (&scope.resource_group, &self.resource_group) {
            (Some(own), Some(asked)) if !own.is(asked.as_str()) => return None,
            (Some(own), _) => Some(own.clone()),
            (None, asked) => asked.clone(),
        };
        Some(Scope {
            subscription_id: scope.subscription_id.clone(),
            resource_group,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-0000-0000-00000000000a";
    const B: &str = "00000000-0000-0000-0000-00000000000b";

    /// What is left of all of A and one group of B.
    fn left(subscription_id: Option<&str>, resource_group: Option<&str>) -> Option<Vec<String>> {
        let scopes: Scopes = format!("/subscriptions/{A} /subscriptions/{B}/resourceGroups/rg-b")
            .parse()
            .unwrap();
        let narrowing = Narrowing::read(subscription_id, resource_group).unwrap();
        let left = narrowing.within(&scopes).ok()?;
        Some(left.iter().map(Scope::to_string).collect())
    }

    #[test]
    fn nothing_said_leaves_every_scope() {
        assert_eq!(left(None, None).unwrap().len(), 2);
    }

    #[test]
    fn a_group_of_a_subscription_becomes_a_scope_of_its_own() {
        let group = format!("/subscriptions/{A}/resourceGroups/any");
        assert_eq!(left(None, Some("any")).unwrap(), [group.as_str()]);
        assert_eq!(left(Some(&A.to_uppercase()), Some("any")).unwrap(), [group]);
    }

    #[test]
    fn nothing_beyond_the_scopes_can_be_reached() {
        assert!(left(Some("00000000-0000-0000-0000-00000000000c"), None).is_none());
        assert!(left(Some(B), Some("rg-c")).is_none());
        assert_eq!(
            left(Some(B), Some("RG-B")).unwrap(),
            [format!("/subscriptions/{B}/resourceGroups/rg-b")]
        );
    }

    #[test]
    fn what_is_no_id_or_group_is_refused() {
        assert!(Narrowing::read(Some("one"), None).is_err());
        for group in ["", "..", "a/b", "a%2Fb", "a'b", "rg."] {
            assert!(Narrowing::read(None, Some(group)).is_err(), "{group}");
        }
    }
}

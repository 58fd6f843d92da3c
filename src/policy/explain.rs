//! Why something is permitted or denied, policy by policy.

use cedar_policy::{Authorizer, Effect, PolicySet as Cedar, ResourceConstraint};

use super::{
    Ask, Entry, PolicySet,
    vocabulary::{Reading, Situation},
};
use crate::access::Caller;

/// What a policy has to do with what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearing {
    /// It holds.
    Holds,
    /// It is about other actions.
    OtherAction,
    /// It is about other callers.
    OtherCaller,
    /// It is about other machines or departments.
    OtherResource,
    /// Its conditions do not hold.
    Conditions,
    /// It looks at this tag, and takes several of the machine for it, whose values differ.
    TagsAlike(String),
    /// It cannot be evaluated, which denies.
    Fails(String),
}

impl Bearing {
    /// In words that follow the policy's name.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Holds => "holds".to_owned(),
            Self::OtherAction => "is about other actions".to_owned(),
            Self::OtherCaller => "is about other callers".to_owned(),
            Self::OtherResource => "is about other resources".to_owned(),
            Self::Conditions => "has conditions that do not hold".to_owned(),
            Self::TagsAlike(name) => {
                format!("takes several tags for {name:?}, whose values differ")
            }
            Self::Fails(reason) => format!("cannot be evaluated, which denies: {reason}"),
        }
    }
}

impl PolicySet {
    /// Each policy with what it has to do with `ask`; nothing where it cannot be put
    /// to policies at all.
    pub(crate) fn explain(&self, caller: &Caller, ask: &Ask<'_>) -> Vec<(&Entry, Bearing)> {
        let situation = self.vocabulary.situation(caller, ask, Reading::First);
        let Ok(situation) = situation else {
            return Vec::new();
        };
        let entries = self.entries().iter();
        entries
            .map(|entry| (entry, bearing(entry, ask, &situation)))
            .collect()
    }
}

fn bearing(entry: &Entry, ask: &Ask<'_>, situation: &Situation) -> Bearing {
    if !entry.actions[ask.action().index()] {
        return Bearing::OtherAction;
    }
    let whom = entry.whom();
    if whom.is_some_and(|whom| !situation.principals.contains(&whom)) {
        return Bearing::OtherCaller;
    }
    if !is_about(entry, situation) {
        return Bearing::OtherResource;
    }
    if let Some(name) = situation.alike(&entry.tags) {
        return Bearing::TagsAlike(name.to_owned());
    }
    let alone = match Cedar::from_policies([entry.policy.clone()]) {
        Ok(alone) => alone,
        Err(error) => return Bearing::Fails(error.to_string()),
    };
    let response = Authorizer::new().is_authorized(&situation.request, &alone, &situation.entities);
    if let Some(error) = response.diagnostics().errors().next() {
        return Bearing::Fails(error.to_string());
    }
    // A forbid that does not hold denies as well, for want of a permit.
    if response.diagnostics().reason().next().is_some() {
        Bearing::Holds
    } else {
        Bearing::Conditions
    }
}

fn is_about(entry: &Entry, situation: &Situation) -> bool {
    match entry.policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => true,
        ResourceConstraint::Eq(uid) => situation.resources.first() == Some(&uid),
        ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
            situation.resources.contains(&uid)
        }
    }
}

impl Entry {
    /// `permit` or `forbid`.
    pub(crate) fn effect(&self) -> &'static str {
        match self.policy.effect() {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        }
    }

    /// What it can hold for, by name.
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        let all = super::Action::ALL.into_iter();
        all.filter(|action| self.actions[action.index()])
            .map(super::Action::as_str)
            .collect()
    }
}

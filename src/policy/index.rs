//! Policies by what they are about, so that a decision reads few of many.

use std::collections::HashMap;

use cedar_policy::{
    Authorizer, Decision, EntityUid, Policy, PolicySet, PrincipalConstraint, ResourceConstraint,
};

use super::vocabulary::Situation;

/// Policies for one action. Each is in one place: under what its scope says of the
/// resource, else of the principal, else among those that are read every time. A
/// policy whose scope names an entity holds for nobody and nothing outside of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    general: PolicySet,
    by_entity: HashMap<EntityUid, PolicySet>,
}

/// The policies that hold, by name, and those that cannot be evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) permits: Vec<String>,
    pub(super) forbids: Vec<String>,
    pub(super) errors: Vec<String>,
}

/// What policies come to, by name: each goes over those that follow.
pub(super) enum Verdict {
    Fails(Vec<String>),
    Forbids(Vec<String>),
    Permits(Vec<String>),
    Silent,
}

impl Index {
    pub(super) fn add(&mut self, policy: Policy) -> Result<(), String> {
        let place = match entity(&policy) {
            Some(entity) => self.by_entity.entry(entity).or_default(),
            None => &mut self.general,
        };
        place.add(policy).map_err(|error| error.to_string())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.general.is_empty() && self.by_entity.is_empty()
    }

    /// What holds in `situation`.
    pub(super) fn evaluate(&self, situation: &Situation) -> Found {
        let entities = situation.principals.iter().chain(&situation.resources);
        let special = entities.filter_map(|entity| self.by_entity.get(entity));
        let mut found = Found::default();
        for policies in std::iter::once(&self.general).chain(special) {
            found.evaluate(policies, situation);
        }
        found
    }
}

impl Found {
    pub(super) fn verdict(self) -> Verdict {
        if !self.errors.is_empty() {
            Verdict::Fails(self.errors)
        } else if !self.forbids.is_empty() {
            Verdict::Forbids(self.forbids)
        } else if !self.permits.is_empty() {
            Verdict::Permits(self.permits)
        } else {
            Verdict::Silent
        }
    }

    fn evaluate(&mut self, policies: &PolicySet, situation: &Situation) {
        if policies.is_empty() {
            return;
        }
        let response =
            Authorizer::new().is_authorized(&situation.request, policies, &situation.entities);
        let diagnostics = response.diagnostics();
        // A permission tells which policies permit, a denial which forbid.
        let reasons = match response.decision() {
            Decision::Allow => &mut self.permits,
            Decision::Deny => &mut self.forbids,
        };
        reasons.extend(diagnostics.reason().map(ToString::to_string));
        self.errors
            .extend(diagnostics.errors().map(|error| match error {
                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                    error.policy_id().to_string()
                }
            }));
    }

    /// This, and what `others` found.
    pub(super) fn extend(&mut self, others: Self) {
        self.permits.extend(others.permits);
        self.forbids.extend(others.forbids);
        self.errors.extend(others.errors);
    }

    /// In an order that does not change from one time to the next.
    pub(super) fn sorted(mut self) -> Self {
        for names in [&mut self.permits, &mut self.forbids, &mut self.errors] {
            names.sort_unstable();
            // Who has a role twice finds its policies twice.
            names.dedup();
        }
        self
    }
}

fn entity(policy: &Policy) -> Option<EntityUid> {
    match policy.resource_constraint() {
        ResourceConstraint::In(uid)
        | ResourceConstraint::Eq(uid)
        | ResourceConstraint::IsIn(_, uid) => return Some(uid),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => {}
    }
    match policy.principal_constraint() {
        PrincipalConstraint::In(uid)
        | PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::IsIn(_, uid) => Some(uid),
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    }
}

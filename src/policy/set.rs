//! A set of policies, ready to decide.

use std::{sync::Arc, time::SystemTime};

use cedar_policy::{Effect, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

use super::{
    Action, Ask, Decision, Denial, Faults, Grounds, Reason, Shadow, Source,
    fault::Place,
    index::{Found, Index},
    known::Known,
    load,
    names::is_nameable,
    vocabulary::{Inexpressible, Vocabulary, roles},
};
use crate::{access::Caller, metrics::PolicySummary};

/// A policy, and what was learnt of it when it was loaded.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) place: Place,
    /// Evaluated, counted and logged, and not enforced.
    pub(crate) is_shadow: bool,
    /// Whether it can hold for each of `Action::ALL`.
    pub(super) actions: [bool; Action::ALL.len()],
    pub(super) looks_at_tags: bool,
    pub(super) looks_at_resource: bool,
    pub(super) policy: Policy,
}

/// Policies for one action.
#[derive(Clone, Debug, Default)]
struct Slice {
    enforced: Index,
    shadow: Index,
    has_shadow: bool,
    needs_tags: bool,
    looks_at_resource: bool,
    /// To whom some enforced policy could permit it.
    permitted: Vec<Whom>,
    /// App roles that alone would do.
    roles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Anybody,
    /// Whoever has this app role.
    Role(String),
    /// The caller with this id.
    Caller(String),
}

/// All policies as they were loaded together.
pub(crate) struct PolicySet {
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) entries: Vec<Entry>,
    slices: [Slice; Action::ALL.len()],
    known: Known,
    /// The beginning of the SHA-256 of all files.
    pub(crate) version: String,
    pub(crate) loaded_at: SystemTime,
}

impl Entry {
    pub(crate) fn is_permit(&self) -> bool {
        self.policy.effect() == Effect::Permit
    }

    pub(super) fn whom(&self) -> Option<EntityUid> {
        match self.policy.principal_constraint() {
            PrincipalConstraint::In(uid)
            | PrincipalConstraint::Eq(uid)
            | PrincipalConstraint::IsIn(_, uid) => Some(uid),
            PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        }
    }

    /// To whom it could permit something; `None` where that is nobody who calls.
    fn permitted(&self) -> Option<Whom> {
        let Some(whom) = self.whom() else {
            return Some(Whom::Anybody);
        };
        let id = whom.id().unescaped().to_owned();
        match whom.type_name().basename() {
            "Role" => Some(Whom::Role(id)),
            "Caller" => Some(Whom::Caller(id)),
            _ => None,
        }
    }

    /// The app role that permits without any further condition.
    fn role(&self) -> Option<String> {
        let is_whole = match self.policy.resource_constraint() {
            ResourceConstraint::Any | ResourceConstraint::Is(_) => true,
            ResourceConstraint::In(_)
            | ResourceConstraint::Eq(_)
            | ResourceConstraint::IsIn(..) => false,
        };
        if !is_whole || self.policy.has_non_scope_constraint() {
            return None;
        }
        let whom = self.whom()?;
        (whom.type_name().basename() == "Role").then(|| whom.id().unescaped().to_owned())
    }
}

impl Slice {
    fn of(action: Action, entries: &[Entry]) -> Result<Self, String> {
        let mut slice = Self::default();
        for entry in entries.iter().filter(|it| it.actions[action.index()]) {
            slice.needs_tags |= entry.looks_at_tags;
            slice.looks_at_resource |= entry.looks_at_resource;
            if entry.is_shadow {
                slice.has_shadow = true;
                slice.shadow.add(entry.policy.clone())?;
                continue;
            }
            slice.enforced.add(entry.policy.clone())?;
            if entry.is_permit() {
                slice.permitted.extend(entry.permitted());
                slice.roles.extend(entry.role());
            }
        }
        slice.roles.sort_unstable();
        slice.roles.dedup();
        Ok(slice)
    }
}

impl PolicySet {
    /// `entries`, whose names are each there once.
    pub(super) fn new(
        vocabulary: Arc<Vocabulary>,
        entries: Vec<Entry>,
        version: String,
    ) -> Result<Self, String> {
        let mut slices: [Slice; Action::ALL.len()] = Default::default();
        for action in Action::ALL {
            slices[action.index()] = Slice::of(action, &entries)?;
        }
        Ok(Self {
            vocabulary,
            entries,
            slices,
            known: Known::new(),
            version,
            loaded_at: SystemTime::now(),
        })
    }

    /// The policies of `source`, or all that is wrong with them.
    pub(crate) fn load(source: &Source) -> Result<Self, Faults> {
        load::load(source)
    }

    /// What it is, in numbers.
    pub(super) fn summary(&self) -> PolicySummary {
        let shadow = self.entries.iter().filter(|it| it.is_shadow).count();
        PolicySummary {
            version: self.version.clone(),
            enforced: self.entries.len() - shadow,
            shadow,
            loaded_at: self.loaded_at,
        }
    }

    /// The policies, in the order in which they are written.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a policy that could hold for `action` looks at tags, a shadow policy
    /// included.
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        self.slices[action.index()].needs_tags
    }

    /// Whether some policy could permit `action` to `caller` on anything at all.
    /// Never no where [`PolicySet::decide`] says yes; a yes permits nothing.
    pub(crate) fn may_ever(&self, caller: &Caller, action: Action) -> bool {
        let permitted = &self.slices[action.index()].permitted;
        permitted.iter().any(|whom| match whom {
            Whom::Anybody => true,
            Whom::Role(role) => roles(caller).any(|it| it == *role),
            Whom::Caller(id) => caller.id() == *id,
        })
    }

    /// Whether policies in shadow are about `action`.
    pub(crate) fn has_shadow(&self, action: Action) -> bool {
        self.slices[action.index()].has_shadow
    }

    /// What is said where [`PolicySet::may_ever`] says no.
    pub(crate) fn none_permits(&self, action: Action) -> Denial {
        let roles = self.slices[action.index()].roles.clone();
        Denial {
            action,
            reason: Reason::NonePermits { roles },
            shadow: Shadow::Same,
        }
    }

    /// Whether `caller` may do what is asked.
    pub(crate) fn decide(&self, caller: &Caller, ask: &Ask<'_>) -> Arc<Decision> {
        let action = ask.action();
        let looks = self.slices[action.index()].looks_at_resource;
        // What is the same of every machine is decided once; of one that no policy
        // could name it is not the same.
        let is_alike = !looks && ask.machine().is_none_or(|it| is_nameable(it.id));
        let subject = (!is_alike).then_some(ask);
        self.known
            .or_decide(caller, action, subject, || self.evaluate(caller, ask))
    }

    fn evaluate(&self, caller: &Caller, ask: &Ask<'_>) -> Decision {
        let action = ask.action();
        let slice = &self.slices[action.index()];
        let deny = |reason| {
            Decision::Deny(Denial {
                action,
                reason,
                shadow: Shadow::Same,
            })
        };
        if slice.needs_tags && ask.machine().is_some_and(|machine| machine.tags.is_none()) {
            return deny(Reason::TagsUnknown);
        }
        let situation = match self.vocabulary.situation(caller, ask) {
            Ok(situation) => situation,
            Err(Inexpressible::Name) => return deny(Reason::Unnameable),
            Err(Inexpressible::Form(fault)) => {
                tracing::error!(fault, "a request could not be put to the policies");
                return deny(Reason::Failed(Vec::new()));
            }
        };
        let found = slice.enforced.evaluate(&situation).sorted();
        let shadow = if slice.has_shadow {
            slice.shadow.evaluate(&situation).sorted()
        } else {
            Found::default()
        };
        decided(action, found, shadow, &slice.roles)
    }
}

/// What `found` comes to, and what it would come to together with `shadow`.
fn decided(action: Action, found: Found, shadow: Found, roles: &[String]) -> Decision {
    let reason = if !found.errors.is_empty() {
        Reason::Failed(found.errors)
    } else if !found.forbids.is_empty() {
        Reason::Forbidden(found.forbids)
    } else if found.permits.is_empty() {
        let roles = roles.to_vec();
        let would_permit =
            shadow.errors.is_empty() && shadow.forbids.is_empty() && !shadow.permits.is_empty();
        return Decision::Deny(Denial {
            action,
            reason: Reason::NonePermits { roles },
            shadow: if would_permit {
                Shadow::Permits(shadow.permits)
            } else {
                Shadow::Same
            },
        });
    } else {
        let denying = if shadow.errors.is_empty() {
            shadow.forbids
        } else {
            shadow.errors
        };
        return Decision::Permit(Grounds {
            policies: found.permits.into(),
            shadow: if denying.is_empty() {
                Shadow::Same
            } else {
                Shadow::Denies(denying)
            },
        });
    };
    // No further policy turns these into a permission.
    Decision::Deny(Denial {
        action,
        reason,
        shadow: Shadow::Same,
    })
}

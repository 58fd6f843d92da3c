//! A set of policies, ready to decide.

use std::{borrow::Cow, collections::HashSet, iter, sync::Arc, time::SystemTime};

use cedar_policy::{Effect, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

use super::{
    Action, Ask, Decision, Denial, Error, Grounds, Reason, Shadow, Source,
    fault::{Fault, Place},
    index::{Found, Index, Verdict},
    known::Known,
    load,
    names::is_nameable,
    vocabulary::{Inexpressible, Reading, Situation, Vocabulary, roles},
};
use crate::{access::Caller, config::Callers, metrics::PolicySummary};

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
    /// The tags that it looks at, by name.
    pub(super) tags: HashSet<String>,
    pub(super) looks_at_resource: bool,
    pub(super) policy: Policy,
}

/// Policies for one action.
#[derive(Clone, Debug, Default)]
struct Slice {
    enforced: Index,
    shadow: Index,
    /// Those in shadow that look at tags.
    shadow_on_tags: Index,
    /// The tags that enforced policies look at, by name.
    tags: HashSet<String>,
    /// Those that policies in shadow look at.
    shadow_tags: HashSet<String>,
    looks_at_resource: bool,
    /// To whom some enforced policy could permit it.
    permitted: HashSet<Whom<'static>>,
    /// To whom policies in shadow could permit it, each with its name.
    tried: Vec<(Whom<'static>, String)>,
    /// App roles that alone would do.
    roles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whom<'a> {
    Anybody,
    /// Whoever has this app role.
    Role(Cow<'a, str>),
    /// The caller with this id.
    Caller(String),
}

/// All policies as they were loaded together.
pub(crate) struct PolicySet {
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) entries: Vec<Entry>,
    /// What is odd about them, and may be meant.
    pub(crate) warnings: Vec<Fault>,
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
    fn permitted(&self) -> Option<Whom<'static>> {
        let Some(whom) = self.whom() else {
            return Some(Whom::Anybody);
        };
        let id = whom.id().unescaped().to_owned();
        match whom.type_name().basename() {
            "Role" => Some(Whom::Role(id.into())),
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

impl<'a> Whom<'a> {
    /// All that `caller` is.
    fn each(caller: &'a Caller) -> impl Iterator<Item = Self> {
        let roles = roles(caller).map(Self::Role);
        let own = iter::once_with(|| Self::Caller(caller.id()));
        iter::once(Self::Anybody).chain(roles).chain(own)
    }
}

impl Slice {
    fn of(action: Action, entries: &[Entry]) -> Result<Self, String> {
        let mut slice = Self::default();
        for entry in entries.iter().filter(|it| it.actions[action.index()]) {
            slice.looks_at_resource |= entry.looks_at_resource;
            if entry.is_shadow {
                slice.try_out(entry)?;
                continue;
            }
            slice.tags.extend(entry.tags.iter().cloned());
            slice.enforced.add(entry.policy.clone())?;
            if entry.is_permit() {
                slice.permitted.extend(entry.permitted());
                slice.roles.extend(entry.role());
            }
        }
        slice.roles.sort_unstable();
        slice.roles.dedup();
        slice
            .tried
            .sort_unstable_by(|one, other| one.1.cmp(&other.1));
        Ok(slice)
    }

    /// Takes in a policy in shadow, which decides nothing, nor what is looked at.
    fn try_out(&mut self, entry: &Entry) -> Result<(), String> {
        let place = if entry.tags.is_empty() {
            &mut self.shadow
        } else {
            &mut self.shadow_on_tags
        };
        self.shadow_tags.extend(entry.tags.iter().cloned());
        place.add(entry.policy.clone())?;
        if entry.is_permit() {
            let whom = entry.permitted().into_iter();
            self.tried.extend(whom.map(|it| (it, entry.name.clone())));
        }
        Ok(())
    }

    /// What the policies in shadow come to; those that look at tags are left out where
    /// nobody has, and where the machine has values that differ for one of them.
    fn shadow(&self, situation: &Situation, sees_tags: bool) -> Found {
        let mut found = self.shadow.evaluate(situation);
        if sees_tags && situation.alike(&self.shadow_tags).is_none() {
            found.extend(self.shadow_on_tags.evaluate(situation));
        }
        found.sorted()
    }
}

impl PolicySet {
    /// `entries`, whose names are each there once, and what is odd about them.
    pub(super) fn new(
        vocabulary: Arc<Vocabulary>,
        (entries, warnings): (Vec<Entry>, Vec<Fault>),
        version: String,
    ) -> Result<Self, String> {
        let mut slices: [Slice; Action::ALL.len()] = Default::default();
        for action in Action::ALL {
            slices[action.index()] = Slice::of(action, &entries)?;
        }
        Ok(Self {
            vocabulary,
            entries,
            warnings,
            slices,
            known: Known::new(),
            version,
            loaded_at: SystemTime::now(),
        })
    }

    /// The policies of `source`, or why there are none; where it is known who
    /// `callers` are, that is held against whom the policies name.
    pub(crate) fn load(source: &Source, callers: Option<&Callers>) -> Result<Self, Error> {
        load::load(source, callers)
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

    /// Whether an enforced policy that could hold for `action` looks at tags: without
    /// them nothing is permitted.
    pub(crate) fn needs_tags(&self, action: Action) -> bool {
        !self.slices[action.index()].tags.is_empty()
    }

    /// Whether a policy in shadow that could hold for `action` looks at tags: without
    /// them it is left out.
    pub(crate) fn tries_tags(&self, action: Action) -> bool {
        !self.slices[action.index()].shadow_on_tags.is_empty()
    }

    /// Whether some policy could permit `action` to `caller` on anything at all.
    /// Never no where [`PolicySet::decide`] says yes; a yes permits nothing.
    pub(crate) fn may_ever(&self, caller: &Caller, action: Action) -> bool {
        let permitted = &self.slices[action.index()].permitted;
        Whom::each(caller).any(|whom| permitted.contains(&whom))
    }

    /// What is said where [`PolicySet::may_ever`] says no. On what `caller` wants to do
    /// it is not known, so that of policies in shadow those are told that could permit
    /// it on something.
    pub(crate) fn none_permits(&self, caller: &Caller, action: Action) -> Denial {
        let slice = &self.slices[action.index()];
        let own: HashSet<_> = Whom::each(caller).collect();
        let tried = slice.tried.iter().filter(|(whom, _)| own.contains(whom));
        let tried: Vec<_> = tried.map(|(_, name)| name.clone()).collect();
        Denial {
            action,
            reason: Reason::NonePermits {
                roles: slice.roles.clone(),
            },
            shadow: if tried.is_empty() {
                Shadow::Same
            } else {
                Shadow::Permits(tried)
            },
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
        let sees_tags = ask.machine().is_none_or(|machine| machine.tags.is_some());
        if !slice.tags.is_empty() && !sees_tags {
            return deny(Reason::TagsUnknown);
        }
        let situation = match self.vocabulary.situation(caller, ask, Reading::First) {
            Ok(situation) => situation,
            Err(Inexpressible::Name) => return deny(Reason::Unnameable),
            Err(Inexpressible::Form(fault)) => {
                tracing::error!(fault, "a request could not be put to the policies");
                return deny(Reason::Failed(Vec::new()));
            }
        };
        let found = slice.enforced.evaluate(&situation).sorted();
        if let Some(name) = situation.alike(&slice.tags) {
            let first = decided(action, found, Found::default(), &slice.roles);
            if first.is_permit() || self.permits_by_last(caller, ask) {
                return deny(Reason::TagsAlike(name.to_owned()));
            }
            // Whom neither value would permit it is not told what tags the machine has.
            return first;
        }
        let shadow = slice.shadow(&situation, sees_tags);
        decided(action, found, shadow, &slice.roles)
    }

    /// Whether it would be permitted if of tags of one name the last alone were there.
    fn permits_by_last(&self, caller: &Caller, ask: &Ask<'_>) -> bool {
        let slice = &self.slices[ask.action().index()];
        let situation = self.vocabulary.situation(caller, ask, Reading::Last);
        let verdict = situation.map(|it| slice.enforced.evaluate(&it).verdict());
        matches!(verdict, Ok(Verdict::Permits(_)))
    }
}

/// What `found` comes to, and what it would come to together with `shadow`.
fn decided(action: Action, found: Found, shadow: Found, roles: &[String]) -> Decision {
    let deny = |reason, shadow| {
        Decision::Deny(Denial {
            action,
            reason,
            shadow,
        })
    };
    match (found.verdict(), shadow.verdict()) {
        // No further policy turns these into a permission.
        (Verdict::Fails(policies), _) => deny(Reason::Failed(policies), Shadow::Same),
        (Verdict::Forbids(policies), _) => deny(Reason::Forbidden(policies), Shadow::Same),
        (Verdict::Silent, shadow) => {
            let roles = roles.to_vec();
            let shadow = match shadow {
                Verdict::Permits(policies) => Shadow::Permits(policies),
                Verdict::Fails(_) | Verdict::Forbids(_) | Verdict::Silent => Shadow::Same,
            };
            deny(Reason::NonePermits { roles }, shadow)
        }
        (Verdict::Permits(policies), shadow) => Decision::Permit(Grounds {
            policies: policies.into(),
            shadow: match shadow {
                Verdict::Fails(policies) | Verdict::Forbids(policies) => Shadow::Denies(policies),
                Verdict::Permits(_) | Verdict::Silent => Shadow::Same,
            },
        }),
    }
}

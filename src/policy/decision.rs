//! What the policies say, and by which of them.

use std::{fmt, sync::Arc};

use super::Action;

/// Whether something may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Permit(Grounds),
    Deny(Denial),
}

/// Why it may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grounds {
    /// The policies that permit it, by name.
    pub(crate) policies: Arc<[String]>,
    pub(crate) shadow: Shadow,
}

/// Why it may not be done. `Display` is for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", words(*action, reason))]
pub(crate) struct Denial {
    pub(crate) action: Action,
    pub(crate) reason: Reason,
    pub(crate) shadow: Shadow,
}

/// What kind of a no it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// These policies forbid it, whoever permits it.
    Forbidden(Vec<String>),
    /// No policy permits it; the app roles would.
    NonePermits { roles: Vec<String> },
    /// These policies could not be evaluated: a forbid that fails is no consent.
    Failed(Vec<String>),
    /// The policies look at tags, and nobody has looked at the machine.
    TagsUnknown,
    /// The policies look at this tag, and take several of the machine for it, whose values
    /// differ. It is as policies write it: who gives a machine tags has no say in a denial.
    TagsAlike(String),
    /// It is of something that cannot be named in a policy.
    Unnameable,
}

/// What would be otherwise if the shadow policies were enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shadow {
    /// Nothing.
    Same,
    /// It would be permitted, by these.
    Permits(Vec<String>),
    /// It would be denied, by these.
    Denies(Vec<String>),
}

impl Decision {
    /// Whether it may be done.
    pub(crate) fn is_permit(&self) -> bool {
        matches!(self, Self::Permit(_))
    }

    /// Whether it says nothing but that the policies could not be asked.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Deny(denial) if matches!(denial.reason, Reason::Failed(_)))
    }

    /// As a label has it.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Permit(_) => "permit",
            Self::Deny(denial) => denial.reason.label(),
        }
    }

    /// The policies that decided, by name.
    pub(crate) fn policies(&self) -> &[String] {
        match self {
            Self::Permit(grounds) => &grounds.policies,
            Self::Deny(denial) => denial.reason.policies(),
        }
    }

    /// What shadow policies would change.
    pub(crate) fn shadow(&self) -> &Shadow {
        match self {
            Self::Permit(grounds) => &grounds.shadow,
            Self::Deny(denial) => &denial.shadow,
        }
    }
}

impl Reason {
    /// The policies that deny, by name.
    pub(crate) fn policies(&self) -> &[String] {
        match self {
            Self::Forbidden(policies) | Self::Failed(policies) => policies,
            Self::NonePermits { .. }
            | Self::TagsUnknown
            | Self::TagsAlike(_)
            | Self::Unnameable => &[],
        }
    }

    /// As a label has it.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "forbidden",
            Self::NonePermits { .. } => "none_permits",
            Self::Failed(_) => "failed",
            Self::TagsUnknown => "tags_unknown",
            Self::TagsAlike(_) => "tags_alike",
            Self::Unnameable => "unnameable",
        }
    }
}

impl Shadow {
    /// As a label has it.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Permits(_) => "permit",
            Self::Denies(_) => "deny",
        }
    }

    /// The policies that would decide, by name.
    pub(crate) fn policies(&self) -> &[String] {
        match self {
            Self::Same => &[],
            Self::Permits(policies) | Self::Denies(policies) => policies,
        }
    }
}

fn words(action: Action, reason: &Reason) -> String {
    let what = format!("{} on {}", action.as_str(), action.object());
    match reason {
        Reason::Forbidden(policies) => format!("{what} is forbidden by {}", named(policies)),
        Reason::NonePermits { roles } if roles.is_empty() => {
            format!("no policy permits {what} to this caller")
        }
        Reason::NonePermits { roles } => format!(
            "no policy permits {what} to this caller; {} would be permitted",
            held(roles)
        ),
        Reason::Failed(policies) if policies.is_empty() => {
            format!("{what} is denied, as it could not be put to the policies")
        }
        Reason::Failed(policies) => format!(
            "{what} is denied, as {} could not be evaluated",
            named(policies)
        ),
        Reason::TagsUnknown => format!("{what} is denied, as its tags are not known"),
        Reason::TagsAlike(name) => format!(
            "{what} is denied, as it has several tags that policies take for {name:?}, and their \
             values differ"
        ),
        Reason::Unnameable => format!("{what} is denied, as no policy can name it"),
    }
}

fn named(policies: &[String]) -> impl fmt::Display {
    let noun = if policies.len() == 1 {
        "the policy"
    } else {
        "the policies"
    };
    format!("{noun} {}", policies.join(", "))
}

fn held(roles: &[String]) -> impl fmt::Display {
    format!("a caller with the app role {}", roles.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure;

    #[test]
    fn a_denial_names_its_policy_or_what_would_permit() {
        let told = |reason| {
            let denial = Denial {
                action: Action::Order(azure::Action::Deallocate),
                reason,
                shadow: Shadow::Same,
            };
            denial.to_string()
        };
        assert_eq!(
            told(Reason::Forbidden(vec!["locked".to_owned()])),
            "deallocate on this virtual machine is forbidden by the policy locked"
        );
        assert_eq!(
            told(Reason::NonePermits {
                roles: vec!["Vm.Operate".to_owned()]
            }),
            "no policy permits deallocate on this virtual machine to this caller; a caller with \
             the app role Vm.Operate would be permitted"
        );
    }
}

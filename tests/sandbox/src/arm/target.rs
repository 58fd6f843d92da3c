//! What a path of Resource Manager is about.

/// The virtual machines that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// All of a subscription.
    Subscription(&'a str),
    /// Those of a group.
    Group {
        subscription: &'a str,
        group: &'a str,
    },
    /// One, or what stands below it.
    Machine {
        subscription: &'a str,
        group: &'a str,
        name: &'a str,
        below: &'a [&'a str],
    },
}

impl<'a> Target<'a> {
    /// Reads a path; its fixed parts may have any case.
    pub(super) fn of(segments: &'a [&'a str]) -> Option<Self> {
        let (scope, [namespace, kind, rest @ ..]) = split(segments, "providers")? else {
            return None;
        };
        if !is(namespace, "Microsoft.Compute") || !is(kind, "virtualMachines") {
            return None;
        }
        match (scope, rest) {
            ([word, subscription], []) if is(word, "subscriptions") => {
                Some(Self::Subscription(subscription))
            }
            ([word, subscription, groups, group], rest)
                if is(word, "subscriptions") && is(groups, "resourceGroups") =>
            {
                Some(match rest {
                    [] => Self::Group {
                        subscription,
                        group,
                    },
                    [name, below @ ..] => Self::Machine {
                        subscription,
                        group,
                        name,
                        below,
                    },
                })
            }
            _ => None,
        }
    }
}

/// What a path is about that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere<'a> {
    /// Something of another provider.
    Namespace(&'a str),
    /// Another type of resource of ours.
    Type(&'a str),
}

impl<'a> Elsewhere<'a> {
    pub(super) fn of(segments: &'a [&'a str]) -> Option<Self> {
        let (_, [namespace, rest @ ..]) = split(segments, "providers")? else {
            return None;
        };
        if !is(namespace, "Microsoft.Compute") {
            return Some(Self::Namespace(namespace));
        }
        let kinds = ["virtualMachines", "locations"];
        let is_ours = |kind: &&str| kinds.iter().any(|word| is(kind, word));
        match rest.first() {
            Some(kind) if !is_ours(kind) => Some(Self::Type(namespace)),
            Some(_) | None => None,
        }
    }
}

/// What stands before and after the first `word`, which is at an even place: a
/// group may have the name.
fn split<'a>(segments: &'a [&'a str], word: &str) -> Option<(&'a [&'a str], &'a [&'a str])> {
    let place = segments.iter().step_by(2).position(|it| is(it, word))? * 2;
    Some((&segments[..place], &segments[place + 1..]))
}

fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

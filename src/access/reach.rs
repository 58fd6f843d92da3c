//! Whom the configured methods can prove.

use super::{Caller, ServiceAccount, oidc::Clusters};
use crate::config::Callers;

/// What is to be said of somebody who is named, as callers prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Somebody can call as this one.
    Somebody,
    /// Somebody can, and others of that name are called otherwise: this is how.
    Namesakes(&'static str),
    /// Nobody can: this is why.
    Nobody(&'static str),
}

impl Caller {
    /// Whether anybody who is asked by `callers` can turn out to be this one.
    pub(crate) fn reach(&self, callers: &Callers) -> Reach {
        match self {
            // Where there are callers, a policy for when there are none harms nobody.
            Self::Anonymous => Reach::Somebody,
            Self::Entra(principal) => match &callers.entra {
                Some(entra) if entra.tenant == principal.tenant => Reach::Somebody,
                Some(_) => Reach::Nobody("MIG_AUTH_TENANT is another tenant"),
                None => Reach::Nobody("MIG_AUTH does not have entra"),
            },
            Self::Account(_) => account(callers),
            Self::Subject(subject) => {
                let mut issuers = callers.issuers.iter();
                if !issuers.any(|it| it.issuer == subject.issuer) {
                    Reach::Nobody("MIG_AUTH_ISSUERS does not have its issuer")
                } else if Clusters::of(callers) == Clusters::One
                    && subject.id.parse::<ServiceAccount>().is_ok()
                {
                    Reach::Namesakes("accounts of the only issuer are system:serviceaccount:...")
                } else {
                    Reach::Somebody
                }
            }
        }
    }
}

const OF_ISSUERS: &str =
    "accounts that an issuer's keys prove are {issuer}|system:serviceaccount:...";

fn account(callers: &Callers) -> Reach {
    match (&callers.issuers[..], &callers.kubernetes) {
        ([], None) => Reach::Nobody("MIG_AUTH has neither oidc nor kubernetes"),
        ([_], None) | ([], Some(_)) => Reach::Somebody,
        ([_, ..], Some(_)) => Reach::Namesakes(OF_ISSUERS),
        ([_, _, ..], None) => Reach::Nobody(OF_ISSUERS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const ENTRA: [(&str, &str); 2] = [
        ("MIG_AUTH_TENANT", "5ab1e000-0000-4000-8000-00000000000a"),
        ("MIG_AUTH_AUDIENCE", "5ab1e000-0000-4000-8000-00000000000f"),
    ];
    const KUBERNETES: [(&str, &str); 2] = [
        ("MIG_AUTH_KUBERNETES_AUDIENCE", "mi-gateway"),
        ("MIG_KUBERNETES_ENDPOINT", "https://cluster.example"),
    ];
    const ONE: [(&str, &str); 1] = [("MIG_AUTH_ISSUERS", "https://a.example=mi-gateway")];
    const TWO: [(&str, &str); 1] = [(
        "MIG_AUTH_ISSUERS",
        "https://a.example=mi-gateway https://b.example=mi-gateway",
    )];

    /// A letter for what is to be said of `id`: somebody, namesakes or nobody.
    fn told(id: &str, methods: &str, vars: &[(&str, &str)]) -> char {
        let vars = vars.iter().copied().chain([("MIG_AUTH", methods)]);
        let config = Config::from_vars(vars).unwrap();
        match id.parse::<Caller>().unwrap().reach(&config.callers) {
            Reach::Somebody => 's',
            Reach::Namesakes(_) => 'm',
            Reach::Nobody(_) => 'n',
        }
    }

    #[test]
    fn nobody_is_a_caller_whom_no_method_can_prove() {
        let both = |one: &[(&'static str, &'static str)], other: &[_]| [one, other].concat();
        let ways = [
            ("entra", ENTRA.to_vec()),
            ("kubernetes", KUBERNETES.to_vec()),
            ("oidc", ONE.to_vec()),
            ("oidc", TWO.to_vec()),
            ("oidc,kubernetes", both(&ONE, &KUBERNETES)),
            ("oidc,entra", both(&ONE, &ENTRA)),
        ];
        for (id, expected) in [
            ("anonymous", "ssssss"),
            (
                "5ab1e000-0000-4000-8000-00000000000a/5ab1e000-0000-4000-8000-00000000000b",
                "snnnns",
            ),
            (
                "5ab1e000-0000-4000-8000-00000000000c/5ab1e000-0000-4000-8000-00000000000b",
                "nnnnnn",
            ),
            ("system:serviceaccount:ops:robot", "nssnms"),
            (
                "https://a.example|system:serviceaccount:ops:robot",
                "nnmssm",
            ),
            (
                "https://b.example|system:serviceaccount:ops:robot",
                "nnnsnn",
            ),
            ("https://a.example|robot", "nnssss"),
        ] {
            let letters = ways.iter().map(|(methods, vars)| told(id, methods, vars));
            assert_eq!(letters.collect::<String>(), expected, "{id}");
        }
    }
}

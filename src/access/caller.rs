//! Who calls, once it is proven.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A caller whose token holds, or anybody where nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Callers are not authenticated: loopback only.
    Anonymous,
    /// A user or an application of Entra ID.
    Entra(Principal),
    /// A service account of Kubernetes.
    Account(ServiceAccount),
    /// The subject of another `OpenID` issuer.
    Subject(Subject),
}

impl Caller {
    /// Which one it is, whatever else its token says, as policies and limits know it.
    pub(crate) fn id(&self) -> String {
        self.to_string()
    }

    pub(crate) const ANONYMOUS: &str = "anonymous";
    /// What Kubernetes has before an account's namespace and name.
    const ACCOUNT: &str = "system:serviceaccount:";
}

/// No id that a caller can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is {{tenant}}/{{object id}}, both GUIDs, system:serviceaccount:{{namespace}}:{{name}}, \
     {{issuer}}|{{subject}}, or anonymous"
)]
pub(crate) struct InvalidCaller;

/// Its id, which tells nothing else of it: an application, without roles.
impl FromStr for Caller {
    type Err = InvalidCaller;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        if id == Self::ANONYMOUS {
            return Ok(Self::Anonymous);
        }
        if let Some((issuer, subject)) = id.split_once('|') {
            let subject = Subject {
                issuer: issuer.to_owned(),
                id: subject.to_owned(),
                client_id: None,
                roles: Vec::new(),
            };
            let is_whole = !subject.issuer.is_empty() && !subject.id.is_empty();
            return is_whole
                .then_some(Self::Subject(subject))
                .ok_or(InvalidCaller);
        }
        if id.starts_with(Self::ACCOUNT) {
            return id.parse().map(Self::Account);
        }
        let guid = |text: &str| text.parse().map_err(|_| InvalidCaller);
        let (tenant, object) = id.split_once('/').ok_or(InvalidCaller)?;
        Ok(Self::Entra(Principal {
            tenant: guid(tenant)?,
            object_id: guid(object)?,
            client_id: None,
            kind: Kind::App,
            roles: Vec::new(),
            token_id: None,
        }))
    }
}

/// Its id.
impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => formatter.write_str(Self::ANONYMOUS),
            Self::Entra(principal) => {
                write!(formatter, "{}/{}", principal.tenant, principal.object_id)
            }
            Self::Account(account) => account.fmt(formatter),
            Self::Subject(subject) => write!(formatter, "{}|{}", subject.issuer, subject.id),
        }
    }
}

/// Whom a token of Entra ID is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Principal {
    /// `tid`.
    pub(crate) tenant: Uuid,
    /// `oid`.
    pub(crate) object_id: Uuid,
    /// `azp`, or `appid` of version 1: the application that asked for the token.
    pub(crate) client_id: Option<Uuid>,
    pub(crate) kind: Kind,
    /// `roles`: the application roles of the gateway that were assigned to it.
    pub(crate) roles: Vec<String>,
    /// `uti`: by which sign-in logs find the token.
    pub(crate) token_id: Option<String>,
}

/// Whether a person stands behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// An application, such as a managed identity, for itself.
    App,
    /// A user, by way of an application.
    User,
}

/// A service account, by a token that was projected into a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServiceAccount {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The pod that the token is bound to.
    pub(crate) pod: Option<String>,
}

impl ServiceAccount {
    pub(super) fn in_pod(self, pod: Option<String>) -> Self {
        Self { pod, ..self }
    }
}

/// The account behind the name that Kubernetes has for its user; of its pod that says
/// nothing.
impl FromStr for ServiceAccount {
    type Err = InvalidCaller;

    fn from_str(user: &str) -> Result<Self, Self::Err> {
        let account = user.strip_prefix(Caller::ACCOUNT);
        let (namespace, name) = account
            .and_then(|rest| rest.split_once(':'))
            .ok_or(InvalidCaller)?;
        let is_name = |text: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
            (1..=253).contains(&text.len()) && text.bytes().all(known)
        };
        if !is_name(namespace) || !is_name(name) {
            return Err(InvalidCaller);
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            pod: None,
        })
    }
}

/// Its name as Kubernetes has it among users.
impl fmt::Display for ServiceAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            namespace, name, ..
        } = self;
        write!(formatter, "{}{namespace}:{name}", Caller::ACCOUNT)
    }
}

/// The subject of a token of an issuer that is neither.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    /// `iss`.
    pub(crate) issuer: String,
    /// `sub`.
    pub(crate) id: String,
    /// `azp` or `client_id`.
    pub(crate) client_id: Option<String>,
    /// `roles`, where it is a list of texts.
    pub(crate) roles: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_read_is_the_id_that_it_was() {
        for id in [
            "anonymous",
            "5ab1e000-0000-4000-8000-00000000000a/5ab1e000-0000-4000-8000-00000000000b",
            "system:serviceaccount:ci:builder",
            "https://ci.example|system:serviceaccount:ci:builder",
            "https://ci.example|a|b",
        ] {
            let caller: Caller = id.parse().unwrap();
            assert_eq!(caller.id(), id);
        }
        let upper = "5AB1E000-0000-4000-8000-00000000000A/5AB1E000-0000-4000-8000-00000000000B";
        let caller: Caller = upper.parse().unwrap();
        assert_eq!(caller.id(), upper.to_lowercase());
    }

    #[test]
    fn what_no_caller_can_be_called_is_no_id() {
        for id in [
            "",
            "Anonymous",
            "5ab1e000-0000-4000-8000-00000000000b",
            "ops/robot",
            "system:serviceaccount::",
            "system:serviceaccount:ops",
            "system:serviceaccount:ops:",
            "system:serviceaccount::robot",
            "xsystem:serviceaccount:ops:robot",
            "system:serviceaccount:ops:a:b",
            "system:serviceaccount:ops:ro bot",
            "system:node:a",
            "|",
            "https://ci.example|",
            "|robot",
        ] {
            assert_eq!(id.parse::<Caller>(), Err(InvalidCaller), "{id}");
        }
    }
}

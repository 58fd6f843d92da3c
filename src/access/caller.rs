//! Who calls, once it is proven.

use std::fmt;

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
    pub(crate) const ACCOUNT: &str = "system:serviceaccount:";
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

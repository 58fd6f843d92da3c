//! Those who call the gateway, with the same ids at every start.

use serde::Deserialize;

use crate::seed::{TENANT, guid};

/// The tenant of somebody who has no business here.
const ELSEWHERE: &str = "5ca1ab1e-0000-4000-8000-00000000e15e";

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Named")]
pub struct Caller {
    /// `tid`: the tenant where it signs in.
    pub tenant: String,
    /// `oid`: the user, or the service principal of the app.
    pub object_id: String,
    /// `azp`, `appid`: the app that calls, be it for itself or for a user.
    pub client_id: String,
    /// The name of a user, and what goes before `@` in that to sign in with.
    pub name: String,
    /// Whether an app calls for itself.
    pub kind: CallerKind,
    /// The app roles that are assigned to it.
    pub roles: Vec<String>,
}

/// For whom an app calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// For itself.
    App,
    /// For a user who is there.
    User,
}

impl Caller {
    /// An app that may operate virtual machines, and read them and the directory.
    #[must_use]
    pub fn operator() -> Self {
        Self::app("operator").with_roles(&["Directory.Read", "Vm.Operate", "Vm.Read"])
    }

    /// An app that may read both.
    #[must_use]
    pub fn reader() -> Self {
        Self::app("reader").with_roles(&["Directory.Read", "Vm.Read"])
    }

    /// A user, for whom an app calls; they may read virtual machines.
    #[must_use]
    pub fn person() -> Self {
        Self::user("elaine").with_roles(&["Vm.Read"])
    }

    /// An app of another tenant, with the same roles there as the operator here.
    #[must_use]
    pub fn stranger() -> Self {
        Self {
            tenant: ELSEWHERE.to_owned(),
            ..Self::app("stranger").with_roles(&["Directory.Read", "Vm.Operate", "Vm.Read"])
        }
    }

    /// An app without roles; the same name gives the same ids.
    #[must_use]
    pub fn app(name: &str) -> Self {
        Self::named(name, name, CallerKind::App)
    }

    /// A user without roles, for whom the app `desk` calls.
    #[must_use]
    pub fn user(name: &str) -> Self {
        Self::named(name, "desk", CallerKind::User)
    }

    /// The same, with these roles.
    #[must_use]
    pub fn with_roles(self, roles: &[&str]) -> Self {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        Self { roles, ..self }
    }

    fn named(name: &str, app: &str, kind: CallerKind) -> Self {
        Self {
            tenant: TENANT.to_owned(),
            object_id: guid(&format!("caller/object/{name}")),
            client_id: guid(&format!("caller/client/{app}")),
            name: name.to_owned(),
            kind,
            roles: Vec::new(),
        }
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::operator()
    }
}

/// How a caller is told over HTTP: `"reader"`, or `{"app": "backup"}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Named {
    Operator,
    Reader,
    Person,
    Stranger,
    App(String),
    User(String),
}

impl From<Named> for Caller {
    fn from(named: Named) -> Self {
        match named {
            Named::Operator => Self::operator(),
            Named::Reader => Self::reader(),
            Named::Person => Self::person(),
            Named::Stranger => Self::stranger(),
            Named::App(name) => Self::app(&name),
            Named::User(name) => Self::user(&name),
        }
    }
}

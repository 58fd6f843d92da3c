//! Callers as OCSF has them.

use serde::{Serialize, Serializer};

use super::{Named, Shown};
use crate::{
    access::{Caller, Kind, Principal, ServiceAccount, Subject},
    audit::{
        record::{About, Record},
        requester::{Requester, Way},
    },
};

/// `user.type_id`, of OCSF 1.4: 1 is a person, 4 a service account.
const PERSON: u8 = 1;
const SERVICE: u8 = 4;
const UNKNOWN: u8 = 0;

/// Who it is, and what allows or denies it.
#[derive(Default, Serialize)]
pub(super) struct Actor<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_uid: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizations: Option<Authorizations<'a>>,
}

#[derive(Default, Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Shown<'a>>,
    type_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Organization<'a>>,
}

#[derive(Serialize)]
struct Organization<'a> {
    uid: Shown<'a>,
}

#[derive(Serialize)]
struct Process {
    name: &'static str,
    pid: u32,
}

#[derive(Default, Serialize)]
struct Session<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
}

impl<'a> Actor<'a> {
    /// The one of `record`.
    pub(super) fn of(record: &'a Record) -> Self {
        let requester = &*record.requester;
        let (decision, policies) = match &record.about {
            About::Deed(_) => ("allowed", requester.grounds.as_deref()),
            About::Denied(denied) => ("denied", denied.grounds.as_deref()),
        };
        Self {
            authorizations: policies.map(|policies| Authorizations { decision, policies }),
            ..Self::who(requester)
        }
    }

    fn who(requester: &'a Requester) -> Self {
        match requester.warrant.caller() {
            Caller::Anonymous => Self::nobody(&requester.provenance.way),
            Caller::Entra(principal) => Self::principal(principal),
            Caller::Account(account) => Self::account(account),
            Caller::Subject(subject) => Self::subject(subject),
        }
    }

    fn nobody(way: &Way) -> Self {
        match way {
            Way::Api { .. } => Self {
                user: Some(User {
                    name: Some(Shown(&Caller::ANONYMOUS)),
                    type_id: UNKNOWN,
                    ..User::default()
                }),
                ..Self::default()
            },
            // Whoever may run it here may do it.
            Way::Command => Self {
                process: Some(Process {
                    name: "mi-gateway",
                    pid: std::process::id(),
                }),
                ..Self::default()
            },
        }
    }

    fn principal(principal: &'a Principal) -> Self {
        let user = User {
            uid: Some(Shown(&principal.object_id)),
            type_id: match principal.kind {
                Kind::App => SERVICE,
                Kind::User => PERSON,
            },
            org: Some(Organization {
                uid: Shown(&principal.tenant),
            }),
            ..User::default()
        };
        Self {
            user: Some(user),
            app_uid: principal.client_id.as_ref().map(|id| Shown(id)),
            session: principal.token_id.as_deref().map(|id| Session {
                uid: Some(id),
                issuer: None,
            }),
            ..Self::default()
        }
    }

    fn account(account: &'a ServiceAccount) -> Self {
        Self {
            user: Some(User {
                name: Some(Shown(account)),
                type_id: SERVICE,
                domain: Some(&account.namespace),
                ..User::default()
            }),
            ..Self::default()
        }
    }

    fn subject(subject: &'a Subject) -> Self {
        Self {
            user: Some(User {
                uid: Some(Shown(&subject.id)),
                type_id: UNKNOWN,
                ..User::default()
            }),
            app_uid: subject.client_id.as_ref().map(|id| Shown(id)),
            session: Some(Session {
                uid: None,
                issuer: Some(&subject.issuer),
            }),
            ..Self::default()
        }
    }
}

/// The word for what a caller is.
pub(super) fn kind(requester: &Requester) -> &'static str {
    match (requester.warrant.caller(), &requester.provenance.way) {
        (Caller::Anonymous, Way::Api { .. }) => "anonymous",
        (Caller::Anonymous, Way::Command) => "command",
        (Caller::Entra(principal), _) => match principal.kind {
            Kind::App => "app",
            Kind::User => "user",
        },
        (Caller::Account(_), _) => "service_account",
        (Caller::Subject(_), _) => "subject",
    }
}

/// The pod of a service account, by which its token was bound.
pub(super) fn pod(requester: &Requester) -> Option<&str> {
    match requester.warrant.caller() {
        Caller::Account(account) => account.pod.as_deref(),
        Caller::Anonymous | Caller::Entra(_) | Caller::Subject(_) => None,
    }
}

/// A decision for each policy that it stands on; one without a policy where none
/// permits.
struct Authorizations<'a> {
    decision: &'static str,
    policies: &'a [String],
}

#[derive(Serialize)]
struct Authorization<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy<'a>>,
}

#[derive(Serialize)]
struct Policy<'a> {
    uid: &'a str,
    group: Named,
}

impl Serialize for Authorizations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { decision, policies } = *self;
        let one = |policy| Authorization { decision, policy };
        if policies.is_empty() {
            return serializer.collect_seq([one(None)]);
        }
        let group = Named { name: "cedar" };
        serializer.collect_seq(policies.iter().map(|uid| one(Some(Policy { uid, group }))))
    }
}

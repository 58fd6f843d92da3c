//! Callers as OCSF has them.

use serde_json::{Value, json};

use super::{
    record::{About, Record},
    requester::{Grounds, Requester, Way},
};
use crate::access::{Caller, Kind};

/// `user.type_id`, of OCSF 1.4: 1 is a person, 4 a service account.
const PERSON: u8 = 1;
const SERVICE: u8 = 4;
const UNKNOWN: u8 = 0;

/// The `actor` of `record`: who it is, and what allows or denies it.
pub(super) fn actor(record: &Record) -> Value {
    let requester = &*record.requester;
    let mut actor = who(requester.warrant.caller(), &requester.way);
    actor["authorizations"] = match &record.about {
        About::Deed(_) => authorizations("allowed", requester.grounds.as_ref()),
        About::Denied(denied) => authorizations("denied", denied.grounds.as_ref()),
    };
    actor
}

fn who(caller: &Caller, way: &Way) -> Value {
    match caller {
        Caller::Anonymous => match way {
            Way::Api { .. } => json!({ "user": { "name": "anonymous", "type_id": UNKNOWN } }),
            // Whoever may run it here may do it.
            Way::Command => json!({
                "process": { "name": "mi-gateway", "pid": std::process::id() },
            }),
        },
        Caller::Entra(principal) => json!({
            "user": {
                "uid": principal.object_id.to_string(),
                "type_id": match principal.kind {
                    Kind::App => SERVICE,
                    Kind::User => PERSON,
                },
                "org": { "uid": principal.tenant.to_string() },
            },
            "app_uid": principal.client_id.map(|id| id.to_string()),
            "session": principal.token_id.as_ref().map(|id| json!({ "uid": id })),
        }),
        Caller::Account(account) => json!({
            "user": {
                "name": format!("system:serviceaccount:{}:{}", account.namespace, account.name),
                "type_id": SERVICE,
                "domain": account.namespace,
            },
        }),
        Caller::Subject(subject) => json!({
            "user": { "uid": subject.id, "type_id": UNKNOWN },
            "app_uid": subject.client_id,
            "session": { "issuer": subject.issuer },
        }),
    }
}

/// The word for what a caller is.
pub(super) fn kind(requester: &Requester) -> &'static str {
    match (requester.warrant.caller(), &requester.way) {
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
fn authorizations(decision: &str, grounds: Option<&Grounds>) -> Value {
    let Some(grounds) = grounds else {
        return Value::Null;
    };
    if grounds.policies.is_empty() {
        return json!([{ "decision": decision }]);
    }
    let policies = grounds.policies.iter();
    policies
        .map(|id| {
            json!({
                "decision": decision,
                "policy": { "uid": id, "group": { "name": grounds.engine } },
            })
        })
        .collect()
}

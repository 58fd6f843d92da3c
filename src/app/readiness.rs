//! Whether requests can be served, check by check.

mod reloaded;

use actix_web::{HttpResponse, web::ThinData};
use serde::Serialize;

use super::{
    Shared,
    cloud::{self, Elsewhere},
    transport::Transport,
};
use crate::{
    access::KeyStanding,
    audit::Audit,
    directory::{Permission, Replica, Status, Verdict},
    identity::{ManagedIdentity, Report, Resource, TokenError},
    policy::Policies,
    telemetry::chain,
};

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// Whether the gateway is not ready without it.
    required: bool,
    /// What it came to, in a word that stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    detail: String,
}

/// Ready with a token for every resource; without one, requests would fail.
/// What only some requests need is told and takes no replica out of service.
pub(super) async fn ready(
    shared: ThinData<Shared>,
    identity: ThinData<ManagedIdentity>,
    policies: ThinData<Policies>,
    transport: ThinData<Transport>,
) -> HttpResponse {
    let checks: Vec<_> = Resource::ALL
        .map(|resource| token(&identity, resource))
        .into_iter()
        .chain([source(&identity.report()), permission(&shared.permission)])
        .chain([reloaded::policies(&policies.standing())])
        .chain(transport.standing().as_ref().map(reloaded::certificate))
        .chain(shared.replica.as_ref().map(replica))
        .chain(cloud::agreement(&shared).map(cloud))
        .chain(shared.access.keys().map(|standing| keys(&standing)))
        .chain(shared.access.reviews().map(reviews))
        .chain([audit(&shared.audit), serving(&shared)])
        .collect();
    let is_ready = checks.iter().all(|check| check.ok || !check.required);
    let (mut answer, status) = if is_ready {
        (HttpResponse::Ok(), "ready")
    } else {
        (HttpResponse::ServiceUnavailable(), "not_ready")
    };
    answer.json(Readiness { status, checks })
}

fn token(identity: &ManagedIdentity, resource: Resource) -> Check {
    let lack = identity.lacks(resource);
    Check {
        name: format!("token:{}", resource.label()),
        ok: lack.is_none(),
        required: true,
        code: Some(lack.as_ref().map_or("fine", TokenError::code)),
        detail: lack.as_ref().map_or_else(
            || standing(&identity.report(), resource),
            |lack| match lack.mend() {
                Some(mend) => format!("{}; {mend}", chain(lack)),
                None => chain(lack),
            },
        ),
    }
}

/// How the token for `resource`, which is there, stands.
fn standing(report: &Report, resource: Resource) -> String {
    let mut standings = report.tokens.iter();
    let standing = standings.find(|it| it.resource == resource.label());
    let age = standing.and_then(|it| it.token.as_ref());
    let age = age.map_or_else(String::new, |token| {
        let until = token.expires_on.map(|until| format!(", until {until}"));
        let until = until.unwrap_or_default();
        format!(", acquired {} s ago{until}", token.age_seconds)
    });
    let failure = standing.and_then(|it| it.last_failure.as_ref());
    let failure = failure.map_or_else(String::new, |failure| {
        format!("; its renewal failed: {}", failure.code)
    });
    format!("there is a token{age}{failure}")
}

/// Which identity it is, and what told where its tokens come from.
fn source(report: &Report) -> Check {
    let told_by = match report.evidence {
        [] => "nothing else being set".to_owned(),
        names => names.join(", "),
    };
    let id = report.id.value.as_deref().unwrap_or("none named");
    Check {
        name: "identity".to_owned(),
        ok: true,
        required: false,
        code: None,
        detail: format!(
            "tokens come from {}, told by {told_by}; {}: {id}",
            report.source, report.id.kind
        ),
    }
}

fn permission(permission: &Permission) -> Check {
    let standing = permission.standing();
    Check {
        name: "directory:permission".to_owned(),
        ok: standing.verdict == Verdict::Fine,
        required: false,
        code: Some(standing.verdict.code()),
        detail: standing.detail,
    }
}

/// It takes nobody out of service: without it, Graph is asked.
fn replica(replica: &Replica) -> Check {
    let (code, trouble, detail) = match replica.status() {
        Status::Warming { users, trouble } => {
            let detail = format!("Graph is asked while users are read; {users} so far");
            ("warming", trouble, detail)
        }
        Status::Ready {
            users,
            as_of,
            trouble,
        } => {
            let age = as_of.elapsed().unwrap_or_default().as_secs();
            let detail = format!("{users} users, as they were {age} s ago");
            ("ready", trouble, detail)
        }
        Status::TooLarge { limit } => {
            let detail = format!(
                "Graph is asked, as there are more than {limit} users: see MIG_DIRECTORY_MOST_USERS"
            );
            ("too_large", None, detail)
        }
    };
    Check {
        name: "directory:replica".to_owned(),
        ok: code == "ready" && trouble.is_none(),
        required: false,
        code: Some(code),
        detail: match trouble {
            None => detail,
            Some(trouble) => format!("{detail}; {}", chain(&trouble)),
        },
    }
}

/// Tokens of one cloud are worth nothing in another; the checks of tokens say
/// what comes of it.
fn cloud(agreement: Result<(), Elsewhere>) -> Check {
    let ok = agreement.is_ok();
    let (code, detail) = match agreement {
        Ok(()) => ("same", "the host is in the cloud of MIG_CLOUD".to_owned()),
        Err(elsewhere) => ("elsewhere", elsewhere.words()),
    };
    Check {
        name: "cloud".to_owned(),
        ok,
        required: false,
        code: Some(code),
        detail,
    }
}

/// Without keys nobody is let in.
fn keys(standing: &KeyStanding) -> Check {
    let KeyStanding {
        source,
        issuer,
        held,
    } = standing;
    Check {
        name: format!("keys:{source}"),
        ok: held.is_some(),
        required: true,
        code: Some(held.map_or("none", |_| "fine")),
        detail: match held {
            Some((count, age)) => format!("{count} keys of {issuer}, {} s old", age.as_secs()),
            None => format!("the keys of {issuer} could not be read; the log says why"),
        },
    }
}

fn reviews(is_known: bool) -> Check {
    let (code, detail) = if is_known {
        ("fine", "the API server reviews tokens")
    } else {
        (
            "none",
            "the gateway has no token for the API server; the log says why",
        )
    };
    Check {
        name: "reviews:kubernetes".to_owned(),
        ok: is_known,
        required: true,
        code: Some(code),
        detail: detail.to_owned(),
    }
}

/// Nothing is changed that cannot be written down.
fn audit(audit: &Audit) -> Check {
    let failure = audit.failure();
    Check {
        name: "audit".to_owned(),
        ok: failure.is_none(),
        required: true,
        code: Some(if failure.is_none() {
            "fine"
        } else {
            "unwritable"
        }),
        detail: failure.unwrap_or_else(|| format!("changes are written to {}", audit.target())),
    }
}

fn serving(shared: &Shared) -> Check {
    let stopping = shared.is_stopping();
    let detail = if stopping {
        "the gateway is shutting down"
    } else {
        "requests are served"
    };
    Check {
        name: "serving".to_owned(),
        ok: !stopping,
        required: true,
        code: None,
        detail: detail.to_owned(),
    }
}

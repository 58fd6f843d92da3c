//! Whether requests can be served, check by check.

mod callers;
mod reloaded;
mod tokens;

use actix_web::{HttpResponse, web::ThinData};
use serde::Serialize;

use super::{
    Shared,
    cloud::{self, Elsewhere},
    transport::Transport,
};
use crate::{
    audit::Audit,
    directory::{Permission, Replica, Status, Verdict},
    identity::{ManagedIdentity, Report, Resource},
    metrics::{CheckStanding, Metrics},
    policy::Policies,
    telemetry::chain,
};

/// Whether they can, and what that was told by.
#[derive(Serialize)]
pub(super) struct Readiness {
    status: &'static str,
    pub(super) checks: Vec<Check>,
}

#[derive(Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) ok: bool,
    /// Whether the gateway is not ready without it.
    pub(super) required: bool,
    /// What it came to, in a word that stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
    pub(super) detail: String,
}

impl Readiness {
    /// Ready with a token for every resource; without one, requests would fail.
    /// What only some requests need is told and takes no replica out of service. Nobody
    /// is asked for it.
    pub(super) fn of(
        shared: &Shared,
        identity: &ManagedIdentity,
        policies: &Policies,
        transport: &Transport,
    ) -> Self {
        let tokens = Resource::ALL.map(|resource| tokens::token(identity, resource));
        let mut checks = Vec::from(tokens);
        checks.push(source(&identity.report()));
        checks.push(permission(&shared.permission));
        checks.push(reloaded::policies(&policies.standing()));
        checks.extend(transport.standing().as_ref().map(reloaded::certificate));
        checks.extend(shared.replica.as_ref().map(replica));
        checks.extend(cloud::agreement(shared).map(cloud));
        checks.extend(callers::ways(&shared.access));
        checks.push(audit(&shared.audit));
        checks.push(serving(shared));
        let is_ready = checks.iter().all(|check| check.ok || !check.required);
        let status = if is_ready { "ready" } else { "not_ready" };
        Self { status, checks }
    }

    /// The same, for somebody who waits for it: what is missing is being fetched when
    /// this returns.
    pub(super) fn awaited(
        shared: &Shared,
        identity: &ManagedIdentity,
        policies: &Policies,
        transport: &Transport,
    ) -> Self {
        identity.fetch_what_is_due();
        Self::of(shared, identity, policies, transport)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    /// Shows every check in `metrics`. Issuers of a kind share a name: all of them have
    /// to be ok.
    pub(super) fn show(&self, metrics: &Metrics) {
        for check in &self.checks {
            let mut namesakes = self.checks.iter().filter(|it| it.name == check.name);
            metrics.readiness_check(&CheckStanding {
                check: &check.name,
                required: check.required,
                ok: namesakes.all(|it| it.ok),
            });
        }
    }
}

/// `GET /readyz`
pub(super) async fn ready(
    shared: ThinData<Shared>,
    identity: ThinData<ManagedIdentity>,
    policies: ThinData<Policies>,
    transport: ThinData<Transport>,
) -> HttpResponse {
    let readiness = Readiness::awaited(&shared, &identity, &policies, &transport);
    let mut answer = if readiness.is_ready() {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer.json(readiness)
}

/// Which identity it is, and what told where its tokens come from.
fn source(report: &Report) -> Check {
    let told_by = told_by(report);
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

/// What told where tokens come from.
pub(super) fn told_by(report: &Report) -> String {
    match report.evidence {
        [] => "nothing else being set".to_owned(),
        names => names.join(", "),
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

//! Whether the gateway may list users, proven and not assumed.

mod verdict;
mod words;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;

pub(crate) use verdict::Verdict;

use crate::{
    azure::{self, AppRoleGrant, GraphClient, Priority, Sight},
    http::{Context, Deadline},
    metrics::Metrics,
    telemetry::Tracer,
};

/// How long a proof is believed by somebody who needs one.
const HOLDS: Duration = Duration::from_mins(11);

/// How long it is believed that there is no proof: those who come at once share
/// one answer.
const SHARED: Duration = Duration::from_secs(5);

/// How long a proof in the background may take, the wait for Graph included.
const ATTEMPT: Duration = Duration::from_mins(5);

/// What all workers know of the permission.
#[derive(Clone)]
pub(crate) struct Permission(Arc<Inner>);

struct Inner {
    standing: Mutex<Standing>,
    /// Held by the caller who is looking for all.
    turn: tokio::sync::Mutex<()>,
    metrics: Metrics,
}

/// How the permission stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) verdict: Verdict,
    /// In plain words, with the command that mends it.
    pub(crate) detail: String,
    /// When it was last looked at.
    at: Option<Instant>,
}

impl Standing {
    /// Whether somebody who has come at `arrival` need not look for himself.
    fn is_good(&self, arrival: Instant) -> bool {
        let holds = match self.verdict {
            Verdict::Fine => HOLDS,
            Verdict::Unproven
            | Verdict::Denied
            | Verdict::SilentlyEmpty
            | Verdict::WrongIdentity
            | Verdict::Throttled
            | Verdict::Unreachable => SHARED,
        };
        self.at
            .is_some_and(|at| arrival.saturating_duration_since(at) < holds)
    }
}

impl Permission {
    /// Nothing is proven yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        let verdict = Verdict::Unproven;
        metrics.directory_permission(verdict.code(), Verdict::ALL.map(Verdict::code));
        let standing = Standing {
            verdict,
            detail: words::UNPROVEN.to_owned(),
            at: None,
        };
        Self(Arc::new(Inner {
            standing: Mutex::new(standing),
            turn: tokio::sync::Mutex::default(),
            metrics,
        }))
    }

    /// How it stands, as far as is known now.
    pub(crate) fn standing(&self) -> Standing {
        self.lock().clone()
    }

    /// How it stands, looked at if need be. However many ask at once, Graph is
    /// asked once, for a caller who waits. That a caller had no time or turn left for it is an
    /// error of theirs alone: it says nothing of the permission, and others look in turn.
    pub(crate) async fn proven(
        &self,
        graph: &GraphClient,
        context: &Context,
    ) -> Result<Standing, azure::Error> {
        let arrival = Instant::now();
        let standing = self.standing();
        if standing.is_good(arrival) {
            return Ok(standing);
        }
        let patience = context.deadline.remaining();
        let turn = time::timeout(patience, self.0.turn.lock());
        let Ok(_turn) = turn.await else {
            return Err(graph.unanswered(patience));
        };
        // Whoever had the turn before may have been asked the same.
        let standing = self.standing();
        if standing.is_good(arrival) {
            return Ok(standing);
        }
        match graph.probe(Priority::Normal, context).await {
            Err(error) if error.is_of_whoever_asked() => Err(error),
            outcome => Ok(self.conclude(&outcome, &graph.grant())),
        }
    }

    /// Looks again and again, so that what is mended, or breaks, shows. It takes
    /// no turn: callers who wait would have to wait with it while it gives way.
    pub(crate) async fn keep_proving(self, graph: GraphClient, tracer: Tracer) {
        loop {
            let (trace, span) = tracer.begin("prove permission");
            let deadline = Deadline::after(ATTEMPT);
            let context = Context::own(deadline, trace);
            let outcome = graph.probe(Priority::Low, &context).await;
            let verdict = self.conclude(&outcome, &graph.grant()).verdict;
            drop(span);
            // Replicas that started together do not ask together.
            let spread = 0.9 + 0.2 * fastrand::f64();
            time::sleep(verdict.rest().mul_f64(spread)).await;
        }
    }

    /// How it stands after `outcome`. Others are not heard before that is shown: what is shown
    /// last is what holds.
    fn conclude(&self, outcome: &Result<Sight, azure::Error>, grant: &AppRoleGrant) -> Standing {
        let mut held = self.lock();
        let Standing {
            verdict: before,
            at: proven,
            ..
        } = *held;
        let verdict = Verdict::of(outcome, before, grant.is_for_another());
        if verdict != before {
            let code = verdict.code();
            if verdict == Verdict::Fine {
                tracing::info!(verdict = code, "users can be listed");
            } else {
                tracing::warn!(verdict = code, "it is not proven that users can be listed");
            }
        }
        let all = Verdict::ALL.map(Verdict::code);
        self.0.metrics.directory_permission(verdict.code(), all);
        // A proof that is only carried over grows no younger.
        let is_old = outcome.is_err() && verdict == Verdict::Fine;
        let standing = Standing {
            verdict,
            detail: words::detail(verdict, outcome.as_ref().err(), grant),
            at: if is_old { proven } else { Some(Instant::now()) },
        };
        *held = standing.clone();
        standing
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0
            .standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{IdentityId, SourceKind};

    #[test]
    fn each_look_shows_what_holds() {
        let metrics = Metrics::new().unwrap();
        let permission = Permission::new(metrics.clone());
        let grant = AppRoleGrant::new("", IdentityId::System, SourceKind::Imds, None);
        for _ in 0..2 {
            permission.conclude(&Ok(Sight::Departments), &grant);
            let series = "directory_permission{verdict=\"fine\"} 1\n";
            assert!(metrics.encode().unwrap().contains(series));
            // As somebody else may have shown.
            let other = Verdict::Denied.code();
            metrics.directory_permission(other, Verdict::ALL.map(Verdict::code));
        }
    }

    #[test]
    fn a_proof_is_believed_for_minutes_and_its_lack_for_seconds() {
        let now = Instant::now();
        let is_good = |verdict, age: u64| {
            let standing = Standing {
                verdict,
                detail: String::new(),
                at: Some(now),
            };
            standing.is_good(now + Duration::from_secs(age))
        };
        assert!(is_good(Verdict::Fine, 600) && !is_good(Verdict::Fine, 700));
        for verdict in Verdict::ALL {
            assert!(
                verdict == Verdict::Fine || !is_good(verdict, 6),
                "{verdict:?}"
            );
        }
        let metrics = Metrics::new().unwrap();
        assert!(!Permission::new(metrics).standing().is_good(now));
    }
}

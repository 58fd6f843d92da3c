//! Metrics of the replica of the directory.

use std::time::SystemTime;

use prometheus::{Error, IntCounterVec, IntGaugeVec};

use super::{Declare, Metrics, clamped, unix_seconds};

/// What came of a round of questions for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoundOutcome {
    /// It came to its end.
    Ok,
    /// It was given up for a synchronization from the start.
    Resync,
    /// A page of it was not to be had, and is asked for again.
    Failed,
}

impl RoundOutcome {
    const ALL: [Self; 3] = [Self::Ok, Self::Resync, Self::Failed];

    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Resync => "resync",
            Self::Failed => "failed",
        }
    }
}

pub(super) struct ReplicaMetrics {
    users: IntGaugeVec,
    as_of: IntGaugeVec,
    rounds: IntCounterVec,
    changes: IntCounterVec,
}

impl ReplicaMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        Ok(Self {
            users: declare.gauge("directory_replica_users", "Users held in memory.", &[])?,
            as_of: declare.gauge(
                "directory_replica_as_of_timestamp_seconds",
                "When the last whole round of questions for changes began, in seconds since 1970.",
                &[],
            )?,
            rounds: declare.counter(
                "directory_replica_rounds_total",
                "Rounds of questions for changes, by what came of them.",
                &["outcome"],
            )?,
            changes: declare.counter(
                "directory_replica_changes_total",
                "Changes of users that Graph told of, repetitions included.",
                &[],
            )?,
        })
    }
}

impl Metrics {
    /// A replica is being kept: what has not happened yet counts zero, so that
    /// its first time shows.
    pub(crate) fn replica_kept(&self) {
        self.replica_users(0);
        self.replica_changes(0);
        for outcome in RoundOutcome::ALL {
            let rounds = &self.0.replica.rounds;
            rounds.with_label_values(&[outcome.label()]);
        }
    }

    /// As many users are held.
    pub(crate) fn replica_users(&self, users: usize) {
        let gauge = &self.0.replica.users;
        gauge.with_label_values::<&str>(&[]).set(clamped(users));
    }

    /// The replica is as the directory was then; `None` when there is none to
    /// answer from.
    pub(crate) fn replica_as_of(&self, as_of: Option<SystemTime>) {
        let gauge = &self.0.replica.as_of;
        let Some(as_of) = as_of else {
            // An error says that there was nothing to remove.
            let _ = gauge.remove_label_values::<&str>(&[]);
            return;
        };
        gauge
            .with_label_values::<&str>(&[])
            .set(unix_seconds(as_of));
    }

    /// A round has come to `outcome`.
    pub(crate) fn replica_round(&self, outcome: RoundOutcome) {
        let rounds = &self.0.replica.rounds;
        rounds.with_label_values(&[outcome.label()]).inc();
    }

    /// Graph told of `changes` more.
    pub(crate) fn replica_changes(&self, changes: usize) {
        let counter = &self.0.replica.changes;
        let changes = u64::try_from(changes).unwrap_or(u64::MAX);
        counter.with_label_values::<&str>(&[]).inc_by(changes);
    }
}

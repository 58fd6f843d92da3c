//! The work that keeps the replica: a first synchronization, then changes.

use std::time::{Duration, Instant, SystemTime};

use actix_web::rt::time;

use super::{
    Replica,
    backoff::{Backoff, jittered},
    course::Course,
    store::Round,
    tally::Tally,
};
use crate::{
    azure::{self, Changes, GraphClient, Next, is_resync_needed},
    http::{Context, Deadline},
    metrics::RoundOutcome,
    telemetry::{OpenSpan, Tracer, chain},
};

/// When a directory that was too large is tried again.
const SMALLER_AFTER: Duration = Duration::from_hours(24);

/// Keeps `replica` by asking `graph`, each question for `timeout` at most and as a
/// trace of its own. It does not end.
pub(crate) async fn keep(replica: Replica, graph: GraphClient, timeout: Duration, tracer: Tracer) {
    let mut pauses = Pauses {
        poll: replica.0.settings.poll,
        resyncs: Backoff::default(),
    };
    let mut keeper = Keeper {
        replica,
        graph,
        timeout,
        tracer,
        course: Course::default(),
        began: Instant::now(),
        pages: Backoff::default(),
    };
    loop {
        let ended = keeper.round().await;
        time::sleep(pauses.after(&ended)).await;
    }
}

/// How a round ended.
enum Ended {
    Complete(Round),
    /// Graph does not go on from where it was; it may want to be left alone.
    Forgotten(Option<Duration>),
    TooLarge,
    /// It has told of more than there can be, and goes on.
    Endless,
    /// It has not come to its end in the time after which everybody is read anew.
    Overdue,
}

/// How long the next round is waited for.
struct Pauses {
    poll: Duration,
    resyncs: Backoff,
}

impl Pauses {
    fn after(&mut self, ended: &Ended) -> Duration {
        match ended {
            Ended::Complete(round) => {
                // That everybody was read says nothing of the link that came of it.
                if let Round::Changes(_) = round {
                    self.resyncs.succeeded();
                }
                jittered(self.poll)
            }
            Ended::Forgotten(asked) => self.resyncs.failed(*asked),
            Ended::Endless => self.resyncs.failed(None),
            Ended::TooLarge => SMALLER_AFTER,
            Ended::Overdue => Duration::ZERO,
        }
    }
}

struct Keeper {
    replica: Replica,
    graph: GraphClient,
    timeout: Duration,
    tracer: Tracer,
    course: Course,
    began: Instant,
    pages: Backoff,
}

impl Keeper {
    /// One round, to its end: a page that is not to be had is asked for again,
    /// and not the pages before it, until everybody is to be read anew.
    async fn round(&mut self) -> Ended {
        let round = self.course.begin(Instant::now());
        let mut at = self.course.at();
        let mut as_of = None;
        let mut tally = Tally::of(self.replica.0.settings.most_users);
        while !self.course.is_overdue(Instant::now()) {
            self.graph.when_quiet().await;
            let asked_at = SystemTime::now();
            let (context, span) = self.question();
            let changes = self.graph.changes(&at, &context).await;
            drop(span);
            let page = match changes {
                Ok(page) => page,
                Err(error) if is_resync_needed(&at, &error) => return self.forgotten(error),
                Err(error) => {
                    self.wait_after(error).await;
                    continue;
                }
            };
            self.pages.succeeded();
            let Changes { items, next } = page;
            let is_much = !tally.takes(items.len());
            if !self.replica.apply(items, round) {
                return self.given_up();
            }
            let as_of = *as_of.get_or_insert(asked_at);
            match next {
                Next::Page(_) if is_much => return self.endless(),
                Next::Page(link) => at = link,
                Next::Done(link) => {
                    self.course.completed(link);
                    return self.completed(round, as_of);
                }
            }
        }
        Ended::Overdue
    }

    fn completed(&mut self, round: Round, as_of: SystemTime) -> Ended {
        let is_first = self.replica.as_of().is_none();
        if !self.replica.complete(round, as_of) {
            return self.given_up();
        }
        if is_first {
            tracing::info!(
                users = self.replica.read().store.len(),
                seconds = self.began.elapsed().as_secs_f64(),
                "the directory is in memory; listings are answered from there"
            );
        }
        Ended::Complete(round)
    }

    fn forgotten(&mut self, error: azure::Error) -> Ended {
        tracing::warn!(
            error = chain(&error),
            "Graph does not go on from the last change; the directory is read anew"
        );
        let asked = retry_after(&error);
        self.course.begin_anew();
        self.replica.held_up(error, RoundOutcome::Resync);
        Ended::Forgotten(asked)
    }

    fn endless(&mut self) -> Ended {
        let error = self.graph.endless_changes();
        tracing::warn!(
            error = chain(&error),
            "changes of the directory do not come to an end; it is read anew"
        );
        self.course.begin_anew();
        self.replica.held_up(error, RoundOutcome::Failed);
        Ended::Endless
    }

    fn given_up(&mut self) -> Ended {
        tracing::warn!(
            most_users = self.replica.0.settings.most_users,
            "the directory has more users than MIG_DIRECTORY_MOST_USERS; Graph is asked instead"
        );
        self.course.begin_anew();
        Ended::TooLarge
    }

    async fn wait_after(&mut self, error: azure::Error) {
        let pause = self.pages.failed(retry_after(&error));
        if self.pages.has_just_begun() {
            tracing::warn!(
                error = chain(&error),
                "changes of the directory could not be asked for; that is tried again"
            );
        }
        self.replica.held_up(error, RoundOutcome::Failed);
        time::sleep(pause).await;
    }

    /// A deadline and a trace of its own for each question.
    fn question(&self) -> (Context, OpenSpan) {
        let (trace, span) = self.tracer.begin("synchronize directory");
        let deadline = Deadline::after(self.timeout);
        (Context::own(deadline, trace), span)
    }
}

fn retry_after(error: &azure::Error) -> Option<Duration> {
    error.refusal()?.retry_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_further_apart_until_changes_can_be_asked_for() {
        let mut pauses = Pauses {
            poll: Duration::from_secs(30),
            resyncs: Backoff::default(),
        };
        pauses.after(&Ended::Forgotten(None));
        assert!(pauses.resyncs.has_just_begun());
        pauses.after(&Ended::Complete(Round::Full(2)));
        pauses.after(&Ended::Forgotten(None));
        assert!(!pauses.resyncs.has_just_begun());
        pauses.after(&Ended::Complete(Round::Full(3)));
        pauses.after(&Ended::Complete(Round::Changes(3)));
        pauses.after(&Ended::Forgotten(None));
        assert!(pauses.resyncs.has_just_begun());
    }
}

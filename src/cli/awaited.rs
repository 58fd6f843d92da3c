//! The wait for what was ordered.

use std::time::{Duration, Instant};

use actix_web::rt::time;

use super::{
    Exit, Outcome, Session,
    machines::about,
    orders::{told, under_way},
    output::Form,
    progress::Progress,
    signals::Signals,
};
use crate::{
    http::Context,
    power::{self, Operation, OperationId, POLL, Target},
};

/// Longer than a look at a machine may take.
const LOOK: Duration = POLL.saturating_add(Duration::from_secs(1));

/// How often the line that tells of it is renewed, but for the time that a look takes.
const BEAT: Duration = Duration::from_secs(1);

/// How long Azure is left alone at least after a look of the wait that failed: that is three
/// calls, and it allows 12 a minute.
///
/// Source: "Azure compute throttling limits", `LowCostGet`.
const PAUSE: Duration = Duration::from_secs(15);

/// Who hears nothing of an operation for so long waits for it no longer.
const SILENCE: Duration = Duration::from_mins(2);

/// An operation, and what was seen of it last; of one whose order had no answer, that.
pub(super) struct Awaited {
    id: OperationId,
    seen: Result<Operation, power::Error>,
}

impl Awaited {
    /// What there is to wait for where this was `ordered`.
    pub(super) fn of(ordered: Result<Operation, power::Error>) -> Result<Self, power::Error> {
        match ordered {
            Ok(operation) => Ok(Self {
                id: operation.id.clone(),
                seen: Ok(operation),
            }),
            Err(power::Error::Lost(id, error)) => Ok(Self {
                id: id.clone(),
                seen: Err(power::Error::Lost(id, error)),
            }),
            Err(error) => Err(error),
        }
    }

    /// Waits for its end, and tells it as it is then, or when a signal breaks off the wait:
    /// that leaves it to Azure.
    pub(super) async fn out(
        mut self,
        session: &Session,
        target: &Target,
        mut signals: Signals,
        form: Form,
    ) -> Outcome {
        let exit = tokio::select! {
            ended = self.ended(session, target) => {
                ended?;
                None
            }
            exit = signals.come() => Some(exit),
        };
        self.left(session, target, (exit, signals), form).await
    }

    /// Tells it as it was seen last. Where its order had no answer, the look that goes on is
    /// waited for, unless there is a signal: the record of changes is to have what it finds,
    /// and nobody else is there to wait for it. With a signal, now or before as `exit` says,
    /// the command ends by that.
    pub(super) async fn left(
        self,
        session: &Session,
        target: &Target,
        (mut exit, mut signals): (Option<Exit>, Signals),
        form: Form,
    ) -> Outcome {
        let mut seen = self.seen;
        if seen.is_err() {
            tokio::select! {
                found = session.worker.power.found_meanwhile(&self.id, LOOK) => {
                    seen = found.map_or(seen, Ok);
                }
                signal = signals.come() => exit = exit.or(Some(signal)),
            }
        }
        let outcome = match (seen, exit) {
            (Ok(operation), _) => told(&operation, form)?,
            (Err(error), Some(exit)) => {
                about(target, error).tell();
                exit
            }
            (Err(error), None) => return Err(about(target, error)),
        };
        Ok(exit.unwrap_or(outcome))
    }

    /// Follows it to its end. A look that fails says nothing of it, unless there are no
    /// others.
    async fn ended(&mut self, session: &Session, target: &Target) -> Result<(), power::Error> {
        let progress = Progress::begin();
        let mut told = Instant::now();
        while !self.has_ended() {
            self.show(&progress, target, told.elapsed());
            let (power, requester) = (&session.worker.power, session.requester());
            let (context, patience) = self.patience(session);
            let seen = power.operation_within(&self.id, patience, &requester, &context);
            match seen.await {
                Ok(seen) => (self.seen, told) = (Ok(seen), Instant::now()),
                Err(error) => {
                    let Some(pause) = pause(&error, told.elapsed()) else {
                        return self.given_up(error);
                    };
                    self.paused(pause, &progress, target, told).await;
                }
            }
        }
        Ok(())
    }

    /// Shows it until the `pause` is over.
    async fn paused(&self, pause: Duration, progress: &Progress, target: &Target, told: Instant) {
        let until = Instant::now() + pause;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            time::sleep(left.min(BEAT)).await;
            self.show(progress, target, told.elapsed());
        }
    }

    fn has_ended(&self) -> bool {
        matches!(&self.seen, Ok(operation) if !operation.is_running())
    }

    /// Tells whoever sits there of it, `waited` for by now.
    fn show(&self, progress: &Progress, target: &Target, waited: Duration) {
        if let Ok(operation) = &self.seen {
            return progress.show(&under_way(operation), operation.took());
        }
        let action = self.id.action().participle();
        let what = format!("whether {} is being {action} is not known", target.name);
        progress.show(&what, waited);
    }

    /// What one look has, and how long it stays.
    fn patience(&self, session: &Session) -> (Context, Duration) {
        match self.seen {
            Ok(_) => (session.context(), BEAT),
            Err(_) => (session.context_for(LOOK), Duration::ZERO),
        }
    }

    /// What is told of it when the last look gave `error`.
    fn given_up(&self, error: power::Error) -> Result<(), power::Error> {
        match (&self.seen, error) {
            (Err(lost), _) => Err(lost.clone()),
            (Ok(_), power::Error::Unseen(error) | power::Error::Refused(_, error)) => {
                Err(power::Error::Lost(self.id.clone(), error))
            }
            (Ok(_), error) => Err(error),
        }
    }
}

/// How long to wait after a look that failed with `error`, when nothing was heard for the time
/// of a `silence`; nothing where there is no point in another.
fn pause(error: &power::Error, silence: Duration) -> Option<Duration> {
    let (power::Error::Unseen(error) | power::Error::Refused(_, error)) = error else {
        return None;
    };
    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
    error.is_passing().then(|| within(asked, silence))?
}

/// As long as Azure `asked` for, if another look comes before the silence is too long.
fn within(asked: Option<Duration>, silence: Duration) -> Option<Duration> {
    let pause = asked.map_or(PAUSE, |asked| asked.max(PAUSE));
    (silence + pause <= SILENCE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_is_left_alone_as_it_asks_and_nobody_waits_for_longer_than_they_may() {
        let after = |asked: Option<u64>, silence| {
            let pause = within(asked.map(Duration::from_secs), Duration::from_secs(silence));
            pause.map(|pause| pause.as_secs())
        };
        assert_eq!(after(None, 0), Some(15));
        assert_eq!(after(Some(1), 0), Some(15));
        assert_eq!(after(Some(60), 60), Some(60));
        assert_eq!(after(Some(61), 60), None);
        assert_eq!(after(None, 106), None);
    }
}

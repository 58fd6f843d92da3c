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
    power::{self, Operation, OperationId, Target},
};

/// Longer than a look at a machine may take.
pub(super) const LOOK: Duration = Duration::from_secs(11);

/// How often the line that tells of it is renewed.
const BEAT: Duration = Duration::from_secs(1);

/// How long Azure is left alone at least after a look that failed. It allows 12 a minute.
///
/// Source: "Azure compute throttling limits", `LowCostGet`.
const PAUSE: Duration = Duration::from_secs(5);

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
        if let (Some(exit), Err(_)) = (exit, &self.seen) {
            return self.left(session, target, (exit, signals), form).await;
        }
        let operation = self.seen.map_err(|error| about(target, error))?;
        let outcome = told(&operation, form)?;
        Ok(exit.unwrap_or(outcome))
    }

    /// Tells what the look finds that goes on, unless there is another signal: the record of
    /// changes is to have it, and nobody else is there to wait for it.
    async fn left(
        self,
        session: &Session,
        target: &Target,
        (exit, mut signals): (Exit, Signals),
        form: Form,
    ) -> Outcome {
        let found = session.worker.power.found_meanwhile(&self.id, LOOK);
        let found = tokio::select! {
            found = found => found,
            _ = signals.come() => None,
        };
        match (found, self.seen) {
            (Some(operation), _) | (None, Ok(operation)) => told(&operation, form).map(|_| exit),
            (None, Err(error)) => {
                about(target, error).tell();
                Ok(exit)
            }
        }
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
                Err(power::Error::Azure(_, error))
                    if error.is_passing() && told.elapsed() < SILENCE =>
                {
                    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
                    time::sleep(pause(asked)).await;
                }
                Err(error) => return self.given_up(error),
            }
        }
        Ok(())
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
            (Ok(_), power::Error::Azure(_, error)) => {
                Err(power::Error::Lost(self.id.clone(), error))
            }
            (Ok(_), error) => Err(error),
        }
    }
}

/// How long to wait after a look that failed, and Azure `asked` for so long.
fn pause(asked: Option<Duration>) -> Duration {
    asked.unwrap_or_default().clamp(PAUSE, SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_is_left_alone_as_it_asks_and_never_asked_in_haste() {
        let after = |seconds| pause(Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!([0, 5, 60, 86_400].map(after), [5, 5, 60, 120]);
        assert_eq!(pause(None).as_secs(), 5);
    }
}

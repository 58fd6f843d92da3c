//! Follows an operation at Azure to its end.

use std::time::Duration;

use actix_web::{http::StatusCode, rt::time};
use jiff::Timestamp;

use super::{Operation, Power, Status};
use crate::{
    azure::{self, OperationFault, OperationUrl, Progress},
    http::{Context, Deadline},
    telemetry::TraceContext,
};

/// The first pauses, in milliseconds: many operations take a second or less.
const FIRST_PAUSES: [u64; 6] = [500, 1_000, 2_000, 2_000, 3_000, 3_000];

/// Every further pause. Azure allows 45 polls at once and 15 a minute after
/// that: this schedule makes 12 a minute, and learns the end within 5 seconds.
///
/// Source: "Azure compute throttling limits", `GetOperation`.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause after polls that failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// One poll.
const POLL: Duration = Duration::from_secs(10);

/// No operation on one virtual machine takes longer; the slowest recorded took
/// a few minutes.
const PATIENCE: Duration = Duration::from_hours(2);

/// One operation being followed.
pub(super) struct Follower {
    power: Power,
    operation: Operation,
    url: OperationUrl,
    trace: TraceContext,
}

impl Follower {
    /// Follows `operation`, whose end Azure tells at `url`.
    pub(super) fn new(
        power: Power,
        operation: Operation,
        url: OperationUrl,
        context: &Context,
    ) -> Self {
        Self {
            power,
            operation,
            url,
            trace: context.trace.clone(),
        }
    }

    /// Polls until there is an end to record.
    pub(super) async fn run(mut self) {
        let _running = self.power.metrics.operation_started();
        let status = self.end().await;
        self.operation.end(status, Timestamp::now());
        self.power.record(&self.operation);
    }

    async fn end(&self) -> Status {
        let patience = Deadline::after(PATIENCE);
        let (mut polls, mut failures) = (0, 0);
        let mut asked = None;
        loop {
            time::sleep(pause(polls, failures).max(asked.unwrap_or_default())).await;
            if patience.remaining().is_zero() {
                return unknown("NotEnded", "it did not end within two hours".to_owned());
            }
            polls += 1;
            match self.poll().await {
                Ok((Progress::Running, wanted)) => (failures, asked) = (0, wanted),
                Ok((Progress::Succeeded, _)) => return Status::Succeeded,
                Ok((Progress::Failed(fault), _)) => return Status::Failed(fault),
                Ok((Progress::Canceled(fault), _)) => return Status::Canceled(fault),
                Err(error) => {
                    if let Some(status) = lost(&error) {
                        return status;
                    }
                    failures += 1;
                    asked = error.refusal().and_then(|refusal| refusal.retry_after);
                }
            }
        }
    }

    async fn poll(&self) -> Result<(Progress, Option<Duration>), azure::Error> {
        let context = Context {
            deadline: Deadline::after(POLL),
            trace: self.trace.clone(),
        };
        self.power.arm.progress(&self.url, &context).await
    }
}

/// Doubles with every failure in a row: a poll that fails says nothing of the
/// operation, and is no reason to give it up.
fn pause(polls: usize, failures: u32) -> Duration {
    if failures > 0 {
        return (PAUSE * 2_u32.saturating_pow(failures - 1)).min(LONGEST_PAUSE);
    }
    FIRST_PAUSES
        .get(polls)
        .map_or(PAUSE, |millis| Duration::from_millis(*millis))
}

/// What a poll means that will not be answered any better later.
fn lost(error: &azure::Error) -> Option<Status> {
    let status = error.refusal()?.status;
    let reason = match status {
        StatusCode::FORBIDDEN => "the identity may not read the status of operations",
        StatusCode::NOT_FOUND | StatusCode::GONE => "Azure no longer knows the operation",
        _ => return None,
    };
    Some(unknown("StatusNotReadable", reason.to_owned()))
}

fn unknown(code: &str, message: String) -> Status {
    Status::Unknown(OperationFault {
        code: code.to_owned(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_stay_within_what_azure_allows() {
        let mut at = Duration::ZERO;
        let mut within_minute = [0_u32; 30];
        for poll in 0.. {
            at += pause(poll, 0);
            let Some(minute) = within_minute.get_mut(usize::try_from(at.as_secs() / 60).unwrap())
            else {
                break;
            };
            *minute += 1;
        }
        let mut tokens = 45;
        for polls in within_minute {
            assert!(polls <= tokens, "{polls} polls with {tokens} left");
            tokens = (tokens - polls + 15).min(45);
        }
    }

    #[test]
    fn failing_polls_become_rarer_and_do_not_cease() {
        let pauses: Vec<_> = (1..8)
            .map(|failures| pause(3, failures).as_secs())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
    }
}

//! Where a machine is at rest, and the change that leads it elsewhere.
//!
//! Nothing runs in the background: what has become of a change follows from the
//! moment at which somebody looks.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{
    action::Action,
    failure::{Failure, Refused},
    operation::stamp,
};
use crate::clock::Clock;

/// A state that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Running,
    /// Powered off, by order or from within; charged for.
    Stopped,
    Deallocated,
    /// Deallocated, with its memory kept on disk.
    Hibernated,
}

impl Rest {
    pub(super) fn power_state(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Deallocated | Self::Hibernated => "deallocated",
        }
    }
}

/// When a change begins and ends, and how: by a clock that is right.
#[derive(Clone)]
pub(super) struct Course {
    pub(super) began: Instant,
    pub(super) began_at: Timestamp,
    pub(super) ends: Instant,
    pub(super) ends_at: Timestamp,
    pub(super) failure: Option<Failure>,
    /// What tells it to clients.
    clock: Clock,
}

impl Course {
    pub(super) fn new(
        began: Instant,
        takes: Duration,
        failure: Option<Failure>,
        clock: Clock,
    ) -> Self {
        let began_at = Timestamp::now();
        let took = SignedDuration::try_from(takes).unwrap_or_default();
        Self {
            began,
            began_at,
            ends: began + takes,
            ends_at: began_at + took,
            failure,
            clock,
        }
    }

    /// `moment` as clients are told of it.
    pub(super) fn told(&self, moment: Timestamp) -> String {
        stamp(self.clock.shows(moment))
    }

    pub(super) fn has_ended(&self, now: Instant) -> bool {
        now >= self.ends
    }
}

/// The power of one machine.
pub(super) struct Power {
    /// Where it rested before the latest change.
    rest: Rest,
    change: Option<Change>,
    /// As an etag counts them.
    changes: u32,
}

struct Change {
    action: Action,
    to: Rest,
    course: Course,
    /// What the etag moves by at its end.
    step: u32,
    operations: Vec<String>,
}

impl Power {
    /// A machine that runs. The number is that of the recorded etag.
    pub(super) fn on() -> Self {
        Self {
            rest: Rest::Running,
            change: None,
            changes: 5,
        }
    }

    /// The number in the etag: one more when a change begins, one more when it
    /// has ended. Azure/azure-cli recorded `"5"` before a deallocation and
    /// `"7"` after it.
    pub(super) fn etag(&self, now: Instant) -> u32 {
        let ended = self.change.as_ref().filter(|it| it.course.has_ended(now));
        self.changes + ended.map_or(0, |change| change.step)
    }

    /// Notes a change of something else.
    pub(super) fn touch(&mut self) {
        self.changes += 1;
    }

    /// Where it rests, or rested when the change that is under way began.
    pub(super) fn rest(&self, now: Instant) -> Rest {
        match &self.change {
            Some(change) if change.course.has_ended(now) && change.course.failure.is_none() => {
                change.to
            }
            Some(_) | None => self.rest,
        }
    }

    pub(super) fn power_state(&self, now: Instant) -> &'static str {
        let rest = self.rest(now);
        self.under_way(now)
            .map_or(rest.power_state(), |change| change.action.shows(rest))
    }

    /// Whether it rests hibernated.
    pub(super) fn is_hibernated(&self, now: Instant) -> bool {
        self.rest(now) == Rest::Hibernated && self.power_state(now) == "deallocated"
    }

    /// The course of the latest change.
    pub(super) fn latest(&self) -> Option<&Course> {
        Some(&self.change.as_ref()?.course)
    }

    /// The course of what is under way, where it is the same as `action`: an
    /// order of it joins.
    pub(super) fn joined(&self, action: Action, now: Instant) -> Option<Course> {
        let change = self.under_way(now)?;
        (change.action == action).then(|| change.course.clone())
    }

    /// Whether `action` may begin.
    ///
    /// Sources: the sentence of a restart as clients report it; "Troubleshooting
    /// hibernation in Azure", common error codes; "Hibernating virtual machines", frequently
    /// asked questions.
    pub(super) fn permits(&self, action: Action, now: Instant) -> Result<(), Refused> {
        let is_busy = self.under_way(now).is_some();
        match action {
            Action::Restart if self.goal(now) != Rest::Running => Err(Refused::Restart),
            Action::Hibernate if is_busy || self.rest(now) != Rest::Running => {
                Err(Refused::Hibernation)
            }
            Action::Resize if self.is_hibernated(now) => Err(Refused::Size),
            Action::Deallocate
            | Action::Hibernate
            | Action::Start
            | Action::Restart
            | Action::PowerOff
            | Action::Redeploy
            | Action::Reapply
            | Action::Resize => Ok(()),
        }
    }

    /// Begins `action`; returns its course and the operations that it preempts.
    /// What changes nothing ends at once.
    pub(super) fn begin(
        &mut self,
        action: Action,
        takes: Duration,
        failure: Option<Failure>,
        clock: &Clock,
    ) -> (Course, Vec<String>) {
        let now = Instant::now();
        let (rest, goal) = (self.rest(now), self.goal(now));
        let is_done = self.under_way(now).is_none() && action.is_done_at(rest);
        let step = u32::from(!is_done);
        let takes = if is_done { Duration::ZERO } else { takes };
        let course = Course::new(now, takes, failure, clock.clone());
        let change = Change {
            action,
            to: action.leads_to(goal),
            course: course.clone(),
            step,
            operations: Vec::new(),
        };
        let former = self.change.replace(change);
        self.rest = rest;
        self.changes += step + former.as_ref().map_or(0, |former| former.step);
        let preempted = former.filter(|former| !former.course.has_ended(now));
        let operations = preempted.map_or_else(Vec::new, |change| change.operations);
        (course, operations)
    }

    /// The operation `guid` follows the latest change.
    pub(super) fn follow(&mut self, guid: String) {
        if let Some(change) = &mut self.change {
            change.operations.push(guid);
        }
    }

    /// The guest shuts itself down: at once, and no operation.
    pub(super) fn shut_down(&mut self, now: Instant) -> Result<(), Refused> {
        if self.power_state(now) != "running" || self.under_way(now).is_some() {
            return Err(Refused::Restart);
        }
        self.changes = self.etag(now) + 1;
        self.rest = Rest::Stopped;
        self.change = None;
        Ok(())
    }

    fn under_way(&self, now: Instant) -> Option<&Change> {
        self.change
            .as_ref()
            .filter(|change| !change.course.has_ended(now))
    }

    /// Where it will rest once nothing is under way.
    fn goal(&self, now: Instant) -> Rest {
        self.under_way(now)
            .map_or(self.rest(now), |change| change.to)
    }
}

//! How an order becomes a change of a machine, and an operation.

use std::time::{Duration, Instant};

use super::{
    Arm, State,
    action::Action,
    failure::{Failure, Refused},
    key,
    power::Course,
};

/// Why an order that came without a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOrdered {
    #[error("no machine {0} in {1}")]
    NoMachine(String, String),
    #[error("no action {0}")]
    NoAction(String),
    #[error("{0}")]
    Refused(&'static str),
}

impl State {
    /// Carries out `action` on the machine of the lower-cased id `key`, which
    /// exists; `None` where it does not.
    ///
    /// A newer order preempts what is under way; an identical one joins it.
    pub(super) fn order(&mut self, key: &str, action: Action) -> Option<Result<Course, Refused>> {
        let now = Instant::now();
        let machine = self.machines.get_mut(key)?;
        if let Some(course) = machine.power.joined(action, now) {
            return Some(Ok(course));
        }
        if let Err(refused) = machine.permits(action, now) {
            return Some(Err(refused));
        }
        let failure = self.failures.pop_front();
        let (course, preempted) = machine.begin(action, self.operation_takes, failure, &self.clock);
        for guid in preempted {
            if let Some(operation) = self.operations.get_mut(&guid) {
                operation.preempt(&course);
            }
        }
        Some(Ok(course))
    }
}

impl Arm {
    /// Carries out `action` as if somebody else had ordered it; `shutdown` is
    /// the guest's own.
    pub(crate) fn order(&self, group: &str, name: &str, action: &str) -> Result<(), NotOrdered> {
        let mut state = self.state();
        let missing = || NotOrdered::NoMachine(name.to_owned(), group.to_owned());
        let machine = state.machines.find(group, name).ok_or_else(missing)?;
        let id = key(&machine.seed().id());
        let refused = |refused: Refused| NotOrdered::Refused(refused.message());
        if action.eq_ignore_ascii_case("shutdown") {
            let machine = state.machines.get_mut(&id).ok_or_else(missing)?;
            return machine.power.shut_down(Instant::now()).map_err(refused);
        }
        let action =
            Action::named(action).ok_or_else(|| NotOrdered::NoAction(action.to_owned()))?;
        let course = state.order(&id, action);
        course.ok_or_else(missing)?.map_err(refused)?;
        Ok(())
    }

    /// Operations that begin from now on take this long.
    pub(crate) fn operations_take(&self, takes: Duration) {
        self.state().operation_takes = takes;
    }

    /// The next operation that begins fails so.
    pub(crate) fn fail_next_operation(&self, code: &str, message: &str) {
        self.state().failures.push_back(Failure {
            code: code.to_owned(),
            message: message.to_owned(),
        });
    }

    /// No operation so far is found any more.
    pub(crate) fn forget_operations(&self) {
        for operation in self.state().operations.values_mut() {
            operation.forget();
        }
    }
}

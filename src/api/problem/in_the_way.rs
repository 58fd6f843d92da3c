//! What is in the way of an order or a change.

use std::time::Duration;

use super::{super::operations::place, Code, Problem};
use crate::{
    azure::VmName,
    power::{self, Obstacle, Operation},
};

/// When to come back to a machine that is being changed.
const BUSY: Duration = Duration::from_secs(5);

/// What an order can do about it, and a change cannot.
pub(super) const OVERTAKE: &str = ", or overtake that by an order with ?supersede=true";

impl Problem {
    /// That of a change, which overtakes nothing.
    pub(crate) fn of_change(error: power::Error) -> Self {
        match error {
            power::Error::Busy(operation) => busy(&operation, ""),
            power::Error::Obstacle(name, obstacle) => in_no_state(&name, obstacle, ""),
            other => Self::from(other),
        }
    }
}

pub(super) fn busy(operation: &Operation, or: &str) -> Problem {
    let (action, name) = (operation.action(), &operation.machine.name);
    let detail = format!(
        "{name} is being {}: wait for its end{or}",
        action.participle()
    );
    Problem::new(Code::Conflict, detail)
        .retry_after(BUSY)
        .operation(place(&operation.id))
}

pub(super) fn in_no_state(name: &VmName, obstacle: Obstacle, or: &str) -> Problem {
    match obstacle {
        Obstacle::Changing(state) => Problem::new(
            Code::Conflict,
            format!(
                "{name} is {} now: wait until it has settled{or}",
                state.as_str()
            ),
        )
        .retry_after(BUSY),
        Obstacle::Updating => Problem::new(
            Code::Conflict,
            format!("{name} is being changed: wait until that has ended{or}"),
        )
        .retry_after(BUSY),
        Obstacle::Hibernated => Problem::new(
            Code::Conflict,
            format!(
                "{name} is hibernated, in which its size cannot be changed: start it first, or \
                 deallocate it with ?hibernate=false, which gives up its memory"
            ),
        ),
        Obstacle::WouldBeCharged => Problem::new(
            Code::Conflict,
            format!(
                "{name} is deallocated: powering it off would take hardware again, which is \
                 charged"
            ),
        ),
    }
}

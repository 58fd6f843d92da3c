//! A virtual machine.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    action::Action,
    failure::{Failure, Refused},
    power::{Course, Power},
};
use crate::{clock::Clock, seed::VirtualMachine};

/// One virtual machine.
pub(super) struct Machine {
    seed: VirtualMachine,
    pub(super) tags: Value,
    pub(super) size: String,
    pub(super) power: Power,
}

impl Machine {
    pub(super) fn new(seed: VirtualMachine) -> Self {
        Self {
            tags: seed.tags(),
            size: seed.size.to_owned(),
            power: Power::on(),
            seed,
        }
    }

    /// What never changes of it.
    pub(super) fn seed(&self) -> &VirtualMachine {
        &self.seed
    }

    pub(super) fn subscription(&self) -> &str {
        &self.seed.subscription_id
    }

    pub(super) fn location(&self) -> &str {
        &self.seed.location
    }

    pub(super) fn etag(&self, now: Instant) -> String {
        format!("\"{}\"", self.power.etag(now))
    }

    /// What follows `PowerState/`.
    pub(super) fn power_state(&self, now: Instant) -> &'static str {
        self.power.power_state(now)
    }

    /// Whether `action` may begin.
    pub(super) fn permits(&self, action: Action, now: Instant) -> Result<(), Refused> {
        if action == Action::Hibernate && !self.seed.hibernates {
            return Err(Refused::Capability);
        }
        self.power.permits(action, now)
    }

    /// Begins `action`; returns its course and the operations that it preempts.
    pub(super) fn begin(
        &mut self,
        action: Action,
        takes: Duration,
        failure: Option<Failure>,
        clock: &Clock,
    ) -> (Course, Vec<String>) {
        self.power.begin(action, takes, failure, clock)
    }
}

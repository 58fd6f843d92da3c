//! Virtual machines as Resource Graph's index sees them.

use std::time::Instant;

use serde_json::Value;

use super::{Arm, machine::Machine};
use crate::seed::VirtualMachine;

/// One virtual machine, at one moment.
pub(crate) struct Indexed<'a> {
    machine: &'a Machine,
    now: Instant,
}

impl Indexed<'_> {
    pub(crate) fn seed(&self) -> &VirtualMachine {
        self.machine.seed()
    }

    pub(crate) fn power_state(&self) -> &'static str {
        self.machine.power_state(self.now)
    }

    pub(crate) fn body(&self) -> Value {
        self.machine.body(false, self.now)
    }

    pub(crate) fn instance_view(&self) -> Value {
        self.machine.instance_view(self.now)
    }
}

impl Arm {
    /// What `survey` finds in all machines, in no order. The index of Azure lags
    /// behind for up to a minute; this one does not.
    pub(crate) fn survey<T>(
        &self,
        survey: impl FnOnce(&mut dyn Iterator<Item = Indexed<'_>>) -> T,
    ) -> T {
        let state = self.state();
        let now = Instant::now();
        let machines = state.machines.values();
        survey(&mut machines.map(|machine| Indexed { machine, now }))
    }
}

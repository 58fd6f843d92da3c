//! Virtual machines of one name, where none of them is meant more than another.

use super::{Error, Searched};
use crate::azure::{VirtualMachineId, VmName};

/// What may have been meant by a name, as far as whoever asks may know of it.
#[derive(Clone, Debug)]
pub(crate) struct Namesakes {
    name: VmName,
    machines: Vec<VirtualMachineId>,
    searched: Searched,
}

impl Namesakes {
    /// Those of `searched` that have `name`.
    pub(super) fn new(name: VmName, machines: Vec<VirtualMachineId>, searched: Searched) -> Self {
        Self {
            name,
            machines,
            searched,
        }
    }

    pub(crate) fn machines(&self) -> &[VirtualMachineId] {
        &self.machines
    }

    /// What is said to whoever may know of those alone for which `known`, in their order,
    /// is true. A single one is still not taken for the one that was meant; and of none
    /// it is said what is said of a name that nobody has.
    pub(crate) fn known(self, known: &[bool]) -> Error {
        let machines = self.machines.into_iter().zip(known);
        let machines = machines.filter_map(|(machine, is_known)| is_known.then_some(machine));
        Self {
            machines: machines.collect(),
            ..self
        }
        .told()
    }

    /// Why the name leads to none of them.
    pub(super) fn told(self) -> Error {
        if self.machines.is_empty() {
            Error::NotFound(self.name, self.searched)
        } else {
            Error::Ambiguous(self)
        }
    }
}

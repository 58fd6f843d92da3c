//! How many virtual machines of one group are changed within a time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use super::{Exceeded, Left};
use crate::{azure::VirtualMachineId, config::Rate};

pub(super) const NAME: &str = "resourceGroup";

/// The machines of a group that were changed within the time.
#[derive(Default)]
struct Changed {
    /// When each was first, the oldest ahead.
    since: VecDeque<(Instant, Arc<str>)>,
    names: HashSet<Arc<str>>,
}

impl Changed {
    fn forget(&mut self, is_over: impl Fn(Instant) -> bool) {
        while let Some((_, name)) = self.since.pop_front_if(|(since, _)| is_over(*since)) {
            self.names.remove(&name);
        }
    }

    fn add(&mut self, name: &str, now: Instant) {
        let name = Arc::<str>::from(name);
        self.since.push_back((now, Arc::clone(&name)));
        self.names.insert(name);
    }
}

pub(super) struct GroupLimit {
    rate: Rate,
    groups: Mutex<HashMap<String, Changed>>,
}

impl GroupLimit {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            groups: Mutex::default(),
        }
    }

    /// A machine that is among them is so once more for nothing.
    pub(super) fn enter(&self, machine: &VirtualMachineId, now: Instant) -> Result<(), Exceeded> {
        let id = machine.as_str().to_lowercase();
        let (group, name) = id.rsplit_once('/').unwrap_or(("", &id));
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = groups.entry(group.to_owned()).or_default();
        changed.forget(|since| now.saturating_duration_since(since) >= self.rate.per);
        if changed.names.contains(name) {
            return Ok(());
        }
        let is_full = changed.since.len() >= self.rate.most.get() as usize;
        if let Some((oldest, _)) = changed.since.front().filter(|_| is_full) {
            let since = now.saturating_duration_since(*oldest);
            return Err(Exceeded(Left {
                name: NAME,
                rate: self.rate,
                remaining: 0,
                reset: self.rate.per.saturating_sub(since),
            }));
        }
        changed.add(name, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;

    fn machine(group: &str, name: &str) -> VirtualMachineId {
        format!(
            "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
        )
        .parse()
        .unwrap()
    }

    #[test]
    fn a_group_loses_no_more_machines_than_it_may() {
        let limit = GroupLimit::new(Rate {
            most: NonZeroU32::new(2).unwrap(),
            per: Duration::from_mins(10),
        });
        let start = Instant::now();
        let later = |minutes| start + Duration::from_mins(minutes);

        assert_eq!(limit.enter(&machine("g", "a"), start), Ok(()));
        assert_eq!(limit.enter(&machine("g", "b"), later(4)), Ok(()));
        assert_eq!(limit.enter(&machine("G", "A"), later(5)), Ok(()));
        let Exceeded(refused) = limit.enter(&machine("G", "c"), later(6)).unwrap_err();
        assert_eq!(refused.reset, Duration::from_mins(4));
        assert_eq!(limit.enter(&machine("h", "c"), later(6)), Ok(()));
        assert_eq!(limit.enter(&machine("g", "c"), later(10)), Ok(()));
    }
}

//! How many changes there may be: of each caller, and in each resource group.
//!
//! Both are counted by this replica alone.

mod callers;
mod groups;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) use callers::CallerLimit;

use crate::{access::Caller, azure::VirtualMachineId, config, metrics::Metrics};
use groups::GroupLimit;

/// Callers whose changes are counted.
const MOST_CALLERS: usize = 100_000;

/// The limits, for all workers.
#[derive(Clone)]
pub(crate) struct ChangeLimits(Arc<Limits>);

struct Limits {
    of_caller: Option<CallerLimit>,
    in_group: Option<GroupLimit>,
    metrics: Metrics,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Which limit it is.
    pub(crate) name: &'static str,
    pub(crate) rate: config::Rate,
    pub(crate) remaining: u32,
    /// Until there is one more.
    pub(crate) reset: Duration,
}

/// There were as many changes as there may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", words(.0))]
pub(crate) struct Exceeded(pub(crate) Left);

impl ChangeLimits {
    pub(crate) fn new(changes: config::Changes, metrics: Metrics) -> Self {
        let of_caller = changes.of_caller;
        let limits = Limits {
            of_caller: of_caller.map(|rate| CallerLimit::new(rate, MOST_CALLERS)),
            in_group: changes.in_group.map(GroupLimit::new),
            metrics,
        };
        let caller = limits.of_caller.as_ref().map(|_| callers::NAME);
        let group = limits.in_group.as_ref().map(|_| groups::NAME);
        for limit in caller.into_iter().chain(group) {
            limits.metrics.changes_limited(limit);
        }
        Self(Arc::new(limits))
    }

    /// Counts a change that `caller` orders; of nobody in particular none is counted.
    pub(crate) fn take(&self, caller: &Caller) -> Result<Option<Left>, Exceeded> {
        match (&self.0.of_caller, caller) {
            (None, _) | (_, Caller::Anonymous) => Ok(None),
            (Some(limit), _) => self
                .counted(limit.take(&caller.id(), Instant::now()))
                .map(Some),
        }
    }

    /// Counts `machine` among those of its group that are changed.
    pub(crate) fn enter(&self, machine: &VirtualMachineId) -> Result<(), Exceeded> {
        let Some(limit) = &self.0.in_group else {
            return Ok(());
        };
        self.counted(limit.enter(machine, Instant::now()))
    }

    fn counted<T>(&self, taken: Result<T, Exceeded>) -> Result<T, Exceeded> {
        taken.inspect_err(|Exceeded(left)| self.0.metrics.change_refused(left.name))
    }
}

fn words(left: &Left) -> String {
    let (most, per) = (left.rate.most, left.rate.per);
    match left.name {
        callers::NAME => {
            format!("a caller may order {most} changes at once, and as many again over {per:?}")
        }
        _ => format!("{most} virtual machines of a resource group may be changed in {per:?}"),
    }
}

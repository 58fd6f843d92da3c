//! The operations that are known here, by their ids.

use std::time::Duration;

use moka::{
    Entry,
    ops::compute::{CompResult, Op},
    policy::EvictionPolicy,
    sync::Cache,
};
use tokio::sync::watch::Sender;

use super::{
    Operation, OperationId,
    seat::{Seat, Stage},
};

/// Operations are kept for this long after they were last heard of.
///
/// Source: microsoft/api-guidelines `azure/Guidelines.md`,
/// `lro-status-monitor-retention`.
pub(super) const RETENTION: Duration = Duration::from_hours(24);

/// More are never kept; the ones longest not heard of go first.
const CAPACITY: u64 = 10_000;

/// Where each of them can be watched.
pub(super) struct Kept {
    seats: Cache<OperationId, Seat>,
    /// Where nothing is told: of ids that are taken, and nothing more.
    reserved: Seat,
}

impl Kept {
    /// None yet.
    pub(super) fn new() -> Self {
        let seats = Cache::builder()
            .max_capacity(CAPACITY)
            // moka's own policy would turn away the newest, which nobody has
            // asked for yet.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(RETENTION)
            .build();
        let reserved = Seat::before(&Sender::new(Stage::Sending));
        Self { seats, reserved }
    }

    /// Where the operation `id` can be watched.
    pub(super) fn seat(&self, id: &OperationId) -> Option<Seat> {
        self.seats.get(id)
    }

    /// The operation `id` can be watched from `seat`.
    pub(super) fn insert(&self, id: OperationId, seat: Seat) {
        self.seats.insert(id, seat);
    }

    /// Nothing is known of the operation `id`.
    pub(super) fn forget(&self, id: &OperationId) {
        self.seats.invalidate(id);
    }

    /// Whether `id` was free; it is not any more.
    pub(super) fn reserve(&self, id: &OperationId) -> bool {
        let reserved = || self.reserved.clone();
        let entry = self.seats.entry_by_ref(id);
        entry.or_insert_with(reserved).is_fresh()
    }

    /// Where the operation `id` is told, or what is known of it is `enough`.
    /// Else `seat` is put there, and what is known given back.
    pub(super) fn watch(
        &self,
        id: &OperationId,
        seat: Seat,
        enough: impl Fn(&Operation) -> bool,
    ) -> Result<Seat, Option<Box<Operation>>> {
        let mut known = None;
        let outcome = self.seats.entry_by_ref(id).and_compute_with(|held| {
            let held = held.map(Entry::into_value);
            known = held.as_ref().and_then(Seat::operation);
            let is_told = held.is_some_and(|held| held.is_told());
            if is_told || known.as_ref().is_some_and(enough) {
                Op::Nop
            } else {
                Op::Put(seat)
            }
        });
        match outcome {
            CompResult::Unchanged(entry) => Ok(entry.into_value()),
            CompResult::Inserted(_)
            | CompResult::ReplacedWith(_)
            | CompResult::Removed(_)
            | CompResult::StillNone(_) => Err(known.map(Box::new)),
        }
    }
}

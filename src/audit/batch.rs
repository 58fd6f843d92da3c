//! What is written, and not known to last yet.

use std::collections::VecDeque;

use super::{
    Pending, Unavailable,
    record::Record,
    writer::{Late, Reply},
};
use crate::metrics::Metrics;

/// The lines since what was written was last made to last.
#[derive(Default)]
pub(super) struct Batch {
    /// First lines of changes, and where they are waited for.
    pub(super) intents: Vec<(Box<Pending>, Reply)>,
    /// What is true already, written when it was due.
    pub(super) lines: VecDeque<Box<Record>>,
    /// The same, written late.
    pub(super) late: VecDeque<Late>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.intents.is_empty() && self.lines.is_empty() && self.late.is_empty()
    }

    /// It lasts: its changes may be sent.
    pub(super) fn confirm(self, metrics: &Metrics) {
        let late = self.late.iter().map(|(record, _)| record);
        let lines = self.lines.iter().chain(late).map(AsRef::as_ref);
        let intents = self.intents.iter().map(|(pending, _)| pending.record());
        for record in lines.chain(intents) {
            metrics.audit_written(record.stage.as_str(), record.conclusion());
        }
        for (mut pending, reply) in self.intents {
            pending.begin();
            if let Err(Ok(pending)) = reply.send(Ok(*pending)) {
                pending.never_sent("whoever asked for it did not wait for the record");
            }
        }
    }

    /// Its intents may not last: their changes are not sent.
    pub(super) fn refuse(&mut self, error: &Unavailable) {
        for (pending, reply) in self.intents.drain(..) {
            let _ = reply.send(Err(error.clone()));
            pending.never_sent("the record of it may not last");
        }
    }
}

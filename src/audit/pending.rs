//! A change that was written down, and whose end is to be.

use super::{
    Audit,
    record::{Conclusion, Outcome, Record},
};
use crate::{
    azure::{self, Receipt},
    task::Unfinished,
};

/// What is owed to the record: dropped without an outcome, it is `Unknown`.
pub(crate) struct Pending {
    audit: Audit,
    record: Record,
    receipt: Option<Receipt>,
    owes: Owes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owes {
    /// The first line is not there yet.
    Nothing,
    Outcome,
}

impl Pending {
    pub(super) fn new(audit: Audit, record: Record) -> Self {
        Self {
            audit,
            record,
            receipt: None,
            owes: Owes::Nothing,
        }
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// The first line is there.
    pub(super) fn begin(&mut self) {
        self.owes = Owes::Outcome;
    }

    /// The first line is there, and nothing came after it.
    pub(super) fn never_sent(mut self, why: &str) {
        self.begin();
        self.outcome(Outcome::other(Conclusion::Failure, "NotSent", why));
    }

    /// Azure has taken the change.
    pub(crate) fn taken(&mut self, receipt: Receipt) {
        self.receipt = Some(receipt);
    }

    /// Azure did not take it, or did not say so: `conclusion` says which.
    pub(crate) fn refused(mut self, conclusion: Conclusion, error: &azure::Error) {
        self.receipt = error.refusal().map(Receipt::of_refusal);
        self.outcome(Outcome::of_error(conclusion, error));
    }

    /// Writes how it ended.
    pub(crate) fn outcome(mut self, outcome: Outcome) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Outcome) {
        if self.owes == Owes::Outcome {
            self.owes = Owes::Nothing;
            let second = self.record.second(outcome, self.receipt.take());
            self.audit.line(second);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let why = match Unfinished::on_drop() {
            Unfinished::Stopped => {
                "the gateway ended, or the command did not wait, before the end was known"
            }
            Unfinished::Panicked => "a fault of the gateway broke it off before the end was known",
        };
        self.tell(Outcome::other(Conclusion::Unknown, "NotFollowed", why));
    }
}

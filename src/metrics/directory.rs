//! Metrics of the directory.

use prometheus::{Error, IntCounterVec};

use super::{Declare, Metrics};

pub(super) struct DirectoryMetrics {
    pages: IntCounterVec,
    exports: IntCounterVec,
}

/// How a page was come by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageEvent {
    /// It was kept.
    Hit,
    /// Graph was asked.
    Miss,
    /// Graph was being asked for somebody else.
    Joined,
    /// An older one was given out, as Graph is in trouble.
    Stale,
    /// It is of the replica.
    Replica,
}

impl PageEvent {
    const fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Joined => "joined",
            Self::Stale => "stale",
            Self::Replica => "replica",
        }
    }
}

impl DirectoryMetrics {
    pub(super) fn new(declare: &Declare<'_>) -> Result<Self, Error> {
        let exports = declare.counter(
            "directory_exports_total",
            "Whole listings, by form and outcome: whole, broken, left by the caller or refused.",
            &["form", "outcome"],
        )?;
        // Counts zero, so that its first time shows.
        for form in ["csv", "ndjson"] {
            exports.with_label_values(&[form, "refused"]);
        }
        Ok(Self {
            pages: declare.counter(
                "directory_pages_total",
                "Pages of users that were asked for, by how they were come by.",
                &["event"],
            )?,
            exports,
        })
    }
}

impl Metrics {
    /// A page was come by.
    pub(crate) fn directory_page(&self, event: PageEvent) {
        let pages = &self.0.directory.pages;
        pages.with_label_values(&[event.label()]).inc();
    }

    /// A whole listing has ended, or was refused.
    pub(crate) fn directory_export(&self, form: &'static str, outcome: &'static str) {
        let exports = &self.0.directory.exports;
        exports.with_label_values(&[form, outcome]).inc();
    }
}

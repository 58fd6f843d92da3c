//! What is noted again and again.

use std::{fs::File, io::Write as _, path::Path};

use crate::vitals::Vitals;

/// How a gateway stands at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Since the beginning.
    pub(super) seconds: f64,
    pub(super) vitals: Vitals,
    /// Calls so far.
    pub(super) answered: u64,
    pub(super) errors: u64,
}

/// Samples as they come, in a file of comma-separated values: whoever waits can look.
pub(super) struct Table(File);

impl Table {
    /// A new file, with a line of names.
    pub(super) fn begin(path: &Path) -> Self {
        let mut file = File::create(path).expect("a file");
        let names = "seconds,rss_bytes,anonymous_bytes,descriptors,threads,answered,errors";
        writeln!(file, "{names}").expect("a line");
        Self(file)
    }

    /// One line more.
    pub(super) fn add(&mut self, sample: &Sample) {
        let Sample {
            seconds,
            vitals,
            answered,
            errors,
        } = sample;
        let Vitals {
            resident,
            anonymous,
            descriptors,
            threads,
        } = vitals;
        let line = format!(
            "{seconds:.1},{resident},{anonymous},{descriptors},{threads},{answered},{errors}"
        );
        writeln!(self.0, "{line}").expect("a line");
    }
}

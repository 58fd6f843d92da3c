//! Where the record of changes goes.

use std::{fmt, path::PathBuf};

use super::{
    identity::absolute,
    reader::{Faulty, Reader},
};

const PATH: &str = "an absolute path of a file";

/// Where lines of the record are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuditTarget {
    /// Standard output, beside the log.
    Output,
    /// Standard error, where standard output is for results.
    Errors,
    File(PathBuf),
}

impl AuditTarget {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let file = reader.optional("MIG_AUDIT_FILE", PATH, absolute);
        Ok(file?.map_or(Self::Output, Self::File))
    }

    /// The same for a command that is done once.
    pub(crate) fn of_command(self) -> Self {
        match self {
            Self::Output | Self::Errors => Self::Errors,
            Self::File(path) => Self::File(path),
        }
    }
}

impl fmt::Display for AuditTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => formatter.write_str("standard output"),
            Self::Errors => formatter.write_str("standard error"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

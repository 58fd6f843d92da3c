//! What is logged, and how it looks.

use std::str::FromStr;

use tracing::Level;

use super::reader::{Faulty, Reader};

/// What is logged, and how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important level that is still written.
    pub level: Level,
    /// For programs or for people.
    pub format: LogFormat,
}

/// For programs or for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// One line of text.
    Text,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let level = reader.parsed("MIG_LOG", "error, warn, info, debug or trace");
        let format = reader.parsed("MIG_LOG_FORMAT", "auto, json or text");
        Ok(Self {
            level: level?,
            format: format?,
        })
    }

    /// The log of a command that is done once: warnings, unless a level is set.
    pub(super) fn of_command(self, reader: &Reader) -> Self {
        let level = if reader.has("MIG_LOG") {
            self.level
        } else {
            Level::WARN
        };
        Self { level, ..self }
    }
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(()),
        }
    }
}

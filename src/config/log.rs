//! What is logged, and how it looks.

use std::str::FromStr;

use tracing::Level;

use super::{Raw, reader::Reader};

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
    pub(super) fn read(reader: &mut Reader, raw: &Raw) -> Option<Self> {
        let level = reader.parsed(
            "MIG_LOG",
            raw.log.as_deref(),
            "error, warn, info, debug or trace",
        );
        let format = reader.parsed(
            "MIG_LOG_FORMAT",
            raw.log_format.as_deref(),
            "auto, json or text",
        );
        Some(Self {
            level: level?,
            format: format?,
        })
    }

    /// The log of a command that is done once: warnings, unless a level is set.
    pub(super) fn of_command(self, raw: &Raw) -> Self {
        let level = if raw.log.is_some() {
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

//! Where results go, and in which form.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use super::{Exit, Failure, Outcome};

/// A form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Form {
    /// The form that was `asked` for; else text for a terminal, and JSON for
    /// whatever else reads it.
    pub(super) fn wanted(asked: Option<Self>) -> Self {
        asked.unwrap_or(if io::stdout().is_terminal() {
            Self::Text
        } else {
            Self::Json
        })
    }
}

/// Writes `bytes` to standard output, at once.
pub(super) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    taken(output.write_all(bytes).and_then(|()| output.flush()))
}

/// Whether standard output took what was `written` there.
pub(super) fn taken(written: io::Result<()>) -> Result<(), Failure> {
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Output(error),
    })
}

/// How a command ends whose result is `written`: as it went, also where nobody reads of
/// it any more.
pub(super) fn kept(written: Result<(), Failure>, exit: Exit) -> Outcome {
    match written {
        Ok(()) | Err(Failure::Closed) => Ok(exit),
        Err(failure) => Err(failure),
    }
}

/// Writes `body` as indented JSON.
pub(super) fn json(body: &impl Serialize) -> Result<(), Failure> {
    let mut text =
        serde_json::to_vec_pretty(body).map_err(|error| Failure::Output(error.into()))?;
    text.push(b'\n');
    write(&text)
}

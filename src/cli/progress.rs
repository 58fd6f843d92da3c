//! What whoever sits at the terminal sees and is asked.

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    time::Duration,
};

use super::Failure;
use crate::telemetry::inert;

/// A line that is overwritten, on a terminal alone.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
        }
    }

    /// Says what is being waited for, and for how long by now.
    pub(super) fn show(&self, what: &str, took: Duration) {
        if self.is_shown {
            let _ = write!(
                io::stderr(),
                "\r\u{1b}[K{}, {} s",
                inert(what),
                took.as_secs()
            );
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// Whether somebody is there to be asked.
pub(super) fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks at the terminal.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    if is_agreed(question, &mut io::stdin().lock(), &mut io::stderr()) {
        Ok(())
    } else {
        Err(Failure::Declined)
    }
}

/// Anything but a plain yes is a no, and so is silence.
fn is_agreed(question: &str, answers: &mut impl BufRead, terminal: &mut impl Write) -> bool {
    let _ = write!(terminal, "{} [y/N] ", inert(question));
    let _ = terminal.flush();
    let mut answer = String::new();
    let is_read = answers.read_line(&mut answer).is_ok();
    is_read && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_agreement() {
        for (answer, agreed) in [
            ("y\n", true),
            (" YES \n", true),
            ("\n", false),
            ("", false),
            ("yeah\n", false),
            ("n\ny\n", false),
        ] {
            let mut shown = Vec::new();
            assert_eq!(
                is_agreed("Sure?", &mut answer.as_bytes(), &mut shown),
                agreed
            );
            assert_eq!(shown, b"Sure? [y/N] ");
        }
    }
}

//! Signals that end a wait, and not what is waited for.

use std::{fs, io};

use actix_web::rt::signal::unix::{Signal, SignalKind, signal};

use super::Exit;

/// Signals by which a process is told to end. While this is there, they do not end it
/// by themselves.
pub(super) struct Signals {
    hang_up: Option<Signal>,
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    /// Those that come from now on, but for what the process was started to ignore, as
    /// `nohup` has it.
    pub(super) fn listen() -> io::Result<Self> {
        let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
        let heard = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            (!is_ignored).then(|| signal(kind)).transpose()
        };
        Ok(Self {
            hang_up: heard(SignalKind::hangup())?,
            interrupt: heard(SignalKind::interrupt())?,
            terminate: heard(SignalKind::terminate())?,
        })
    }

    /// How to end, once one has come.
    pub(super) async fn come(&mut self) -> Exit {
        tokio::select! {
            Some(()) = next(&mut self.hang_up) => Exit::HungUp,
            Some(()) = next(&mut self.interrupt) => Exit::Interrupted,
            Some(()) = next(&mut self.terminate) => Exit::Terminated,
            else => std::future::pending().await,
        }
    }
}

async fn next(signal: &mut Option<Signal>) -> Option<()> {
    signal.as_mut()?.recv().await
}

/// The set of ignored signals, a bit each, in the words of `/proc/self/status`.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    let mask = mask.map(|mask| u64::from_str_radix(mask.trim(), 16));
    mask.and_then(Result::ok).unwrap_or_default()
}

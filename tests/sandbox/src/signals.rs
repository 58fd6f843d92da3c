//! The signals that end a program.

use std::{io, process::ExitStatus};

use tokio::{
    process::Child,
    signal::unix::{Signal, SignalKind, signal},
};

/// SIGTERM and SIGINT: from now on they are received here, and end nothing by
/// themselves.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Resolves when one comes.
    pub(crate) async fn received(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Passes every one on to `child`, until it ends. A terminal sends SIGINT to
    /// both; SIGTERM comes to us alone.
    pub(crate) async fn pass_on_to(mut self, mut child: Child) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = self.interrupt.recv() => pass_on(&child, "INT"),
                _ = self.terminate.recv() => pass_on(&child, "TERM"),
            }
        }
    }
}

fn pass_on(child: &Child, name: &str) {
    if let Some(id) = child.id() {
        // By way of `kill`: sending signals takes `unsafe` code or a crate.
        let _ = std::process::Command::new("kill")
            .args([format!("-{name}"), id.to_string()])
            .status();
    }
}

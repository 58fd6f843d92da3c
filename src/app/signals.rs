//! What the process is told by signals while it serves.

use actix_web::rt::signal::unix::{Signal, SignalKind, signal};

use super::Error;

/// Signals that are heeded once the gateway serves; until then, they are kept.
pub(crate) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Those that come from now on.
    pub(crate) fn listen() -> Result<Self, Error> {
        Ok(Self {
            hangup: hangup()?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// By what the record of changes is opened again, and by what the process ends.
    pub(super) fn heeded(self) -> (Signal, impl Future<Output = ()>) {
        let (mut terminate, mut interrupt) = (self.terminate, self.interrupt);
        let end = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        (self.hangup, end)
    }
}

/// What opens the record of changes again.
pub(super) fn hangup() -> Result<Signal, Error> {
    listen(SignalKind::hangup())
}

fn listen(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(Error::Serve)
}

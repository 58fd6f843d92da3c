//! What the whole test run writes, and the search for secrets in it.

use std::{
    io, panic,
    sync::{LazyLock, Mutex, PoisonError},
};

use mi_gateway::{Log, LogFormat, subscriber};
use tracing::Level;

static CAPTURED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Everything that is logged or said in a panic goes into one buffer, at the
/// most talkative level there is.
static CAPTURE: LazyLock<()> = LazyLock::new(|| {
    let log = Log {
        level: Level::TRACE,
        format: LogFormat::Json,
    };
    tracing::subscriber::set_global_default(subscriber(&log, || Buffer)).unwrap();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = io::Write::write_all(&mut Buffer, info.to_string().as_bytes());
        usual(info);
    }));
});

struct Buffer;

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut captured = CAPTURED.lock().unwrap_or_else(PoisonError::into_inner);
        captured.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to capture; every further call changes nothing.
pub(crate) fn capture() {
    LazyLock::force(&CAPTURE);
}

/// What was captured so far.
pub(crate) fn captured() -> String {
    let captured = CAPTURED.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&captured).into_owned()
}

/// Panics when one of `secrets` was written.
pub(crate) fn search(secrets: &[String]) {
    let captured = captured();
    for secret in secrets {
        assert!(!captured.contains(secret), "a secret was written");
    }
}

/// Nothing below this is written by libraries at their lower levels.
#[test]
fn the_search_finds_what_is_written() {
    capture();
    tracing::info!(target: "mi_gateway", word = "xyzzy-in-the-log", "planted");
    let found = panic::catch_unwind(|| search(&["xyzzy-in-the-log".to_owned()]));
    assert!(found.is_err());
    let unwind = panic::catch_unwind(|| panic!("xyzzy-in-a-panic"));
    assert!(unwind.is_err() && captured().contains("xyzzy-in-a-panic"));
}

//! What the whole test run writes, and the search for secrets in it.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    sync::{LazyLock, Mutex, PoisonError},
};

use mi_gateway::{Log, LogFormat, subscriber};
use tracing::Level;

use crate::gateway::Gateway;

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

/// A place in what is captured, at the end of something that was written whole.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

/// Begins to capture, if nobody has, and marks where the next that is written will stand.
pub(crate) fn capture() -> Mark {
    LazyLock::force(&CAPTURE);
    let captured = CAPTURED.lock().unwrap_or_else(PoisonError::into_inner);
    Mark(captured.len())
}

/// What was captured so far.
pub(crate) fn captured() -> String {
    captured_since(Mark(0))
}

fn captured_since(mark: Mark) -> String {
    let captured = CAPTURED.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&captured[mark.0..]).into_owned()
}

/// Panics when one of `secrets` was written since `mark`. In all that the run writes, each
/// of hundreds of gateways would look through what every one before it wrote.
pub(crate) fn search(mark: Mark, secrets: &[String]) {
    let captured = captured_since(mark);
    for secret in secrets {
        assert!(!captured.contains(secret), "a secret was written");
    }
}

/// Nothing below this is written by libraries at their lower levels.
#[test]
fn the_search_finds_what_is_written() {
    let mark = capture();
    tracing::info!(target: "mi_gateway", word = "xyzzy-in-the-log", "planted");
    let found = panic::catch_unwind(|| search(mark, &["xyzzy-in-the-log".to_owned()]));
    assert!(found.is_err());
    let unwind = panic::catch_unwind(|| panic!("xyzzy-in-a-panic"));
    assert!(unwind.is_err() && captured().contains("xyzzy-in-a-panic"));
}

#[actix_web::test]
async fn a_secret_that_is_written_while_a_gateway_runs_is_found_at_its_end() {
    let gateway = Gateway::start();
    let secret = gateway.azure.secrets().pop();
    tracing::info!(target: "mi_gateway", word = secret, "planted");
    gateway.get("/vms/web-01").await;
    let end = panic::catch_unwind(AssertUnwindSafe(|| drop(gateway))).unwrap_err();
    assert_eq!(end.downcast_ref(), Some(&"a secret was written"));
}

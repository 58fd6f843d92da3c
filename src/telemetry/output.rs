//! Standard output, written to by a thread of its own.
//!
//! Whoever reads it may be slow or stuck; a worker that waited for that would hold up
//! all its requests. So lines wait in a queue, and are lost, and counted, where it is
//! full.

use std::{
    io::{self, BufWriter, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that wait at most, of some 400 bytes each.
const QUEUE: usize = 4_096;

/// Lines are written together until there are so many bytes of them.
const TOGETHER: usize = 32 * 1024;

/// How long lines wait for others. A thread that was woken for each would cost more
/// than to write it.
const GATHER: Duration = Duration::from_millis(10);

static LOST: OnceLock<ErrorCounter> = OnceLock::new();

/// Whether what was written last may have stopped in the middle of a line, as on a disk
/// that is full. Looked at and set under the lock of standard output alone.
static IS_TORN: AtomicBool = AtomicBool::new(false);

/// How long the end of the gateway waits for its last lines.
const LAST_LINES: Duration = Duration::from_millis(1_500);

/// Waits on being dropped until all lines are written, if they are in time.
#[must_use]
pub(crate) struct Written(Option<WorkerGuard>);

impl Drop for Written {
    fn drop(&mut self) {
        let guard = self.0.take();
        let (done, is_done) = mpsc::channel::<()>();
        // It writes of its own troubles to standard output, which may be what is stuck; where
        // no thread is left for it, here.
        let _ = thread::Builder::new().spawn(move || {
            drop(guard);
            drop(done);
        });
        let _ = is_done.recv_timeout(LAST_LINES);
    }
}

/// Where lines are written to, and what waits for them.
pub(super) fn begin() -> (NonBlocking, Written) {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .thread_name("log")
        .finish(Gathering(BufWriter::with_capacity(TOGETHER, Output)));
    let _ = LOST.set(writer.error_counter());
    (writer, Written(Some(guard)))
}

/// Lines that were not written, as too many waited.
pub(crate) fn lines_lost() -> u64 {
    let lost = LOST.get().map_or(0, ErrorCounter::dropped_lines);
    u64::try_from(lost).unwrap_or(u64::MAX)
}

/// Has `write` write whole lines to standard output, and nobody else meanwhile. It is
/// given what belongs before them: the end of a line that may have none.
pub(crate) fn in_turn<T>(write: impl FnOnce(&[u8]) -> io::Result<T>) -> io::Result<T> {
    let _output = io::stdout().lock();
    let missing: &[u8] = if IS_TORN.load(Ordering::Relaxed) {
        b"\n"
    } else {
        b""
    };
    let outcome = write(missing);
    IS_TORN.store(outcome.is_err(), Ordering::Relaxed);
    outcome
}

/// Has lines gather after what there was is written.
struct Gathering<W>(W);

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(GATHER);
        Ok(())
    }
}

/// Standard output, of which others write whole lines too: what is given at once stays
/// together.
struct Output;

impl Write for Output {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        in_turn(|missing| {
            let mut output = io::stdout().lock();
            output.write_all(missing)?;
            output.write_all(lines)
        })?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }
}

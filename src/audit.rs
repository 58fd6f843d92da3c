//! Who changed what, written down before it is sent and after it has ended.

mod batch;
mod left_out;
mod line;
mod pending;
mod record;
mod requester;
mod sink;
mod standing;
mod writer;

use std::{
    io,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::oneshot;

pub(crate) use pending::Pending;
pub(crate) use record::{Activity, Conclusion, Deed, Denied, Outcome};
pub(crate) use requester::{Endpoint, Requester, Way};

use crate::{
    changes::CallerLimit,
    config::{AuditTarget, Rate},
    http::Deadline,
    metrics::Metrics,
};
use left_out::LeftOut;
use record::{Record, Stage};
use sink::Sink;
use standing::Standing;
use writer::{Message, Queued, Writer};

/// How long a change waits for its record, however little of its own time is left: a
/// call to Azure that took it says nothing about the disk. That takes 4 ms, or some 10
/// when many wait together.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What no disk that is well takes. Where a change has no time left after so long, its
/// record took it.
const TOO_LONG: Duration = Duration::from_millis(250);

/// How long the end of the process waits for the last lines, all in all.
const LAST_LINES: Duration = Duration::from_secs(3);

/// How long after a failure it is tried again meanwhile.
const SOON: Duration = Duration::from_millis(250);

/// Lines that may wait before no change is begun.
const QUEUE: usize = 1_024;

/// Lines of what each caller is denied. Somebody's mistakes of a minute are written down;
/// whoever asks in a loop has some 170 MB a day, and could otherwise fill any disk.
const DENIALS: Rate = Rate {
    most: NonZeroU32::new(60).unwrap(),
    per: Duration::from_mins(1),
};

/// Callers whose denials of the last minute are counted.
const MOST_DENIED: usize = 10_000;

/// Why a change is not made: what is to be done cannot be written down, or was too late.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Unavailable {
    #[error("the record of the change could not be written")]
    Failed(#[source] Arc<io::Error>),
    #[error("the record of the change was not written in time")]
    Slow,
    #[error("too many records of changes wait to be written")]
    Full,
    #[error("the record of changes is closed")]
    Closed,
    /// It was written: the time of the change had gone elsewhere.
    #[error("no time was left for the change when its record was written")]
    Late,
}

/// Whether there is a place to write to at `target`, of which nothing is made: `false`
/// where it is a file that is not there yet, in a folder that is.
pub(crate) fn look(target: &AuditTarget) -> io::Result<bool> {
    match target {
        AuditTarget::Output | AuditTarget::Errors => Ok(true),
        AuditTarget::File(path) => Sink::look(path),
    }
}

/// The record of changes; all workers share one.
#[derive(Clone)]
pub(crate) struct Audit(Arc<Inner>);

struct Inner {
    target: AuditTarget,
    queue: Mutex<Option<mpsc::Sender<Queued>>>,
    waiting: Arc<AtomicUsize>,
    denials: CallerLimit,
    left_out: LeftOut,
    standing: Standing,
    metrics: Metrics,
    writer: ThreadId,
    /// The last lines were waited for in vain.
    gave_up: AtomicBool,
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Audit {
    /// A record at `target`, which is opened when something is to be written, unless it
    /// was before.
    pub(crate) fn new(target: AuditTarget, metrics: Metrics) -> io::Result<Self> {
        let (queue, messages) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let (waiting, standing) = (Arc::default(), Standing::default());
        let writer = Writer::new(
            target.clone(),
            metrics.clone(),
            Arc::clone(&waiting),
            standing.clone(),
        );
        // Writing blocks, and would hold up every request of its worker.
        let writer = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                // Dropped with the thread, whichever way it ends.
                let _end: mpsc::Sender<()> = end;
                writer.run(&messages);
            })?;
        Ok(Self(Arc::new(Inner {
            target,
            queue: Mutex::new(Some(queue)),
            waiting,
            denials: CallerLimit::new(DENIALS, MOST_DENIED),
            left_out: LeftOut::default(),
            standing,
            metrics,
            writer: writer.thread().id(),
            gave_up: AtomicBool::default(),
            ended: Mutex::new(ended),
        })))
    }

    /// Opens the place to write to, and keeps it open: the first change may come when
    /// there is no descriptor left.
    pub(crate) fn open(&self) -> io::Result<()> {
        let sink = Sink::open(&self.0.target)?;
        self.send(Message::Opened(sink));
        Ok(())
    }

    /// Where it is written.
    pub(crate) fn target(&self) -> &AuditTarget {
        &self.0.target
    }

    /// Why nothing can be written, if so.
    pub(crate) fn failure(&self) -> Option<String> {
        self.0.standing.failure()
    }

    /// Resolves when it is written that `requester` is about to do `deed`, in a
    /// file so that it outlives the host; until then nothing may be sent, and nothing is
    /// after `deadline`.
    pub(crate) async fn intent(
        &self,
        deed: Deed,
        requester: &Arc<Requester>,
        deadline: Deadline,
    ) -> Result<Pending, Unavailable> {
        let asked = Instant::now();
        let pending = self.written(deed, requester).await;
        let pending = pending.and_then(|it| self.unless_late(it, asked, deadline));
        pending.inspect_err(|error| {
            if !matches!(error, Unavailable::Late) {
                self.0.metrics.audit_failed(Stage::Intent.as_str());
            }
        })
    }

    /// `pending`, which was asked for at `asked`, if its change can still be sent.
    fn unless_late(
        &self,
        pending: Pending,
        asked: Instant,
        deadline: Deadline,
    ) -> Result<Pending, Unavailable> {
        if !deadline.remaining().is_zero() {
            return Ok(pending);
        }
        pending.never_sent("no time was left to send it");
        Err(if asked.elapsed() < TOO_LONG {
            Unavailable::Late
        } else {
            self.slow()
        })
    }

    /// Says that writing takes too long, until something is written in time.
    fn slow(&self) -> Unavailable {
        self.0.standing.fail(&Unavailable::Slow);
        // Behind what is stuck: says so when it has come loose.
        self.send(Message::Probe);
        Unavailable::Slow
    }

    async fn written(
        &self,
        deed: Deed,
        requester: &Arc<Requester>,
    ) -> Result<Pending, Unavailable> {
        if !self.has_room_for(Stage::Intent) {
            return Err(Unavailable::Full);
        }
        let record = Record::of_deed(Stage::Intent, deed, Arc::clone(requester));
        let (reply, answer) = oneshot::channel();
        let pending = Pending::new(self.clone(), record);
        self.send(Message::Intent(Box::new(pending), reply));
        match time::timeout(LONGEST_WAIT, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Unavailable::Closed),
            Err(_) => Err(self.slow()),
        }
    }

    /// Writes that `deed` needed nothing to be sent, for the reason in `outcome`.
    /// Nothing waits for it, as for what follows: it is left out, and counted, where
    /// it finds no room.
    pub(crate) fn noop(&self, deed: Deed, requester: &Arc<Requester>, outcome: Outcome) {
        let record = Record::of_deed(Stage::Noop, deed, Arc::clone(requester));
        self.line(record.ended(outcome));
    }

    /// Writes that `requester` asked for `deed` too while it was under way for
    /// somebody else.
    pub(crate) fn joined(&self, deed: Deed, requester: &Arc<Requester>) {
        let record = Record::of_deed(Stage::Joined, deed, Arc::clone(requester));
        self.line(record.ended(Outcome::success("an operation under way was joined")));
    }

    /// Writes that `requester` was not allowed something, unless they often are.
    pub(crate) fn denied(&self, denied: Denied, requester: &Arc<Requester>) {
        let caller = requester.warrant.caller().id();
        match self.0.denials.take(&caller, Instant::now()) {
            Ok(_) => self.line(Record::of_denied(denied, Arc::clone(requester))),
            Err(_) => self.leave_out(Stage::Denied),
        }
    }

    /// Opens the file again: it was given another name.
    pub(crate) fn reopen(&self) {
        self.send(Message::Reopen);
    }

    /// Resolves when all lines there are have been written, or have taken too long: that they
    /// are lost is said then, as nobody would learn of it otherwise.
    pub(crate) async fn end(&self) {
        if time::timeout(LAST_LINES, self.all_written()).await.is_err() {
            self.0.gave_up.store(true, Ordering::Relaxed);
            tell_lost(self.0.metrics.audit_waiting());
        }
    }

    async fn all_written(&self) {
        self.flush().await;
        while self.0.metrics.audit_waiting() > 0 {
            time::sleep(SOON).await;
            self.send(Message::Probe);
            self.flush().await;
        }
    }

    /// Resolves when all lines there are have been tried.
    async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Flush(reply));
        // Without an answer the writer is gone, and nothing waits for it.
        let _ = answer.await;
    }

    fn line(&self, record: Record) {
        if self.has_room_for(record.stage) {
            self.send(Message::Line(Box::new(record)));
        } else {
            self.leave_out(record.stage);
        }
    }

    fn leave_out(&self, stage: Stage) {
        self.0.metrics.audit_failed(stage.as_str());
        self.0.left_out.one_more();
    }

    /// Whether few enough lines wait for one of `stage`. What is of no change has to
    /// leave room for changes: nothing bounds how many callers are denied something.
    fn has_room_for(&self, stage: Stage) -> bool {
        let most = match stage {
            Stage::Denied => QUEUE / 4,
            Stage::Noop | Stage::Joined => QUEUE / 2,
            Stage::Intent => QUEUE,
            // Its change was let through.
            Stage::Outcome => usize::MAX,
        };
        self.0.waiting.load(Ordering::Relaxed) < most
    }

    fn send(&self, message: Message) {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref() {
            self.0.waiting.fetch_add(1, Ordering::Relaxed);
            let queued = self.0.metrics.audit_queued();
            // The writer ends after the last of those who send.
            let _ = queue.send((message, queued));
        }
    }
}

/// Says what the process takes along as it ends.
fn tell_lost(lines: u64) {
    tracing::error!(
        lines,
        "lines of the record of changes were not written, and are lost with the process"
    );
}

/// The last one waits until all is written: a command ends right after it.
impl Drop for Inner {
    fn drop(&mut self) {
        let queue = self.queue.get_mut();
        queue.unwrap_or_else(PoisonError::into_inner).take();
        if self.writer != thread::current().id() && !*self.gave_up.get_mut() {
            let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
            // It never hears anything but that the thread is gone.
            let _ = ended.recv_timeout(LAST_LINES);
        }
    }
}

#[cfg(test)]
mod tests;

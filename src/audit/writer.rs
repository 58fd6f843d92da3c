//! The thread that writes, in the order in which it is told to.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Pending, SOON, Unavailable,
    batch::Batch,
    line::{line, resumed},
    record::{Record, Stage},
    sink::Sink,
    standing::Standing,
    tell_lost,
};
use crate::{
    config::AuditTarget,
    metrics::{Held, Metrics},
};

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long it is tried in the end: what is lost is told while somebody waits for it yet.
const LAST_TRIES: Duration = Duration::from_millis(2_500);

/// How often it is looked, where nothing is to be written, whether the file is in its place.
const LOOKS: Duration = Duration::from_secs(5);

/// Lines that are made to last together: a disk takes as long for one.
const TOGETHER: usize = 256;

/// Lines that are kept for later when they cannot be written; more are lost, except
/// outcomes, of which there are no more than changes under way.
const KEPT: usize = 10_000;

/// Where whoever is about to change something waits.
pub(super) type Reply = oneshot::Sender<Result<Pending, Unavailable>>;

/// What the writer is told.
pub(super) enum Message {
    /// Write the first line of a change, and say so.
    Intent(Box<Pending>, Reply),
    Line(Box<Record>),
    /// Try whether anything can be written.
    Probe,
    /// Write here.
    Opened(Sink),
    Reopen,
    Flush(oneshot::Sender<()>),
}

/// A message, and its place in the length of the queue.
pub(super) type Queued = (Message, Held);

/// A line that could not be written when it was due, and its place among those that wait.
pub(super) type Late = (Box<Record>, Held);

pub(super) struct Writer {
    target: AuditTarget,
    sink: Option<Sink>,
    metrics: Metrics,
    waiting: Arc<AtomicUsize>,
    standing: Standing,
    /// What is written to the sink, and not known to last.
    batch: Batch,
    /// Lines of changes that are made already: they are written when they can be.
    late: VecDeque<Late>,
    lost: u64,
    /// Whether it failed since it was last said that lines are written: one may be cut off.
    has_failed: bool,
    /// When it is tried again, where it failed.
    again: Instant,
    /// Why the changes of this batch are not begun: for all of them it is tried again once.
    refusal: Option<Unavailable>,
    /// Who wants to know when nothing waits any more.
    flushes: Vec<oneshot::Sender<()>>,
}

impl Writer {
    pub(super) fn new(
        target: AuditTarget,
        metrics: Metrics,
        waiting: Arc<AtomicUsize>,
        standing: Standing,
    ) -> Self {
        Self {
            target,
            sink: None,
            metrics,
            waiting,
            standing,
            batch: Batch::default(),
            late: VecDeque::new(),
            lost: 0,
            has_failed: false,
            again: Instant::now(),
            refusal: None,
            flushes: Vec::new(),
        }
    }

    /// Writes until nobody is left who could tell it to.
    pub(super) fn run(mut self, queue: &Receiver<Queued>) {
        loop {
            match queue.recv_timeout(self.patience()) {
                Ok(first) => self.take(first, queue),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.end();
    }

    /// Writes what it owes, and tries what is late again and again as long as the end of a
    /// command waits for it.
    fn end(&mut self) {
        let begin = Instant::now();
        if self.is_failing() || self.owes() {
            self.retry();
        }
        while !self.late.is_empty() && begin.elapsed() < LAST_TRIES {
            thread::sleep(SOON);
            self.retry();
        }
        if !self.late.is_empty() {
            tell_lost(self.metrics.audit_waiting());
        }
    }

    fn patience(&self) -> Duration {
        if self.is_failing() {
            self.again.saturating_duration_since(Instant::now())
        } else {
            LOOKS
        }
    }

    /// Looks after itself where nobody has anything to write: a file that was moved would be
    /// held, with its place on the disk, and a folder that is gone be found by a change.
    fn look(&mut self) {
        if self.is_failing() {
            self.retry();
        } else {
            self.follow();
        }
    }

    fn is_failing(&self) -> bool {
        self.standing.failure().is_some()
    }

    /// Whether it is to be tried if lines are written again, or to be said that they are.
    /// Neither waits for a quiet moment, which may never come.
    fn is_due(&self) -> bool {
        if self.is_failing() {
            self.again <= Instant::now()
        } else {
            self.owes()
        }
    }

    /// Whether there is something to say of a failure that is over.
    fn owes(&self) -> bool {
        self.has_failed || self.lost > 0 || !self.late.is_empty()
    }

    /// Writes `first` and what has come behind it, and has it last.
    fn take(&mut self, first: Queued, queue: &Receiver<Queued>) {
        // Whoever woke this thread up has more to say as a rule: on the same core, each
        // line would otherwise cost two switches of threads.
        thread::yield_now();
        self.refusal = None;
        self.follow();
        for (message, held) in std::iter::once(first).chain(queue.try_iter().take(TOGETHER)) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.one(message);
            drop(held);
        }
        // Whoever waits for it is told how that went.
        let _ = self.settle();
        if self.is_due() {
            self.retry();
        }
        // A line may come of one that was written: a change that nobody waits for any
        // more has its end at once.
        if self.waiting.load(Ordering::Relaxed) == 0 {
            for reply in self.flushes.drain(..) {
                let _ = reply.send(());
            }
        }
    }

    fn one(&mut self, message: Message) {
        match message {
            // Nobody waits for it any more: nothing will be sent.
            Message::Intent(_, reply) if reply.is_closed() => {}
            Message::Intent(pending, reply) => match self.first(&pending) {
                Ok(()) => self.batch.intents.push((pending, reply)),
                Err(error) => {
                    let _ = reply.send(Err(error));
                }
            },
            Message::Line(record) => self.second(record),
            Message::Probe if self.is_failing() => self.retry(),
            Message::Probe => {}
            Message::Opened(sink) => self.sink = Some(sink),
            Message::Reopen => self.reopen(),
            Message::Flush(reply) => self.flushes.push(reply),
        }
    }

    /// Writes that a change is about to be made.
    ///
    /// What failed is tried with another line before: where a disk says only at the end that
    /// it is full, this one would be in the file by then, and its change would be owed an
    /// outcome for being refused.
    fn first(&mut self, pending: &Pending) -> Result<(), Unavailable> {
        if let Some(error) = &self.refusal {
            return Err(error.clone());
        }
        if self.has_failed {
            self.probe()?;
        }
        self.write(line(pending.record()))
    }

    /// Writes what is true already, now or later.
    fn second(&mut self, record: Box<Record>) {
        if self.late.is_empty() && self.write(line(&record)).is_ok() {
            self.batch.lines.push_back(record);
        } else {
            self.postpone(record);
        }
    }

    /// Keeps what was not written, or may not last, for later.
    fn postpone(&mut self, record: Box<Record>) {
        self.metrics.audit_failed(record.stage.as_str());
        let is_kept = match record.stage {
            Stage::Denied => false,
            Stage::Noop | Stage::Joined => self.late.len() < KEPT,
            Stage::Intent | Stage::Outcome => true,
        };
        if is_kept {
            self.late.push_back((record, self.metrics.audit_queued()));
        } else {
            self.lost += 1;
        }
    }

    /// Says that lines are written again, which shows whether they are, and goes
    /// on with those that wait.
    fn probe(&mut self) -> Result<(), Unavailable> {
        self.write(resumed(self.lost, self.late.len()))?;
        self.sync()?;
        self.lost = 0;
        self.has_failed = false;
        self.catch_up()
    }

    /// The same, where nobody waits for it: how that went is seen by the standing.
    fn retry(&mut self) {
        let _ = self.probe();
    }

    /// Writes what is late, so many lines at a time. What does not last stays late.
    fn catch_up(&mut self) -> Result<(), Unavailable> {
        while let Some(next) = self.late.front().map(|(record, _)| line(record)) {
            self.write(next)?;
            self.batch.late.extend(self.late.pop_front());
            if self.batch.late.len() >= TOGETHER {
                self.settle()?;
            }
        }
        self.settle()
    }

    /// A line that could not even be made has not been written either.
    fn write(&mut self, line: io::Result<Vec<u8>>) -> Result<(), Unavailable> {
        let outcome = line.and_then(|line| self.opened()?.append(&line));
        outcome.map_err(|error| {
            // What was written before it may last all the same.
            let _ = self.settle();
            self.failed(error)
        })
    }

    fn opened(&mut self) -> io::Result<&mut Sink> {
        let sink = match self.sink.take() {
            Some(sink) => sink,
            None => Sink::open(&self.target)?,
        };
        Ok(self.sink.insert(sink))
    }

    /// Has the batch last, if there is one.
    fn settle(&mut self) -> Result<(), Unavailable> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.sync()
    }

    /// Has what was written last. Nothing is known to be written before: a volume behind
    /// a network may say only here that it is full.
    fn sync(&mut self) -> Result<(), Unavailable> {
        let outcome = self.sink.as_ref().map_or(Ok(()), Sink::settle);
        outcome.map_err(|error| self.failed(error))?;
        self.standing.succeed();
        std::mem::take(&mut self.batch).confirm(&self.metrics);
        Ok(())
    }

    /// Notes that what is not known to last does not: no change is sent on its word, and
    /// what is true already is written again, as twice is better than not at all.
    ///
    /// What failed is opened anew the next time: it may be another file by then.
    fn failed(&mut self, error: io::Error) -> Unavailable {
        self.sink = None;
        self.has_failed = true;
        self.again = Instant::now() + AGAIN;
        let error = Unavailable::Failed(Arc::new(error));
        self.standing.fail(&error);
        self.refusal = Some(error.clone());
        let mut batch = std::mem::take(&mut self.batch);
        batch.refuse(&error);
        batch.late.append(&mut self.late);
        self.late = batch.late;
        for record in batch.lines {
            self.postpone(record);
        }
        error
    }

    /// Leaves a file that has another name by now, or none: whoever moved it may send no
    /// signal, and remove it next. It is looked for before each batch, which costs nothing
    /// beside having it last.
    fn follow(&mut self) {
        if self.is_displaced() {
            self.reopen();
        }
    }

    fn is_displaced(&self) -> bool {
        let sink = self.sink.as_ref();
        sink.is_some_and(|sink| !sink.is_at(&self.target))
    }

    /// What is in its place is given up only for something that opens.
    fn reopen(&mut self) {
        // Whether that lasts is not for the next one to say.
        let _ = self.settle();
        match Sink::open(&self.target) {
            Ok(sink) => {
                self.sink = Some(sink);
                self.refusal = None;
                tracing::info!(audit = %self.target, "the record of changes was opened again");
            }
            // Nobody would find what is written there.
            Err(error) if self.is_displaced() => {
                self.failed(error);
            }
            Err(error) => {
                tracing::warn!(error = %error, "the record of changes could not be opened again");
            }
        }
    }
}

#[cfg(test)]
mod tests;

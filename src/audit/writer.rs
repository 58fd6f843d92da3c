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
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    Pending, Unavailable,
    line::{line, resumed},
    record::{Record, Stage},
    sink::Sink,
    standing::Standing,
};
use crate::{
    config::AuditTarget,
    metrics::{Held, Metrics},
};

/// When it is tried again after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Lines that are made to last together: a disk takes as long for one.
const BATCH: usize = 256;

/// Lines that are kept for later when they cannot be written; more are lost.
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
    Reopen,
    Flush(oneshot::Sender<()>),
}

/// A message, and its place in the length of the queue.
pub(super) type Queued = (Message, Held);

pub(super) struct Writer {
    target: AuditTarget,
    sink: Option<Sink>,
    metrics: Metrics,
    waiting: Arc<AtomicUsize>,
    standing: Standing,
    /// Lines of changes that are made already: they are written when they can be.
    late: VecDeque<Box<Record>>,
    lost: u64,
}

/// What waits until a batch is there to last.
#[derive(Default)]
struct Replies {
    intents: Vec<(Box<Pending>, Reply)>,
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
            late: VecDeque::new(),
            lost: 0,
        }
    }

    /// Writes until nobody is left who could tell it to.
    pub(super) fn run(mut self, queue: &Receiver<Queued>) {
        loop {
            match queue.recv_timeout(self.patience()) {
                Ok(first) => self.take(first, queue),
                Err(RecvTimeoutError::Timeout) => self.probe(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.is_failing() || self.owes() {
            self.probe();
        }
    }

    fn patience(&self) -> Duration {
        if self.is_failing() {
            AGAIN
        } else {
            Duration::MAX
        }
    }

    fn is_failing(&self) -> bool {
        self.standing.failure().is_some()
    }

    /// Whether there is something to say of a failure that is over.
    fn owes(&self) -> bool {
        self.lost > 0 || !self.late.is_empty()
    }

    /// Writes `first` and what has come behind it, and has it last.
    fn take(&mut self, first: Queued, queue: &Receiver<Queued>) {
        // Whoever woke this thread up has more to say as a rule: on the same core, each
        // line would otherwise cost two switches of threads.
        thread::yield_now();
        let mut replies = Replies::default();
        for (message, held) in std::iter::once(first).chain(queue.try_iter().take(BATCH)) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.one(message, &mut replies);
            drop(held);
        }
        let settled = self.settled();
        for (mut pending, reply) in replies.intents {
            match &settled {
                Ok(()) => {
                    pending.begin();
                    if let Err(Ok(pending)) = reply.send(Ok(*pending)) {
                        pending.never_sent("whoever asked for it did not wait for the record");
                    }
                }
                Err(error) => {
                    let _ = reply.send(Err(error.clone()));
                    pending.never_sent("the record of it may not last");
                }
            }
        }
        // Others could be written: what is late need not wait for a quiet moment.
        if self.owes() && !self.is_failing() {
            self.probe();
        }
        for reply in replies.flushes {
            let _ = reply.send(());
        }
    }

    fn one(&mut self, message: Message, replies: &mut Replies) {
        match message {
            // Nobody waits for it any more: nothing will be sent.
            Message::Intent(_, reply) if reply.is_closed() => {}
            Message::Intent(pending, reply) => match self.append(pending.record()) {
                Ok(()) => replies.intents.push((pending, reply)),
                Err(error) => {
                    let _ = reply.send(Err(error));
                }
            },
            Message::Line(record) => self.second(record),
            Message::Probe if self.is_failing() => self.probe(),
            Message::Probe => {}
            Message::Reopen => self.reopen(),
            Message::Flush(reply) => replies.flushes.push(reply),
        }
    }

    /// Writes what is true already, now or later.
    fn second(&mut self, record: Box<Record>) {
        if self.late.is_empty() && self.append(&record).is_ok() {
            return;
        }
        self.metrics.audit_failed(record.stage.as_str());
        if record.stage == Stage::Denied || self.late.len() >= KEPT {
            self.lost += 1;
        } else {
            self.late.push_back(record);
        }
    }

    fn append(&mut self, record: &Record) -> Result<(), Unavailable> {
        self.write(line(record))?;
        let (stage, outcome) = (record.stage.as_str(), record.conclusion());
        self.metrics.audit_written(stage, outcome);
        Ok(())
    }

    /// Says that lines are written again, which shows whether they are, and goes
    /// on with those that wait.
    fn probe(&mut self) {
        if self.write(resumed(self.lost, self.late.len())).is_err() {
            return;
        }
        self.lost = 0;
        while let Some(record) = self.late.pop_front() {
            if self.append(&record).is_err() {
                self.late.push_front(record);
                return;
            }
        }
        // Whether it lasts is seen by the standing.
        let _ = self.settled();
    }

    /// A line that could not even be made has not been written either.
    fn write(&mut self, line: io::Result<Vec<u8>>) -> Result<(), Unavailable> {
        let outcome = line.and_then(|line| self.opened()?.append(&line));
        self.judged(outcome)
    }

    /// Has what was written last. Where writing failed since, what was written before
    /// went to a file that is not open any more: it may not.
    fn settled(&mut self) -> Result<(), Unavailable> {
        let Some(sink) = &self.sink else {
            let failure = self.standing.failure().map(io::Error::other);
            return failure.map_or(Ok(()), |it| Err(Unavailable::Failed(Arc::new(it))));
        };
        let outcome = sink.settle();
        self.judged(outcome)
    }

    fn opened(&mut self) -> io::Result<&mut Sink> {
        let sink = match self.sink.take() {
            Some(sink) => sink,
            None => Sink::open(&self.target)?,
        };
        Ok(self.sink.insert(sink))
    }

    /// Notes how it went. What failed is opened anew the next time: it may be
    /// another file by then.
    fn judged(&mut self, outcome: io::Result<()>) -> Result<(), Unavailable> {
        match outcome {
            Ok(()) => {
                self.standing.succeed();
                Ok(())
            }
            Err(error) => {
                self.sink = None;
                let error = Unavailable::Failed(Arc::new(error));
                self.standing.fail(&error);
                Err(error)
            }
        }
    }

    /// What is there already is given up only for something that opens.
    fn reopen(&mut self) {
        let before = self.sink.take();
        // What was written there lasts whatever becomes of the next one.
        if let Some(Err(error)) = before.as_ref().map(Sink::settle) {
            tracing::warn!(error = %error, "the old record of changes may not last");
        }
        match Sink::open(&self.target) {
            Ok(sink) => {
                self.sink = Some(sink);
                tracing::info!(audit = %self.target, "the record of changes was opened again");
            }
            Err(error) => {
                self.sink = before;
                tracing::warn!(error = %error, "the record of changes could not be opened again");
            }
        }
    }
}

//! A connection whose other end has to go on.
//!
//! actix bounds the first head of a connection and the time in which nothing at all
//! comes; what is here bounds the heads after it, and answers that nobody reads.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::rt::time::{self, Sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::api::Pace;

/// Who takes not a byte of an answer for this long does not read it.
const SLOWEST_READER: Duration = Duration::from_secs(30);

/// `stream`, which ends with an error when its other end takes too long.
pub(super) struct Timed<S> {
    stream: S,
    pace: Pace,
    /// Since when there is something to write that is not taken.
    stuck: Option<Instant>,
    /// Wakes at a limit or before it: to set it for each request costs more than to be
    /// woken once for nothing.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            pace: Pace::default(),
            stuck: None,
            alarm: None,
        }
    }

    /// What its requests tell of themselves.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Pends until the other end has taken too long.
    fn poll_limit(&mut self, waker: &mut Context<'_>) -> Poll<io::Error> {
        let stuck = self.stuck.map(|since| since + SLOWEST_READER);
        let Some(until) = stuck.or_else(|| self.pace.until()) else {
            return Poll::Pending;
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(time::sleep_until(until.into())));
        // Set for a reader, it would come late for a head.
        if alarm.deadline() > until.into() {
            alarm.as_mut().reset(until.into());
        }
        loop {
            ready!(alarm.as_mut().poll(waker));
            if Instant::now() >= until {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            alarm.as_mut().reset(until.into());
        }
    }

    /// What came of writing, unless it has come to nothing for too long.
    fn unless_stuck<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        waker: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        self.stuck.get_or_insert_with(Instant::now);
        self.poll_limit(waker).map(Err)
    }

    /// The same of bytes that were written.
    fn sent(
        &mut self,
        written: Poll<io::Result<usize>>,
        waker: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.pace.sent(Instant::now());
        }
        self.unless_stuck(written, waker)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        waker: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(waker, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                this.pace.received(Instant::now());
            }
            return read;
        }
        this.poll_limit(waker).map(Err)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        waker: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(waker, bytes);
        this.sent(written, waker)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        waker: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(waker, slices);
        this.sent(written, waker)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, waker: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(waker);
        this.unless_stuck(flushed, waker)
    }

    fn poll_shutdown(self: Pin<&mut Self>, waker: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(waker)
    }
}

//! A connection whose other end has to go on, and is served one request at a time.
//!
//! actix bounds the first head of a connection; what is here bounds the heads after it, the
//! time in which nothing at all comes, and answers that nobody reads. actix also takes
//! 128 KiB of heads that are sent ahead, and 7 kB of memory for each of them: what is here
//! hands on the next one when the one before it was served.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::rt::time::{self, Sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::api::Pace;

/// Who takes not a byte of an answer for this long does not read it.
const SLOWEST_READER: Duration = Duration::from_secs(30);

/// What is looked at of what comes ahead of its turn.
const AHEAD: usize = 2048;

/// Who was sending ahead has this long to see that there is nothing more.
const SLOWEST_CLOSE: Duration = Duration::from_secs(5);

/// `stream`, which ends with an error when its other end takes too long.
pub(super) struct Timed<S> {
    stream: S,
    pace: Pace,
    /// Whether anything has come.
    has_heard: bool,
    /// What has come ahead of its turn.
    held: Vec<u8>,
    /// What has still to be handed on of the end of a head that is cut.
    owed: &'static [u8],
    /// Whether something has come that is for nobody.
    has_more: bool,
    /// Until when the other end may close, once all is said and it was sending more.
    leaving: Option<Instant>,
    /// Since when there is something to write that is not taken.
    stuck: Option<Instant>,
    /// Wakes at a limit or before it: to set it for each request costs more than to be
    /// woken once for nothing.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    /// Heads are cut at `longest_head` bytes, which the edge has to refuse.
    pub(super) fn new(stream: S, longest_head: usize) -> Self {
        Self {
            stream,
            pace: Pace::new(longest_head),
            has_heard: false,
            held: Vec::new(),
            owed: &[],
            has_more: false,
            leaving: None,
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
        let until = self.leaving.or(stuck).or_else(|| self.pace.until());
        let Some(until) = until else {
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
            if self.stuck.take().is_some() {
                // TLS takes what it cannot send yet: that is gone by now.
                self.pace.sent(Instant::now());
                self.pace.wake();
            }
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

impl<S: AsyncRead + Unpin> Timed<S> {
    /// Hands on what has come, as far as the end of a head or of a body.
    fn poll_next(
        &mut self,
        waker: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.held.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(waker, buffer))?;
        } else {
            let room = self.held.len().min(buffer.remaining());
            buffer.put_slice(&self.held[..room]);
        }
        let come = &buffer.filled()[before..];
        if come.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.has_heard = true;
        let taken = self.pace.take(come, Instant::now());
        if self.held.is_empty() {
            self.held.extend_from_slice(&come[taken..]);
        } else {
            self.held.drain(..taken);
        }
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        buffer.set_filled(before + taken);
        if let Some(end) = self.pace.cut() {
            self.owed = end;
            self.pay(buffer);
        }
        Poll::Ready(Ok(()))
    }

    /// Hands on what is owed, as far as there is room for it.
    fn pay(&mut self, buffer: &mut ReadBuf<'_>) {
        let (now, later) = self.owed.split_at(self.owed.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.owed = later;
    }

    /// Where nothing may be handed on, it is of interest only whether the caller has
    /// gone. What comes ahead waits; what comes behind the last request, or the end of
    /// one that is cut, is for nobody.
    fn poll_ahead(&mut self, waker: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pace.is_over() {
            ready!(self.poll_away(waker))?;
            return Poll::Ready(Ok(()));
        }
        while self.held.is_empty() {
            let mut space = [MaybeUninit::uninit(); AHEAD];
            let mut ahead = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(waker, &mut ahead))?;
            if ahead.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.held.extend_from_slice(ahead.filled());
        }
        self.pace.park(waker.waker());
        Poll::Pending
    }

    /// Throws away what comes, until the other end says that nothing more does.
    fn poll_away(&mut self, waker: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_more |= !std::mem::take(&mut self.held).is_empty();
        loop {
            let mut space = [MaybeUninit::uninit(); AHEAD];
            let mut away = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(waker, &mut away))?;
            if away.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.has_more = true;
        }
    }

    /// Waits for the other end to close, if it was sending more than is taken: a system
    /// that is to close with something unread resets the connection, and throws away
    /// what was still to be sent.
    ///
    /// Source: RFC 9112, section 9.6.
    fn poll_leave(&mut self, waker: &mut Context<'_>) -> Poll<()> {
        if self.poll_away(waker).is_ready() || !self.has_more {
            return Poll::Ready(());
        }
        self.leaving
            .get_or_insert_with(|| Instant::now() + SLOWEST_CLOSE);
        self.poll_limit(waker).map(drop)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        waker: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.owed.is_empty() {
            this.pay(buffer);
            return Poll::Ready(Ok(()));
        }
        // Answers that nobody reads wait for their reader: there are to be no more.
        let read = if this.stuck.is_none() && this.pace.is_open() {
            this.poll_next(waker, buffer)
        } else {
            this.poll_ahead(waker)
        };
        if read.is_ready() {
            return read;
        }
        let error = ready!(this.poll_limit(waker));
        // As if the other end had closed it, so that it is closed properly.
        let is_idle = this.stuck.is_none() && this.pace.is_idle();
        Poll::Ready(if is_idle { Ok(()) } else { Err(error) })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        waker: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.has_heard {
            // The 408 to nothing: who opened the connection ahead would take it for the
            // answer to what they ask next.
            return Poll::Ready(Ok(bytes.len()));
        }
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
        let flushed = this.unless_stuck(flushed, waker);
        // An answer may end here, and nobody reads again before something comes: that has its
        // time from now on.
        if flushed.is_ready() && this.poll_limit(waker).is_ready() {
            waker.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, waker: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.leaving.is_none() {
            let shut = Pin::new(&mut this.stream).poll_shutdown(waker);
            ready!(this.unless_stuck(shut, waker))?;
        }
        this.poll_leave(waker).map(Ok)
    }
}

#[cfg(test)]
mod tests;

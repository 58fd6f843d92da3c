//! Connections that can be ended before their time.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::door::Door;

/// What comes of a head that is cut: a status, and no header as a whole.
const STUB: usize = 30;

/// How a connection ends before its time.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// With RST.
    Reset,
    /// With FIN, as if all had been said.
    Close,
    /// With FIN as well, after the beginning of a head.
    InHead,
}

/// The switch of one connection.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Switch>);

#[derive(Default)]
pub(super) struct Switch {
    end: OnceLock<End>,
    /// Whether the beginning of the head that is cut has been written.
    is_begun: AtomicBool,
    /// Whoever waits for the other side to say something.
    reader: AtomicWaker,
}

impl Wire {
    /// Ends the connection instead of writing anything more to it; the first
    /// word counts.
    pub(crate) fn end(&self, end: End) {
        let _ = self.0.end.set(end);
    }

    pub(super) fn switch(&self) -> Weak<Switch> {
        Arc::downgrade(&self.0)
    }
}

impl Switch {
    /// Resets the connection now, also where nobody writes.
    pub(super) fn cut(&self) {
        let _ = self.end.set(End::Reset);
        self.reader.wake();
    }
}

impl Connected<IncomingStream<'_, Door>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().wire.clone()
    }
}

/// A connection that can be ended at any moment.
pub(crate) struct Cuttable {
    pub(super) stream: TcpStream,
    pub(super) wire: Wire,
}

impl Cuttable {
    /// With nothing to linger for, closing sends RST.
    fn reset(&self) -> io::Error {
        let _ = self.stream.set_zero_linger();
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.wire.0.reader.register(context.waker());
        match self.wire.0.end.get() {
            Some(End::Reset) => Poll::Ready(Err(self.reset())),
            Some(End::Close | End::InHead) | None => {
                Pin::new(&mut self.stream).poll_read(context, buffer)
            }
        }
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // hyper drops a connection that cannot be written to.
        match self.wire.0.end.get() {
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
            Some(End::Reset) => Poll::Ready(Err(self.reset())),
            Some(End::InHead) if !self.wire.0.is_begun.load(Ordering::Relaxed) => {
                let stub = &bytes[..bytes.len().min(STUB)];
                let written = ready!(Pin::new(&mut self.stream).poll_write(context, stub));
                self.wire.0.is_begun.store(true, Ordering::Relaxed);
                Poll::Ready(written)
            }
            Some(End::Close | End::InHead) => {
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.wire.0.end.get() {
            // FIN would come before RST.
            Some(End::Reset) => Poll::Ready(Ok(())),
            Some(End::Close | End::InHead) | None => {
                Pin::new(&mut self.stream).poll_shutdown(context)
            }
        }
    }
}

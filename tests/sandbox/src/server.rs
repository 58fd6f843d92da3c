//! The listener, on a thread and a runtime of its own.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    thread::JoinHandle,
};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::oneshot,
};

use crate::{azure::Azure, gate};

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `azure` on `listener`.
    pub(crate) fn start(listener: std::net::TcpListener, azure: Arc<Azure>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            Wires(TcpListener::from_std(listener)?)
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("azure-sandbox".to_owned())
            .spawn(move || {
                let app = Router::new().fallback(gate::answer).with_state(azure);
                let service = app.into_make_service_with_connect_info::<Wire>();
                runtime.block_on(async {
                    // Connections are dropped, not drained: whoever stops the
                    // sandbox does not wait for answers.
                    tokio::select! {
                        _ = axum::serve(listener, service) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A listener whose connections can be cut by those who answer on them.
struct Wires(TcpListener);

impl Listener for Wires {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // A sized body goes out in two writes; without this the second waits
        // for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let wire = Wire::default();
        (Cuttable { stream, wire }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// How a connection ends before its time.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// With RST.
    Reset,
    /// With FIN, as if all had been said.
    Close,
}

/// The switch of one connection.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<OnceLock<End>>);

impl Wire {
    /// Ends the connection instead of writing anything more to it; the first
    /// word counts.
    pub(crate) fn end(&self, end: End) {
        let _ = self.0.set(end);
    }
}

impl Connected<IncomingStream<'_, Wires>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().wire.clone()
    }
}

/// A connection that can be ended at any moment.
struct Cuttable {
    stream: TcpStream,
    wire: Wire,
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // hyper drops a connection that cannot be written to.
        match self.wire.0.get() {
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
            Some(End::Reset) => {
                // With nothing to linger for, closing sends RST.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Some(End::Close) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.wire.0.get() {
            // FIN would come before RST.
            Some(End::Reset) => Poll::Ready(Ok(())),
            Some(End::Close) | None => Pin::new(&mut self.stream).poll_shutdown(context),
        }
    }
}

//! The server, on a thread and a runtime of its own.

mod door;
mod wire;

use std::{io, sync::Arc, thread::JoinHandle};

use axum::Router;
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot};

pub use door::Refusing;
pub(crate) use wire::{End, Wire};

use crate::{azure::Azure, gate};
use door::{Door, Porter};

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    porter: Porter,
}

impl Server {
    /// Serves `azure` on `listener`.
    pub(crate) fn start(listener: std::net::TcpListener, azure: Arc<Azure>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (door, porter) = {
            let _inside = runtime.enter();
            Door::new(TcpListener::from_std(listener)?)?
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
                        _ = axum::serve(door, service) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
            porter,
        })
    }

    /// Refuses connections until the guard is dropped, and cuts those there are.
    pub(crate) fn refuse_connections(&self) -> io::Result<Refusing> {
        self.porter.shut()
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

//! The server, on a thread and a runtime of its own.

mod door;
mod entrance;
mod tls;
mod tunnel;
mod wire;

use std::{io, sync::Arc, thread::JoinHandle};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::JoinSet,
};

pub use door::Refusing;
pub(crate) use entrance::{Entrance, Entrances, Urls};
pub(crate) use wire::{End, Wire};

use crate::{
    azure::Azure,
    gate::{self, At},
};
use door::{Door, Porter};
use tls::TlsDoor;
use tunnel::Approach;

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    porters: Vec<Porter>,
}

/// What is served, and by whom it is shut.
struct Serving {
    runtime: Runtime,
    tasks: JoinSet<io::Result<()>>,
    porters: Vec<Porter>,
    azure: Arc<Azure>,
}

impl Server {
    /// Serves `azure` at `entrances`.
    pub(crate) fn start(entrances: Entrances, azure: Arc<Azure>) -> io::Result<Self> {
        let mut serving = Serving {
            runtime: Builder::new_current_thread().enable_all().build()?,
            tasks: JoinSet::new(),
            porters: Vec::new(),
            azure,
        };
        for (listener, entrance) in [
            (entrances.azure, Entrance::Azure),
            (entrances.vm_extension, Entrance::VmExtension),
            (entrances.arc, Entrance::Arc),
        ] {
            let door = serving.door(listener)?;
            serving.serve(door, entrance);
        }
        let door = serving.door(entrances.service_fabric)?;
        let door = TlsDoor::new(door, serving.azure.certificates.tls()?, Approach::Direct);
        serving.serve(door, Entrance::ServiceFabric);
        let door = serving.door(entrances.secure)?;
        let cloud = serving.azure.settings.cloud;
        let tls = serving.azure.authority.tls();
        let door = TlsDoor::new(door, tls, Approach::Tunnels(cloud));
        serving.serve(door, Entrance::Secure);
        serving.start()
    }

    /// Refuses connections until the guard is dropped, and cuts those there are.
    pub(crate) fn refuse_connections(&self) -> io::Result<Refusing> {
        Refusing::of(&self.porters)
    }
}

impl Serving {
    fn door(&mut self, listener: std::net::TcpListener) -> io::Result<Door> {
        let _inside = self.runtime.enter();
        listener.set_nonblocking(true)?;
        let (door, porter) = Door::new(TcpListener::from_std(listener)?)?;
        self.porters.push(porter);
        Ok(door)
    }

    fn serve<L>(&mut self, listener: L, entrance: Entrance)
    where
        L: Listener,
        L::Addr: std::fmt::Debug,
        Wire: for<'a> Connected<IncomingStream<'a, L>>,
    {
        let at = At {
            azure: Arc::clone(&self.azure),
            entrance,
        };
        let app = Router::new().fallback(gate::answer).with_state(at);
        let service = app.into_make_service_with_connect_info::<Wire>();
        let served = axum::serve(listener, service).into_future();
        self.tasks.spawn_on(served, self.runtime.handle());
    }

    fn start(self) -> io::Result<Server> {
        let (stop, stopped) = oneshot::channel();
        let Self {
            runtime,
            tasks,
            porters,
            azure: _,
        } = self;
        let thread = std::thread::Builder::new()
            .name("azure-sandbox".to_owned())
            .spawn(move || {
                // Connections are dropped, not drained: whoever stops the
                // sandbox does not wait for answers.
                let _ = runtime.block_on(stopped);
                drop(tasks);
            })?;
        Ok(Server {
            stop: Some(stop),
            thread: Some(thread),
            porters,
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

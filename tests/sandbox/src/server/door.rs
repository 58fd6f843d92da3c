//! A listener that can be shut for a while, its port kept.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

use axum::serve::Listener;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::wire::{Cuttable, Switch, Wire};

/// So many connections may wait to be accepted, as the system allows. std lets 128
/// wait, and the SYN of any more is dropped: a front door of Azure does no such thing.
const BACKLOG: i32 = 4_096;

/// The listener. Its connections can be cut by those who answer on them.
pub(crate) struct Door {
    address: SocketAddr,
    state: State,
    /// How many guards want it shut.
    guards: usize,
    orders: UnboundedReceiver<Order>,
    connections: Vec<Weak<Switch>>,
}

enum State {
    Open(TcpListener),
    /// A bound socket that does not listen: nobody else gets the port, and the
    /// kernel refuses who comes.
    Shut(TcpSocket),
    /// Between the two, or for good where a change failed.
    Gone,
}

enum Order {
    Shut(mpsc::Sender<io::Result<()>>),
    Open(mpsc::Sender<io::Result<()>>),
}

/// Who shuts and opens the door, from any thread.
#[derive(Clone)]
pub(super) struct Porter(UnboundedSender<Order>);

/// While it lives, connections are refused; then they are accepted again on the
/// same ports.
#[must_use = "connections are accepted again when it is dropped"]
pub struct Refusing {
    _doors: Vec<Shut>,
}

impl Refusing {
    pub(super) fn of(porters: &[Porter]) -> io::Result<Self> {
        let doors = porters.iter().map(Porter::shut).collect::<Result<_, _>>()?;
        Ok(Self { _doors: doors })
    }
}

/// A door that is shut until this is dropped.
struct Shut(Porter);

impl Porter {
    fn shut(&self) -> io::Result<Shut> {
        self.done(Order::Shut)?;
        Ok(Shut(self.clone()))
    }

    /// Waits until the server has obeyed.
    fn done(&self, order: fn(mpsc::Sender<io::Result<()>>) -> Order) -> io::Result<()> {
        let gone = || io::Error::other("the server has ended");
        let (done, obeyed) = mpsc::channel();
        self.0.send(order(done)).map_err(|_| gone())?;
        obeyed.recv().map_err(|_| gone())?
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        // Where it cannot be opened any more, connects go on failing.
        let _ = self.0.done(Order::Open);
    }
}

impl Door {
    pub(super) fn new(listener: TcpListener) -> io::Result<(Self, Porter)> {
        SockRef::from(&listener).listen(BACKLOG)?;
        let (orders, taken) = unbounded_channel();
        let door = Self {
            address: listener.local_addr()?,
            state: State::Open(listener),
            guards: 0,
            orders: taken,
            connections: Vec::new(),
        };
        Ok((door, Porter(orders)))
    }

    fn obey(&mut self, order: Order) {
        let (done, result) = match order {
            Order::Shut(done) => (done, self.shut()),
            Order::Open(done) => (done, self.open()),
        };
        let _ = done.send(result);
    }

    fn shut(&mut self) -> io::Result<()> {
        self.guards += 1;
        if self.guards > 1 {
            return Ok(());
        }
        // The port cannot be bound while somebody listens on it.
        self.state = State::Gone;
        self.state = State::Shut(reserved(self.address)?);
        for connection in self.connections.drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.cut();
            }
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        self.guards = self.guards.saturating_sub(1);
        if self.guards == 0
            && let State::Shut(socket) = std::mem::replace(&mut self.state, State::Gone)
        {
            socket.set_reuseaddr(true)?;
            self.state = State::Open(socket.listen(BACKLOG.unsigned_abs())?);
        }
        Ok(())
    }
}

/// A socket that is bound and does not listen.
fn reserved(address: SocketAddr) -> io::Result<TcpSocket> {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // Connections of before hold the port for a while.
        socket.set_reuseaddr(true)?;
        match socket.bind(address) {
            Ok(()) => {
                // Nor is it to be shared from now on.
                socket.set_reuseaddr(false)?;
                return Ok(socket);
            }
            // A child process that is being started has every socket of its
            // parent, the listening one too, until it becomes its own program.
            Err(error) if error.kind() != ErrorKind::AddrInUse || Instant::now() >= deadline => {
                return Err(error);
            }
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// The next connection; none while the door is shut.
async fn next(state: &mut State) -> (TcpStream, SocketAddr) {
    match state {
        State::Open(listener) => Listener::accept(listener).await,
        State::Shut(_) | State::Gone => std::future::pending().await,
    }
}

impl Listener for Door {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = loop {
            tokio::select! {
                Some(order) = self.orders.recv() => self.obey(order),
                connection = next(&mut self.state) => break connection,
            }
        };
        // A sized body goes out in two writes; without this the second waits
        // for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let wire = Wire::default();
        self.connections.retain(|known| known.strong_count() > 0);
        self.connections.push(wire.switch());
        (Cuttable { stream, wire }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

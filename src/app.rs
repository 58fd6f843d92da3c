//! Builds what is shared, binds, serves, drains.

mod admin;
mod admissions;
mod certificates;
mod cloud;
mod decisions;
mod descriptors;
mod http1;
mod listener;
mod places;
mod readiness;
mod shared;
mod signals;
mod status;
mod timed;
mod tokens;
mod transport;

use std::{
    future::Future,
    io,
    net::{self, SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    dev::ServerHandle,
    rt::{self, signal::unix::Signal, task::JoinHandle, time},
};
use socket2::SockRef;

use crate::{
    config::Config,
    http::{Deadline, TlsError},
    policy::{self, Policies, Source},
};
pub use admissions::Admissions;
pub use certificates::CertificateError;
pub(crate) use certificates::expiry;
#[cfg(any(fuzzing, test))]
pub(crate) use certificates::fuzz;
pub use decisions::Decisions;
pub(crate) use shared::{Shared, Worker};
pub(crate) use signals::Signals;
pub use tokens::Tokens;
use transport::Transport;

/// So many connections may wait to be accepted, as the system allows. std lets 128
/// wait: whoever comes at once with more callers would wait a second for a second SYN.
const BACKLOG: i32 = 4_096;

/// How long the end of the gateway waits for work that it gives up. That is let go of at
/// its worker's next turn: longer takes only one that is stuck.
const LETTING_GO: Duration = Duration::from_millis(500);

/// What the thread that accepts connections has to be told that it is to pause.
const PAUSING: Duration = Duration::from_millis(50);

/// Why the gateway does not start, or ended by a fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not of this machine.
    #[error("{variable} {address} cannot be listened on")]
    Bind {
        /// The variable that holds the address.
        variable: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No connection to Azure could be made.
    #[error("connections to Azure cannot be made")]
    Tls(#[from] TlsError),
    /// The files of the API's TLS are not there, or not good.
    #[error("the API cannot be offered over TLS")]
    Certificate(#[from] CertificateError),
    /// Policies are not there, or not good.
    #[error("what callers may do cannot be told")]
    Policies(#[source] policy::Faults),
    /// A metric was declared twice.
    #[error("the metrics could not be set up")]
    Metrics(#[from] prometheus::Error),
    /// The record of changes has no place.
    #[error("the record of changes cannot be written to {0}")]
    Audit(String, #[source] io::Error),
    /// The system has no thread left.
    #[error("no thread could be started")]
    Thread(#[source] io::Error),
    /// A listener ended, and had not been told to.
    #[error("serving ended")]
    Serve(#[source] io::Error),
}

impl From<policy::Error> for Error {
    fn from(error: policy::Error) -> Self {
        match error {
            policy::Error::Faults(faults) => Self::Policies(faults),
            policy::Error::Thread(error) => Self::Thread(error),
        }
    }
}

/// A server that runs.
type Listener = JoinHandle<io::Result<()>>;

/// The gateway, bound to its addresses and not yet serving.
pub struct Application {
    shared: Shared,
    policies: Policies,
    transport: Transport,
    config: Config,
    api: TcpListener,
    admin: TcpListener,
    addresses: [SocketAddr; 2],
}

impl Application {
    /// Builds what all workers share and binds both listeners.
    pub fn build(config: Config) -> Result<Self, Error> {
        let config = descriptors::enough_for(config);
        let shared = Shared::new(&config)?;
        shared.open_audit()?;
        let source = Source::of(config.policy_file.as_deref());
        let callers = Some(config.callers.clone());
        let policies = Policies::load(source, callers, shared.metrics.clone())?;
        let transport = Transport::of(&config, shared.metrics.clone())?;
        let (api, api_address) = bind("MIG_LISTEN", config.listen)?;
        let (admin, admin_address) = bind("MIG_ADMIN_LISTEN", config.admin_listen)?;
        Ok(Self {
            shared,
            policies,
            transport,
            config,
            api,
            admin,
            addresses: [api_address, admin_address],
        })
    }

    /// Where the API is offered.
    #[must_use]
    pub fn api_address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where metrics and health are offered.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// Serves until the process is told to end, by SIGTERM or SIGINT.
    pub(crate) async fn run(self, signals: Signals) -> Result<(), Error> {
        let (hangup, stop) = signals.heeded();
        self.serve(hangup, stop).await
    }

    /// Serves until `stop` resolves, then lets what is under way end.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        self.serve(signals::hangup()?, stop).await
    }

    async fn serve(self, hangup: Signal, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            shared,
            policies,
            transport,
            config,
            api,
            admin,
            addresses,
        } = self;
        let callers = if config.callers.are_asked() {
            "callers are authenticated"
        } else {
            "the API on loopback only, as callers are not authenticated"
        };
        tracing::info!(
            api = %addresses[0],
            scheme = transport.scheme(),
            admin = %addresses[1],
            audit = %config.audit,
            "listening; {callers}"
        );
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let entrance = api.try_clone().map_err(Error::Serve)?;
        let (api, admin) = (
            listener::serve(&shared, &policies, &transport, api)?,
            admin::serve(&shared, &policies, &transport, admin)?,
        );
        let (api_handle, admin_handle) = (api.handle(), admin.handle());
        let (mut api, mut admin) = (rt::spawn(api), rt::spawn(admin));
        let export = shared.export(&policies, &transport);
        shared.reopen_audit(hangup);
        shared.warm_up();
        shared.tasks.follow(policies.keep_current());
        shared.tasks.follow(transport.keep_current());
        shared.compare_clouds();
        shared.prove_permission();
        let outcome = end(stop, &mut api, &mut admin).await;
        // Callers are served without the admin listener, too.
        if !api.is_finished() {
            let grace = drain(&shared, &config, (&api_handle, &entrance)).await;
            export.end(grace).await;
        }
        admin_handle.stop(false).await;
        shared.audit.end().await;
        outcome
    }
}

/// How the gateway comes to its end: well by `stop`, and by a fault where either listener
/// ends before, be it well.
async fn end(
    stop: impl Future<Output = ()>,
    api: &mut Listener,
    admin: &mut Listener,
) -> Result<(), Error> {
    let ended = tokio::select! {
        () = stop => return Ok(()),
        ended = api => ended,
        ended = admin => ended,
    };
    Err(Error::Serve(match ended {
        Ok(Ok(())) => io::Error::other("nobody had asked for it"),
        Ok(Err(error)) => error,
        // As actix does where it is short of threads or descriptors.
        Err(panic) => io::Error::other(panic),
    }))
}

fn bind(variable: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Bind {
        variable,
        address,
        source,
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    SockRef::from(&listener).listen(BACKLOG).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Not ready, then no new connections, then the end of what is under way: a
/// load balancer notices the first before it meets the second. What is under
/// way has one grace, tasks and requests together, of which what is still to be told
/// of them has what is left. What takes longer is given up, and the record of changes
/// hears of it.
async fn drain(
    shared: &Shared,
    config: &Config,
    (api, entrance): (&ServerHandle, &TcpListener),
) -> Deadline {
    tracing::info!("shutting down");
    shared.stop_being_ready();
    time::sleep(config.shutdown.delay).await;
    let grace = Deadline::after(config.shutdown.grace);
    api.pause().await;
    // actix does not say when its thread has heard of it, which would write of a fault if it
    // met the end of listening before.
    time::sleep(PAUSING).await;
    // The system would go on to take connections, for nobody to serve. What waits is reset.
    let _ = SockRef::from(entrance).shutdown(net::Shutdown::Both);
    let end = async {
        shared.tasks.drain().await;
        api.stop(true).await;
        // What was begun meanwhile has ended with its worker, and told so.
        shared.tasks.drain().await;
    };
    if time::timeout(grace.remaining(), end).await.is_err() {
        tracing::warn!("work was still under way when the grace ended");
        let told = async {
            shared.tasks.give_up().await;
            // Callers are told what was given up.
            api.stop(true).await;
        };
        let _ = time::timeout(LETTING_GO, told).await;
    }
    grace
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn ended() -> [Listener; 3] {
        [
            rt::spawn(async { Ok(()) }),
            rt::spawn(async { Err(io::ErrorKind::OutOfMemory.into()) }),
            rt::spawn(async { panic!("on purpose") }),
        ]
    }

    async fn is_fault(api: &mut Listener, admin: &mut Listener) -> bool {
        let end = time::timeout(Duration::from_secs(30), end(pending(), api, admin));
        matches!(end.await, Ok(Err(Error::Serve(_))))
    }

    #[actix_web::test]
    async fn either_listener_ends_the_gateway_in_whichever_way_it_ends() {
        let mut well = rt::spawn(pending());
        for mut api in ended() {
            assert!(is_fault(&mut api, &mut well).await, "{api:?}");
        }
        for mut admin in ended() {
            assert!(is_fault(&mut well, &mut admin).await, "{admin:?}");
        }
    }
}

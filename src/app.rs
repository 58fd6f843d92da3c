//! Builds what is shared, binds, serves, drains.

mod admin;
mod cloud;
mod decisions;
mod readiness;
mod shared;
mod tokens;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    rt::{
        self,
        signal::unix::{SignalKind, signal},
        time,
    },
    web,
};
use tracing_actix_web::TracingLogger;

use crate::{
    api,
    config::Config,
    http::TlsError,
    policy::{self, Policies, Source},
};
pub use decisions::Decisions;
pub(crate) use shared::{Shared, Worker};
pub use tokens::Tokens;

/// The head of a request has to be there by then; a client that is slower gets
/// 408.
const SLOWEST_HEAD: Duration = Duration::from_secs(5);

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
    /// The server ended by itself.
    #[error("serving ended")]
    Serve(#[source] io::Error),
}

/// The gateway, bound to its addresses and not yet serving.
pub struct Application {
    shared: Shared,
    policies: Policies,
    config: Config,
    api: TcpListener,
    admin: TcpListener,
    addresses: [SocketAddr; 2],
}

impl Application {
    /// Builds what all workers share and binds both listeners.
    pub fn build(config: Config) -> Result<Self, Error> {
        let shared = Shared::new(&config)?;
        shared.check_audit()?;
        let source = Source::of(config.policy_file.as_deref());
        let policies = Policies::load(source, shared.metrics.clone()).map_err(Error::Policies)?;
        let (api, api_address) = bind("MIG_LISTEN", config.listen)?;
        let (admin, admin_address) = bind("MIG_ADMIN_LISTEN", config.admin_listen)?;
        Ok(Self {
            shared,
            policies,
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
    pub async fn run(self) -> Result<(), Error> {
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::Serve)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Serve)?;
        self.run_until(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
    }

    /// Serves until `stop` resolves, then lets what is under way end.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self {
            shared,
            policies,
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
            admin = %addresses[1],
            audit = %config.audit,
            "listening; {callers}"
        );
        let hangup = signal(SignalKind::hangup()).map_err(Error::Serve)?;
        let (api, admin) = (
            serve_api(&shared, &policies, &config, api)?,
            admin::serve(&shared, &policies, admin)?,
        );
        let (api_handle, admin_handle) = (api.handle(), admin.handle());
        let (mut api, admin) = (rt::spawn(api), rt::spawn(admin));
        shared.reopen_audit(hangup);
        shared.warm_up();
        shared.tasks.follow(policies.keep_current());
        shared.compare_clouds();
        shared.prove_permission();
        let outcome = tokio::select! {
            () = stop => {
                drain(&shared, &config, &api_handle).await;
                Ok(Ok(()))
            }
            outcome = &mut api => outcome,
        };
        admin_handle.stop(false).await;
        let _ = admin.await;
        shared.audit.flush().await;
        outcome.unwrap_or(Ok(())).map_err(Error::Serve)
    }
}

fn bind(variable: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Bind {
        variable,
        address,
        source,
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn serve_api(
    shared: &Shared,
    policies: &Policies,
    config: &Config,
    listener: TcpListener,
) -> Result<Server, Error> {
    let (shared, policies) = (shared.clone(), policies.clone());
    let settings = api::Settings {
        upstream_timeout: config.limits.upstream_timeout,
        vm_update: config.vm_update,
        page_validity: api::of_pages(config.directory.pages),
        asks_callers: config.callers.are_asked(),
        public_url: config.public_url.clone(),
    };
    let edge = shared.edge();
    // Whole seconds are all that actix knows; `drain` keeps the very time.
    let grace = config.shutdown.grace.as_secs() + 1;
    let mut server = HttpServer::new(move || {
        let worker = shared.worker();
        App::new()
            .app_data(web::ThinData(shared.identity()))
            .app_data(web::Data::new(settings.clone()))
            .app_data(web::Data::new(edge.clone()))
            .app_data(web::ThinData(worker.inventory))
            .app_data(web::ThinData(worker.power))
            .app_data(web::ThinData(worker.directory))
            .app_data(web::ThinData(shared.authenticator()))
            .app_data(web::ThinData(policies.clone()))
            .app_data(web::ThinData(shared.audit.clone()))
            .app_data(web::ThinData(shared.limits.clone()))
            .wrap(from_fn(api::read))
            .wrap(from_fn(api::own_callers))
            .wrap(from_fn(api::authenticate))
            .wrap(from_fn(api::guard))
            .wrap(TracingLogger::<api::RootSpan>::new())
            .configure(api::routes)
    })
    .disable_signals()
    .client_request_timeout(SLOWEST_HEAD)
    .shutdown_timeout(grace)
    .tcp_nodelay(true);
    if let Some(workers) = config.workers {
        server = server.workers(workers.get());
    }
    Ok(server.listen(listener).map_err(Error::Serve)?.run())
}

/// Not ready, then no new connections, then the end of what is under way: a
/// load balancer notices the first before it meets the second. What is under
/// way has one grace, tasks and requests together.
async fn drain(shared: &Shared, config: &Config, api: &ServerHandle) {
    tracing::info!("shutting down");
    shared.stop_being_ready();
    time::sleep(config.shutdown.delay).await;
    api.pause().await;
    let end = async {
        shared.tasks.drain().await;
        api.stop(true).await;
    };
    if time::timeout(config.shutdown.grace, end).await.is_err() {
        tracing::warn!("work was still under way when the grace ended");
    }
}

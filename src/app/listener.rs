//! The API listener: HTTP/1.1, with TLS or without.

use std::{net::TcpListener, sync::Arc};

use actix_web::{
    App,
    dev::Server,
    middleware::from_fn,
    web::{Data, ServiceConfig, ThinData},
};
use tracing_actix_web::TracingLogger;

use super::{Error, Shared, http1, transport::Transport};
use crate::{api, config::Config, policy::Policies};

/// Serves the API on `listener`.
pub(super) fn serve(
    shared: &Shared,
    policies: &Policies,
    transport: &Transport,
    listener: TcpListener,
) -> Result<Server, Error> {
    let config = &shared.config;
    let (settings, edge) = (settings(config, transport), shared.edge());
    let (shared, policies, transport) = (shared.clone(), policies.clone(), transport.clone());
    let workers = config.workers().get();
    let server = Server::build()
        .disable_signals()
        // Whole seconds are all that actix knows; `drain` keeps the very time.
        .shutdown_timeout(config.shutdown.grace.as_secs() + 1)
        .workers(workers)
        .max_concurrent_connections(config.limits.connections.div_ceil(workers));
    let stopping = server.graceful_shutdown_signal();
    let connections = move || {
        let offers_docs = settings.docs;
        let app = App::new()
            .app_data(Data::new(settings.clone()))
            .app_data(Data::new(edge.clone()))
            .configure(|app| provide(app, &shared, &policies))
            .wrap(from_fn(api::let_in))
            .wrap(from_fn(api::guard))
            .wrap(TracingLogger::<api::RootSpan>::new())
            .configure(api::routes)
            .configure(|config| {
                if offers_docs {
                    api::docs(config);
                }
            });
        let stopping = stopping.clone();
        http1::speak(app, transport.clone(), move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
    };
    let server = server.listen("api", listener, connections);
    Ok(server.map_err(Error::Serve)?.run())
}

/// What handlers of one worker ask for, each by its type.
fn provide(app: &mut ServiceConfig, shared: &Shared, policies: &Policies) {
    let worker = shared.worker();
    app.app_data(ThinData(shared.identity()))
        .app_data(ThinData(worker.inventory))
        .app_data(ThinData(worker.power))
        .app_data(ThinData(worker.directory))
        .app_data(ThinData(shared.authenticator()))
        .app_data(ThinData(policies.clone()))
        .app_data(ThinData(shared.audit.clone()))
        .app_data(ThinData(shared.limits.clone()));
}

fn settings(config: &Config, transport: &Transport) -> api::Settings {
    api::Settings {
        upstream_timeout: config.limits.upstream_timeout,
        vm_update: config.vm_update,
        page_validity: api::of_pages(config.directory.pages),
        asks_callers: config.callers.are_asked(),
        public_url: config.public_url.clone().map(Arc::new),
        docs: config.docs,
        proxies: config.proxies.clone(),
        scheme: transport.scheme(),
    }
}

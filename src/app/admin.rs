//! The admin listener: metrics, health, and how the gateway stands.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    time::{Instant, SystemTime},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, ServiceConfig, ThinData},
};
use serde::Serialize;

use super::{
    Error, Shared,
    readiness::{self, Readiness},
    status,
    transport::Transport,
};
use crate::{
    api,
    identity::{ManagedIdentity, Moment, Resource},
    policy::Policies,
    telemetry,
};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Serves metrics and health: one worker is plenty.
pub(super) fn serve(
    shared: &Shared,
    policies: &Policies,
    transport: &Transport,
    listener: TcpListener,
) -> Result<Server, Error> {
    let (shared, policies, transport) = (shared.clone(), policies.clone(), transport.clone());
    let edge = api::Edge {
        // Objectives are about callers' requests, and these are none of theirs.
        unmatched: "unmatched_admin",
        ..shared.edge()
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(edge.clone()))
            .app_data(ThinData(shared.identity()))
            .app_data(ThinData(shared.clone()))
            .app_data(ThinData(policies.clone()))
            .app_data(ThinData(transport.clone()))
            .wrap(from_fn(api::read))
            .wrap(from_fn(api::guard))
            .configure(routes)
    })
    .disable_signals()
    .keep_alive(api::KEEP_ALIVE)
    .workers(1)
    .listen(listener)
    .map_err(Error::Serve)?;
    Ok(server.run())
}

fn routes(config: &mut ServiceConfig) {
    config
        .configure(api::queries)
        .service(web::resource("/").get(status::show))
        .service(web::resource("/status.css").get(status::style))
        .service(web::resource("/metrics").get(metrics))
        .service(web::resource("/livez").get(live))
        .service(web::resource("/readyz").get(readiness::ready));
}

async fn metrics(
    shared: ThinData<Shared>,
    identity: ThinData<ManagedIdentity>,
    policies: ThinData<Policies>,
    transport: ThinData<Transport>,
) -> Result<HttpResponse, api::Problem> {
    observe(&shared, &identity, &policies, &transport);
    let text = shared
        .metrics
        .encode()
        .map_err(|error| api::Problem::internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(text))
}

/// Looks up what changes by itself, such as ages: it is not told when it does. Nobody
/// is asked for it.
pub(super) fn observe(
    shared: &Shared,
    identity: &ManagedIdentity,
    policies: &Policies,
    transport: &Transport,
) {
    let now = Instant::now();
    shared.metrics.log_lines_lost(telemetry::lines_lost());
    observe_tokens(shared, identity);
    observe_keys(shared);
    Readiness::of(shared, identity, policies, transport).show(&shared.metrics);
    shared.metrics.observe_graph_units(now);
    shared.metrics.observe_operations(now);
}

fn observe_tokens(shared: &Shared, identity: &ManagedIdentity) {
    for resource in Resource::ALL {
        let Some(token) = identity.held(resource) else {
            shared.metrics.no_token_held(resource.label());
            continue;
        };
        let expires_on = token
            .expires_on()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        shared
            .metrics
            .token_held(resource.label(), token.age(Moment::now()), expires_on);
    }
}

/// Of several issuers of a kind, the one whose keys are the oldest is shown.
fn observe_keys(shared: &Shared) {
    let mut oldest = BTreeMap::new();
    for standing in shared.access.keys() {
        let age = standing.held.map(|(_, age)| age);
        let known = oldest.entry(standing.source).or_insert(age);
        *known = known.zip(age).map(|(one, other)| one.max(other));
    }
    for (source, age) in oldest {
        shared.metrics.signing_keys(source, age);
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

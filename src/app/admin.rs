//! The admin listener: metrics and health.

use std::{
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

use super::{Error, Shared};
use crate::{
    api,
    identity::{ManagedIdentity, Resource},
    telemetry::chain,
};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
}

/// Serves metrics and health: one worker is plenty.
pub(super) fn serve(shared: &Shared, listener: TcpListener) -> Result<Server, Error> {
    let shared = shared.clone();
    let edge = shared.edge();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(edge.clone()))
            .app_data(ThinData(shared.identity()))
            .app_data(ThinData(shared.clone()))
            .wrap(from_fn(api::guard))
            .configure(routes)
    })
    .disable_signals()
    .workers(1)
    .listen(listener)
    .map_err(Error::Serve)?;
    Ok(server.run())
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/metrics").get(metrics))
        .service(web::resource("/livez").get(live))
        .service(web::resource("/readyz").get(ready));
}

async fn metrics(
    shared: ThinData<Shared>,
    identity: ThinData<ManagedIdentity>,
) -> Result<HttpResponse, api::Problem> {
    observe_tokens(&shared, &identity);
    let text = shared
        .metrics
        .encode()
        .map_err(|error| api::Problem::internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(text))
}

/// Ages change by themselves: they are looked up when they are asked for.
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
            .token_held(resource.label(), token.age(Instant::now()), expires_on);
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Ready with a token for every resource; without one, requests would fail.
async fn ready(shared: ThinData<Shared>, identity: ThinData<ManagedIdentity>) -> HttpResponse {
    let mut checks: Vec<_> = Resource::ALL
        .map(|resource| token(&identity, resource))
        .into();
    checks.push(serving(&shared));
    let is_ready = checks.iter().all(|check| check.ok);
    let (mut answer, status) = if is_ready {
        (HttpResponse::Ok(), "ready")
    } else {
        (HttpResponse::ServiceUnavailable(), "not_ready")
    };
    answer.json(Readiness { status, checks })
}

fn token(identity: &ManagedIdentity, resource: Resource) -> Check {
    let lack = identity.lacks(resource);
    Check {
        name: format!("token:{}", resource.label()),
        ok: lack.is_none(),
        detail: lack.map_or_else(|| "there is a token".to_owned(), |lack| chain(&lack)),
    }
}

fn serving(shared: &Shared) -> Check {
    let stopping = shared.is_stopping();
    let detail = if stopping {
        "the gateway is shutting down"
    } else {
        "requests are served"
    };
    Check {
        name: "serving".to_owned(),
        ok: !stopping,
        detail: detail.to_owned(),
    }
}

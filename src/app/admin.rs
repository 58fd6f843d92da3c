//! The admin listener: metrics, health, and how the gateway stands.

use std::{
    collections::BTreeMap,
    future::pending,
    net::TcpListener,
    time::{Duration, Instant, SystemTime},
};

use actix_service::{Service as _, apply_fn_factory};
use actix_web::{
    App, HttpResponse,
    dev::Server,
    middleware::from_fn,
    rt::net::TcpStream,
    web::{self, ServiceConfig, ThinData},
};
use serde::Serialize;

use super::{
    Error, Shared, http1,
    places::Places,
    readiness::{self, Readiness},
    status,
    transport::{Ended, Transport},
};
use crate::{
    access::KeyStanding,
    api::{self, Patterns},
    identity::{ManagedIdentity, Moment, Resource},
    policy::Policies,
    telemetry,
};

/// So many connections are open at once: they take descriptors of which the API has the
/// rest.
pub(super) const CONNECTIONS: usize = 64;

/// So many of them are served; the others come or go.
const SERVED: usize = 48;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Serves metrics and health: one worker is plenty. Whoever holds all places keeps nobody
/// from health: the oldest connection ends for the newest, as a probe says all that it has to
/// say when it comes.
pub(super) fn serve(
    shared: &Shared,
    policies: &Policies,
    transport: &Transport,
    listener: TcpListener,
) -> Result<Server, Error> {
    let (shared, policies, transport) = (shared.clone(), policies.clone(), transport.clone());
    let edge = api::Edge {
        patterns: PATTERNS,
        ..shared.edge()
    };
    let server = Server::build()
        .disable_signals()
        .workers(1)
        .max_concurrent_connections(CONNECTIONS);
    let connections = move || {
        let app = App::new()
            .app_data(web::Data::new(edge.clone()))
            .app_data(ThinData(shared.identity()))
            .app_data(ThinData(shared.clone()))
            .app_data(ThinData(policies.clone()))
            .app_data(ThinData(transport.clone()))
            .wrap(from_fn(api::read))
            .wrap(from_fn(api::guard))
            .configure(routes);
        let http = http1::speak(app, transport.plain(), pending);
        let places = Places::new(SERVED);
        apply_fn_factory(http, move |stream: TcpStream, http| {
            let (place, exchange) = (places.take(), http.call(stream));
            async move {
                tokio::select! {
                    // What has come by now is answered.
                    biased;
                    outcome = exchange => outcome,
                    () = place.given_up() => Err(Ended),
                }
            }
        })
    };
    let server = server.listen("admin", listener, connections);
    Ok(server.map_err(Error::Serve)?.run())
}

/// The paths of [`routes`]. Objectives are about callers' requests, and none of these is one
/// of theirs.
const PATTERNS: Patterns = Patterns::new(
    &["/", "/status.css", "/metrics", "/livez", "/readyz"],
    "unmatched_admin",
);

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

fn observe_keys(shared: &Shared) {
    for (source, age) in oldest(shared.access.keys()) {
        shared.metrics.signing_keys(source, age);
    }
}

/// Of several issuers of a kind, the age of the oldest keys, believed or not. An issuer that
/// never told any has no age, and hides that of no other.
fn oldest(standings: impl Iterator<Item = KeyStanding>) -> BTreeMap<&'static str, Duration> {
    let mut oldest = BTreeMap::new();
    for standing in standings {
        let Some(told) = standing.told else { continue };
        let age = oldest.entry(standing.source).or_insert(told.age);
        *age = told.age.max(*age);
    }
    oldest
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Told;

    #[test]
    fn keys_that_are_believed_no_more_are_still_told_to_be_old_though_others_never_came() {
        let days = |days: u64| Duration::from_hours(24 * days);
        let told = [Some(days(0)), None, Some(days(2)), Some(days(1))].map(|age| KeyStanding {
            source: "oidc",
            issuer: String::new(),
            told: age.map(|age| Told {
                count: 1,
                age,
                is_believed: age.is_zero(),
            }),
            was_asked: true,
        });
        let ages = oldest(told.into_iter());
        assert_eq!(ages, BTreeMap::from([("oidc", days(2))]));
    }
}

//! How the gateway stands, as a page for people.
//!
//! Nobody is asked who they are on the admin listener: the page tells what readiness and
//! the metrics tell, and of whom the tokens are. No names of machines, which the ids of
//! operations hold, no users, no callers.

mod sections;
mod words;

use std::time::Instant;

use actix_web::{
    HttpResponse,
    http::header::CACHE_CONTROL,
    web::{Query, ThinData},
};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::{
    Shared,
    readiness::{Check, Readiness},
    transport::Transport,
};
use crate::{
    access::KeyStanding,
    api,
    identity::{ManagedIdentity, Report},
    metrics::Quota,
    policy::{self, Policies},
};

/// There is no script, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Seconds after which a browser loads the page again.
const REFRESH: u32 = 5;

/// How the page is wanted.
#[derive(Deserialize)]
pub(super) struct View {
    #[serde(default)]
    refresh: Refresh,
}

/// Whether it is loaded again by itself: whoever has it read aloud would never hear its
/// end.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Refresh {
    #[default]
    On,
    Off,
}

/// What the page tells.
struct Status {
    readiness: Readiness,
    identity: Report,
    keys: Vec<KeyStanding>,
    policies: policy::Standing,
    quotas: Vec<Quota>,
    /// Resource units that Graph has charged within ten seconds.
    graph_units: i64,
    running: i64,
    uptime: String,
}

/// `GET /`
pub(super) async fn show(
    shared: ThinData<Shared>,
    identity: ThinData<ManagedIdentity>,
    policies: ThinData<Policies>,
    transport: ThinData<Transport>,
    view: Query<View>,
) -> HttpResponse {
    let now = Instant::now();
    let status = Status {
        readiness: Readiness::awaited(&shared, &identity, &policies, &transport),
        identity: identity.report(),
        keys: shared.access.keys().collect(),
        policies: policies.standing(),
        quotas: shared.metrics.quotas(),
        graph_units: shared.metrics.observe_graph_units(now),
        running: shared.metrics.operations_running(),
        uptime: words::span(now.saturating_duration_since(shared.started)),
    };
    api::page(POLICY, status.document(view.refresh))
}

/// `GET /status.css`
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        // Not asked for each time that the page is.
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .body(include_str!("status/status.css"))
}

impl Status {
    fn document(&self, refresh: Refresh) -> Markup {
        let word = if self.readiness.is_ready() {
            "ready"
        } else {
            "not ready"
        };
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if refresh == Refresh::On { meta http-equiv="refresh" content=(REFRESH); }
                    title { (word) " – mi-gateway" }
                    link rel="stylesheet" href="/status.css";
                }
                body {
                    header {
                        h1 { "mi-gateway is " strong.ready[self.readiness.is_ready()] { (word) } }
                        p {
                            "Version " (env!("CARGO_PKG_VERSION")) ", up for " (self.uptime) ". "
                            (self.running) " power "
                            @if self.running == 1 { "operation" } @else { "operations" }
                            " under way."
                        }
                        nav aria-label="For programs" {
                            @for path in ["/readyz", "/livez", "/metrics"] {
                                a href=(path) { (path) } " "
                            }
                        }
                    }
                    main { (self.sections()) }
                    footer { (refreshed(refresh)) }
                }
            }
        }
    }

    fn sections(&self) -> Markup {
        html! {
            (sections::checks(&self.readiness.checks))
            (sections::identity(&self.identity))
            (sections::tokens(&self.identity.tokens))
            (sections::keys(&self.keys))
            (sections::policies(&self.policies))
            (sections::quotas(&self.quotas, self.graph_units))
        }
    }
}

fn refreshed(refresh: Refresh) -> Markup {
    html! {
        @match refresh {
            Refresh::On => {
                "Loaded again every " (REFRESH) " seconds; "
                a href="/?refresh=off" { "let it stand still" } "."
            }
            Refresh::Off => {
                "As it was when it was loaded; "
                a href="/" { "load it again every " (REFRESH) " seconds" } "."
            }
        }
    }
}

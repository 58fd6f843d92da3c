//! Whether Azure can be reached at all, asked without a token.

use std::time::{Duration, SystemTime};

use actix_web::http::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use url::Url;

use super::{Check, PATIENCE, Report};
use crate::{
    app::Shared,
    config::Config,
    http::{self, Client, Deadline, Request},
    inventory::Metadata,
    telemetry::chain,
};

const ARM: &str = "arm";
const GRAPH: &str = "graph";

/// It names no subscription: an unknown one may be answered before the token
/// that is missing.
const ARM_PATH: &str = "/subscriptions?api-version=2022-12-01";

const GRAPH_PATH: &str = "/v1.0/users?$select=id&$top=1";

/// How far ahead of this host's clock another is.
pub(super) struct ClockOf {
    pub(super) service: &'static str,
    pub(super) ahead: Ahead,
}

/// The difference of two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    By(Duration),
    Behind(Duration),
}

/// Asks Resource Manager and Graph, and instance metadata for its time alone.
pub(super) async fn examine(report: &mut Report, shared: &Shared, config: &Config) -> Vec<ClockOf> {
    let mut clocks = Vec::new();
    for (name, service, endpoint, variable, path) in [
        (
            ARM,
            "Resource Manager",
            &config.arm.endpoint,
            "MIG_ARM_ENDPOINT",
            ARM_PATH,
        ),
        (
            GRAPH,
            "Microsoft Graph",
            &config.graph.endpoint,
            "MIG_GRAPH_ENDPOINT",
            GRAPH_PATH,
        ),
    ] {
        let origin = endpoint.origin().ascii_serialization();
        let url = format!("{origin}{path}");
        let answer = ask(&shared.upstream(name, None), Request::get(&url, "reach")).await;
        clocks.extend(clock(service, &answer));
        report.add(judged(name, service, &origin, variable, &answer));
    }
    if let Metadata::Service(client, endpoint) = shared.metadata() {
        let url = versions(&endpoint);
        let request = Request::get(&url, "reach").header(
            HeaderName::from_static("metadata"),
            HeaderValue::from_static("true"),
        );
        clocks.extend(clock("instance metadata", &ask(&client, request).await));
    }
    clocks
}

struct Answer {
    status: Result<StatusCode, http::Error>,
    /// Whether the body is an error as Resource Manager and Graph write it.
    is_own_error: bool,
    ahead: Option<Ahead>,
}

async fn ask(client: &Client, request: Request<'_>) -> Answer {
    let before = SystemTime::now();
    let outcome = client.exchange(&request, Deadline::after(PATIENCE)).await;
    let (status, is_own_error, date) = match outcome {
        Ok(response) => (Ok(response.status), false, response.date()),
        Err(http::Error::Refused(refusal)) => {
            let is_own = refusal.code.is_some() && refusal.message.is_some();
            (Ok(refusal.status), is_own, refusal.date)
        }
        Err(error) => (Err(error), false, None),
    };
    let taken = before.elapsed().unwrap_or_default();
    Answer {
        status,
        is_own_error,
        ahead: date.map(|date| Ahead::of(date, before + taken / 2)),
    }
}

impl Ahead {
    fn of(other: SystemTime, own: SystemTime) -> Self {
        match other.duration_since(own) {
            Ok(ahead) => Self::By(ahead),
            Err(error) => Self::Behind(error.duration()),
        }
    }

    pub(super) fn size(self) -> Duration {
        match self {
            Self::By(size) | Self::Behind(size) => size,
        }
    }
}

fn clock(service: &'static str, answer: &Answer) -> Option<ClockOf> {
    let ahead = answer.ahead?;
    Some(ClockOf { service, ahead })
}

fn versions(endpoint: &Url) -> String {
    format!(
        "{}/metadata/versions",
        endpoint.origin().ascii_serialization()
    )
}

/// Without a token, Azure answers 401 while it is well, or with an error of its
/// own; a page or a redirection comes from elsewhere.
fn judged(
    name: &'static str,
    service: &str,
    origin: &str,
    variable: &str,
    answer: &Answer,
) -> Check {
    match &answer.status {
        Ok(StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) => {
            Check::ok(name, format!("{service} answers at {origin}"))
        }
        Ok(status) if status.is_server_error() => Check::failed(
            name,
            "failing",
            format!("{service} at {origin} fails with {status}"),
        )
        .mend("see https://azure.status.microsoft, or whether a proxy answers in its place"),
        Ok(_) if answer.is_own_error => Check::ok(name, format!("{service} answers at {origin}")),
        Ok(status) => Check::failed(
            name,
            "intercepted",
            format!(
                "{origin} answers a call without a token with {status} and not with 401, as \
                 {service} would"
            ),
        )
        .mend(format!(
            "see {variable}, and what answers in its place: curl --verbose {origin}"
        )),
        Err(error) => Check::failed(
            name,
            "unreachable",
            format!("{service} gives no answer at {origin}: {}", chain(error)),
        )
        .mend(format!(
            "let the gateway reach {origin}, past no proxy: curl --verbose --noproxy '*' {origin}; \
             see {variable}, name resolution, the firewall and its certificates"
        )),
    }
}

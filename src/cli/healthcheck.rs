//! Whether the service that runs in the same container is well: the health check of
//! an image that has no other program.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use serde::Deserialize;

use super::{Exit, Failure, Outcome, arguments::HealthAsked};
use crate::{
    app,
    config::Config,
    http::{Client, Deadline, Profile, Request, Response},
    metrics::Metrics,
};

/// Docker waits for 30 seconds, and Kubernetes for one: whoever is well answers at
/// once.
const PATIENCE: Duration = Duration::from_secs(3);

/// The checks of readiness are some kilobytes.
const BODY_LIMIT: usize = 1 << 20;

/// What `/readyz` answers.
#[derive(Default, Deserialize)]
struct Readiness {
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    ok: bool,
    required: bool,
    code: Option<String>,
}

/// `healthcheck`
pub(super) async fn examine(asked: HealthAsked) -> Outcome {
    let config = Config::from_env()?;
    let path = if asked.ready { "readyz" } else { "livez" };
    let url = format!("http://{}/{path}", reachable(config.admin_listen));
    let profile = Profile {
        service: "gateway",
        connect: PATIENCE,
        body_limit: BODY_LIMIT,
        tls: None,
        guard: None,
    };
    let metrics = Metrics::new().map_err(app::Error::Metrics)?;
    let request = Request::get(&url, path).taking_any_status();
    let client = Client::new(profile, metrics);
    let answer = client.exchange(&request, Deadline::after(PATIENCE)).await;
    match answer {
        Ok(answer) if answer.status.is_success() => Ok(Exit::Done),
        Ok(answer) => Err(Failure::Unwell {
            told: told(&answer),
            url: url.clone(),
        }),
        Err(source) => Err(Failure::Unheard {
            url: url.clone(),
            source,
        }),
    }
}

/// The status, and what the gateway is not ready without.
fn told(answer: &Response) -> String {
    let readiness: Readiness = serde_json::from_slice(&answer.body).unwrap_or_default();
    let missing = readiness
        .checks
        .into_iter()
        .filter(|check| check.required && !check.ok);
    let missing = missing.map(|check| match check.code {
        Some(code) => format!("{} ({code})", check.name),
        None => check.name,
    });
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() {
        return answer.status.to_string();
    }
    format!("{}, for want of {}", answer.status, missing.join(", "))
}

/// Where a listener is reached that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_reached_on_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), reached);
        }
    }
}

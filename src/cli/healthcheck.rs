//! Whether the service that runs in the same container is well: the health check of
//! an image that has no other program.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use super::{Exit, Failure, Outcome, arguments::HealthAsked};
use crate::{
    app,
    config::Config,
    http::{Client, Deadline, Profile, Request},
    metrics::Metrics,
};

/// Docker waits for 30 seconds, and Kubernetes for one: whoever is well answers at
/// once.
const PATIENCE: Duration = Duration::from_secs(3);

/// The checks of readiness are some kilobytes.
const BODY_LIMIT: usize = 1 << 20;

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
    let request = Request::get(&url, path);
    let client = Client::new(profile, metrics);
    let answer = client.exchange(&request, Deadline::after(PATIENCE)).await;
    answer.map_err(|source| Failure::Unwell {
        url: url.clone(),
        source,
    })?;
    Ok(Exit::Done)
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

//! Traces and metrics, sent by OTLP over HTTP: in the background, bounded, and lost
//! rather than waited for.

mod collector;
mod families;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod pushes;
mod resource;
mod spans;
mod traces;
mod wire;

use std::time::{Duration, SystemTime};

use actix_web::rt::{self, task::JoinHandle, time};
use prometheus::proto::MetricFamily;
use tokio_util::sync::CancellationToken;

pub(crate) use spans::write as write_span;

use crate::{
    config,
    http::{Client, Deadline, Profile, Tls},
    metrics::Metrics,
    telemetry::Tracer,
};
use collector::Collector;
use pushes::Pushes;
use traces::Traces;

/// How long a connection to a collector may take to open, TLS included.
const CONNECT: Duration = Duration::from_secs(3);

/// An answer says how many of what was sent were not taken, if not all were.
const BODY_LIMIT: usize = 64 * 1024;

/// What is sent while the gateway serves; by default nothing.
#[derive(Default)]
pub(crate) struct Export {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Export {
    /// Sends what `config` says: the spans of `tracer`, and the metrics as `gather`
    /// gives them.
    pub(crate) fn begin(
        config: &config::Export,
        tls: Option<&Tls>,
        (metrics, tracer): (&Metrics, &Tracer),
        gather: impl Fn() -> Vec<MetricFamily> + 'static,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut running = Vec::new();
        let client = Client::new(profile(tls.cloned()), metrics.clone());
        let resource = resource::of(&config.resource);
        let collector = |url| Collector::new(client.clone(), url, config);
        if let Some(url) = &config.traces {
            let spans = Traces::new(collector(url), tracer.clone(), resource.clone());
            running.push(rt::spawn(spans.run(metrics.clone(), stop.clone())));
        }
        if let Some(url) = &config.metrics {
            let pushes = Pushes::new(collector(url), resource, SystemTime::now());
            running.push(rt::spawn(pushes.run(config.interval, gather, stop.clone())));
        }
        Self { stop, running }
    }

    /// Sends what is left, until `deadline`; what is not sent by then is lost.
    pub(crate) async fn end(self, deadline: Deadline) {
        self.stop.cancel();
        for running in self.running {
            let sent = time::timeout(deadline.remaining(), running).await;
            if sent.is_err() {
                tracing::warn!("not all telemetry was sent when the grace ended");
                return;
            }
        }
    }
}

fn profile(tls: Option<Tls>) -> Profile {
    Profile {
        service: "collector",
        connect: CONNECT,
        body_limit: BODY_LIMIT,
        tls,
        guard: None,
    }
}

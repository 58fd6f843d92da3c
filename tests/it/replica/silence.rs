//! What is written about the replica, and what is not.

use std::time::Duration;

use actix_web::rt::time;
use azure_sandbox::{Host, Sandbox, Settings};

use crate::program::{Running, gateway};

#[actix_web::test]
async fn the_log_tells_how_far_it_is_and_shows_no_link_and_no_user() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .envs(super::REPLICA)
        .env("MIG_LOG", "trace");
    let running = Running::start(command);
    told(&running, super::OK_ROUNDS).await;
    super::forget_tokens(&azure).await;
    told(&running, super::resync::RESYNCS).await;
    let (code, log) = running.terminate();
    assert_eq!(code, Some(0));
    assert!(log.contains("the directory is in memory"), "{log}");
    assert!(log.contains("the directory is read anew"), "{log}");
    for word in ["deltatoken", "skiptoken", "Seinfeld", "$select"] {
        assert!(!log.contains(word), "{word} was written");
    }
}

/// Resolves when the metric `series` is not 0 any more.
async fn told(running: &Running, series: &str) {
    let start = format!("mi_gateway_{series} ");
    let is_so = |text: &str| {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with(&start) && !line.ends_with(" 0"))
    };
    let mut ticks = time::interval(Duration::from_millis(50));
    let wait = async {
        while !is_so(&running.metrics().await) {
            ticks.tick().await;
        }
    };
    time::timeout(Duration::from_mins(1), wait).await.unwrap();
}

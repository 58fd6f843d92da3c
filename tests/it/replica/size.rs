//! What a replica of a large tenant costs: memory, and time to the first answer.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Host, Sandbox, Service, Settings};

use crate::program::{Running, gateway};

const USERS: u32 = 20_000;

/// Of as many, each has been seen to take 530 bytes; of 100,000, 470.
const MOST_BYTES: f64 = 700.0 * USERS as f64;

/// 100 pages, both sides without optimisation and on a busy machine.
const LONGEST: Duration = Duration::from_mins(1);

/// The metric `name`, if it is there.
async fn metric(running: &Running, name: &str) -> Option<f64> {
    let text = running.metrics().await;
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[actix_web::test]
async fn twenty_thousand_users_take_less_than_fourteen_megabytes() {
    let settings = Settings {
        users: Some(USERS),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let hold = azure.hold(Service::Graph);
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .envs(super::REPLICA)
        .env("MIG_WORKERS", "2");
    let running = Running::start(command);
    hold.arrived(1).await;
    let resident = "process_resident_memory_bytes";
    let without = metric(&running, resident).await.unwrap();
    hold.release();

    let done = format!("mi_gateway_{}", super::OK_ROUNDS);
    at_least(&running, &done, 1.0).await;
    let users = metric(&running, "mi_gateway_directory_replica_users").await;
    assert_eq!(users, Some(f64::from(USERS)));
    let with = metric(&running, resident).await.unwrap();
    assert!(with - without < MOST_BYTES, "{without} to {with} bytes");

    // Read anew, it does not take the memory twice.
    super::forget_tokens(&azure).await;
    at_least(
        &running,
        &format!("mi_gateway_{}", super::resync::RESYNCS),
        1.0,
    )
    .await;
    let rounds = metric(&running, &done).await.unwrap();
    at_least(&running, &done, rounds + 1.0).await;
    let anew = metric(&running, resident).await.unwrap();
    assert!(anew - without < MOST_BYTES, "{without} to {anew} bytes");
    assert_eq!(
        running
            .status("/directory/users?department=Workforce&top=999")
            .await,
        200
    );
}

/// Resolves when the metric `series` is `value` or more.
async fn at_least(running: &Running, series: &str, value: f64) {
    let began = Instant::now();
    let mut ticks = time::interval(Duration::from_millis(100));
    while metric(running, series).await.is_none_or(|it| it < value) {
        assert!(began.elapsed() < LONGEST, "{series} stays below {value}");
        ticks.tick().await;
    }
}

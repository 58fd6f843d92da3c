//! A steady load on one gateway for long: what it takes of its host stays the same, and
//! every call comes to what it should.
//!
//! `SOAK_MINUTES` is how long; without it, it is a run of seconds, which says nothing of
//! memory. The results are `target/soak.csv` and `target/soak.md`, and a picture where
//! `SOAK_PLOT` says.

mod load;
mod plot;
mod sample;
mod verdict;

use std::{
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use actix_web::rt::time::{self, Instant};
use azure_sandbox::{Host, Sandbox, Settings};

use crate::{
    client::Client,
    files::Files,
    replica::{Replica, program},
    run::number,
};
use load::Load;
use sample::{Sample, Table};
use verdict::Verdict;

/// What `cargo test` takes.
const SHORT: Duration = Duration::from_secs(10);

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(5);
const EVERY_IN_SHORT: Duration = Duration::from_secs(1);

/// So long that a token is renewed after a minute: a lifetime is used to four fifths.
const TOKENS_LAST: Duration = Duration::from_secs(75);

/// There is a token for each: Resource Manager, and Graph.
const RESOURCES: u64 = 2;

/// As many requests and operations as anybody looks back at.
const REMEMBERED: usize = 1_000;

#[actix_web::test]
async fn a_steady_load_leaves_memory_as_it_was_and_no_call_fails() {
    let minutes = number("SOAK_MINUTES");
    let lasts = minutes.map_or(SHORT, |minutes| Duration::from_secs(minutes * 60));
    let every = minutes.map_or(EVERY_IN_SHORT, |_| EVERY);
    let azure = Rc::new(azure());
    let (files, log) = (Files::new(), "gateway.log");
    let variables = variables(&azure, &files);
    let replica = Replica::start(&[program()], &variables, &files.path(log)).await;
    let load = Load::begin(&azure, Client::new(files.trust()), &replica).await;

    let folder = folder(minutes);
    let mut table = Table::begin(&folder.join("soak.csv"));

    let samples = sampled(&replica, &load, (lasts, every), &mut table).await;

    let calls = load.end().await;
    let tokens = Client::new(files.trust())
        .look(replica.admin, "/metrics")
        .await;
    let tokens = acquisitions(&tokens.expect("metrics").text());
    replica.signal("-TERM");
    let code = replica.ended().await;
    files.remove();
    let verdict = Verdict::of(&samples, &calls, tokens);
    println!("{verdict}");
    write(&folder, &samples, &verdict);
    assert_eq!(code, Some(0));
    assert_eq!(calls.failed, 0, "of {}: {:?}", calls.answered, calls.errors);
    assert!(calls.answered > 0);
    let fewest = fewest_acquisitions(lasts);
    assert!(tokens >= fewest, "{tokens} of {fewest} requests for tokens");
    if minutes.is_some() {
        assert!(verdict.is_flat(), "{verdict}");
    }
}

fn azure() -> Sandbox {
    let settings = Settings {
        operation_takes: Duration::from_millis(500),
        token_lifetime: TOKENS_LAST,
        throttles: false,
        remembers: Some(REMEMBERED),
        ..Settings::default()
    };
    Sandbox::start(settings).expect("a local Azure")
}

fn variables(azure: &Sandbox, files: &Files) -> Vec<(String, String)> {
    let audit = files.link("audit").display().to_string();
    let own = [
        ("MIG_LISTEN", "127.0.0.1:0"),
        ("MIG_ADMIN_LISTEN", "127.0.0.1:0"),
        ("MIG_WORKERS", "2"),
        ("MIG_AUTH", "entra"),
        ("MIG_AUTH_TENANT", azure_sandbox::TENANT),
        ("MIG_AUTH_AUDIENCE", azure_sandbox::API_CLIENT_ID),
        ("MIG_CALLER_CHANGES", "off"),
        ("MIG_AUDIT_FILE", audit.as_str()),
        // As many pages as may be kept are, long before the warm-up ends.
        ("MIG_DIRECTORY_CACHE", "1048576"),
        ("MIG_DIRECTORY_MAX_AGE", "5s"),
        ("MIG_DIRECTORY_STALE_IF_ERROR", "20s"),
        ("MIG_SHUTDOWN_DELAY", "0s"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut all = azure.environment(Host::ContainerApp);
    all.extend(own);
    all
}

/// What the gateway takes, from the first moment to the last.
async fn sampled(
    replica: &Replica,
    load: &Load,
    (lasts, every): (Duration, Duration),
    table: &mut Table,
) -> Vec<Sample> {
    let (begun, mut ticks) = (Instant::now(), time::interval(every));
    let mut samples = Vec::new();
    loop {
        ticks.tick().await;
        let since = begun.elapsed();
        let calls = load.calls();
        let sample = Sample {
            seconds: since.as_secs_f64(),
            vitals: replica.vitals(),
            answered: calls.answered,
            errors: calls.failed,
        };
        table.add(&sample);
        samples.push(sample);
        if since >= lasts {
            return samples;
        }
    }
}

/// How often the identity endpoint is asked at least: at first, and twice in the lifetime
/// of a token. Its host hands out the one that it has until shortly before its end, so
/// that the first of both brings no other.
fn fewest_acquisitions(lasts: Duration) -> u64 {
    RESOURCES * (1 + 2 * (lasts.as_secs() / TOKENS_LAST.as_secs()))
}

/// How often the identity endpoint gave out a token, by the metrics.
fn acquisitions(metrics: &str) -> u64 {
    let name = "mi_gateway_token_acquisitions_total{";
    let is_one = |line: &&str| line.starts_with(name) && line.contains(r#"outcome="ok""#);
    let series = metrics.lines().filter(is_one);
    let counts = series.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

/// Where results go: beside what was built; those of a short run are in nobody's way.
fn folder(minutes: Option<u64>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    match minutes {
        Some(_) => folder.parent().map(Path::to_owned).unwrap_or(folder),
        None => folder,
    }
}

fn write(folder: &Path, samples: &[Sample], verdict: &Verdict) {
    let put = |path: &Path, text: String| std::fs::write(path, text).expect("a file");
    let program = program();
    let program = program.display();
    put(
        &folder.join("soak.md"),
        format!("# Soak of {program}\n\n{verdict}\n"),
    );
    if let Some(plot) = std::env::var_os("SOAK_PLOT").filter(|path| !path.is_empty()) {
        put(Path::new(&plot), plot::svg(samples, verdict.warm_up()));
    }
}

//! What a token costs when it is cached, and what the gateway adds to a call.
//!
//! Everything runs in one process on loopback: a local Azure that answers at
//! once, a gateway with one worker in front of it, and a client with one
//! connection. The gateway writes its log as JSON, to nowhere. Compare within a
//! run only: `direct` is the same question, put to the local Azure itself with the
//! same client and a token of its own.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]

mod common;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use actix_web::rt::{System, SystemRunner};
use azure_sandbox::{DEFAULT_SCOPE, Host};
use criterion::{Criterion, criterion_group, criterion_main};
use mi_gateway::Tokens;

use common::{Gateway, azure, config};

const MACHINE: &str = "web-01";
const ARM: &str = "https://management.azure.com/";
const GRAPH: &str = "https://graph.microsoft.com/";

criterion_group! {
    name = hot_paths;
    config = Criterion::default().measurement_time(Duration::from_secs(10));
    targets = token, machine, page
}
criterion_main!(hot_paths);

/// A token from the cache, against one from the identity endpoint.
fn token(criterion: &mut Criterion) {
    let azure = azure();
    let tokens = Tokens::new(&config(&azure, &[])).unwrap();
    let system = System::new();
    assert!(system.block_on(tokens.arm()));
    let client = client();
    let [endpoint, header] = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"].map(|name| {
        let variables = azure.environment(Host::ContainerApp);
        let found = variables.into_iter().find(|(known, _)| known == name);
        found.unwrap().1
    });
    let url = format!("{endpoint}?api-version=2019-08-01&resource={ARM}");

    let mut group = criterion.benchmark_group("token");
    group.bench_function("cached", |bencher| {
        bencher.iter_custom(|times| {
            system.block_on(async {
                let started = Instant::now();
                for _ in 0..times {
                    assert!(black_box(tokens.arm().await));
                }
                started.elapsed()
            })
        });
    });
    let header = ("X-IDENTITY-HEADER", header.as_str());
    group.bench_function("from the endpoint", |bencher| {
        bencher.iter_custom(|times| asked(&system, &client, &url, header, times));
    });
    group.finish();
}

/// One virtual machine with its power state.
fn machine(criterion: &mut Criterion) {
    let path = format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachines/{MACHINE}");
    let direct = format!("{path}?api-version=2024-11-01&$expand=instanceView");
    compare(criterion, "vm", ARM, &direct, &format!("/vms/{MACHINE}"));
}

/// The first hundred users of a department; the gateway has them kept after the
/// first time.
fn page(criterion: &mut Criterion) {
    let direct = "/v1.0/users?$filter=department%20eq%20'Engineering'&$top=100\
         &$select=id,displayName,mail,userPrincipalName,department";
    let own = "/directory/users?department=Engineering&top=100";
    compare(criterion, "users", GRAPH, direct, own);
}

/// `direct` at the local Azure, and `own` at a gateway in front of it.
fn compare(criterion: &mut Criterion, name: &str, audience: &str, direct: &str, own: &str) {
    let azure = azure();
    let gateway = Gateway::before(&azure, &[]);
    let system = System::new();
    let client = client();
    let bearer = format!("Bearer {}", azure.mint(audience));
    let direct = format!("{}{direct}", azure.url());
    let own = format!("http://{}{own}", gateway.api);

    let mut group = criterion.benchmark_group(name);
    let authorization = ("authorization", bearer.as_str());
    group.bench_function("direct", |bencher| {
        bencher.iter_custom(|times| asked(&system, &client, &direct, authorization, times));
    });
    let accept = ("accept", "application/json");
    group.bench_function("gateway", |bencher| {
        bencher.iter_custom(|times| asked(&system, &client, &own, accept, times));
    });
    group.finish();
}

/// How long it takes to ask for `url` that often, one after the other.
fn asked(
    system: &SystemRunner,
    client: &awc::Client,
    url: &str,
    header: (&str, &str),
    times: u64,
) -> Duration {
    system.block_on(async {
        let started = Instant::now();
        for _ in 0..times {
            let mut answer = client.get(url).insert_header(header).send().await.unwrap();
            let body = answer.body().await.unwrap();
            assert!(answer.status().is_success(), "{body:?}");
            black_box(body);
        }
        started.elapsed()
    })
}

fn client() -> awc::Client {
    awc::Client::builder().disable_redirects().finish()
}

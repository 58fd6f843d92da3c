//! What it costs a request that callers are asked who they are, and whether they may.
//!
//! `authentication` and `both` run on one core, without HTTP. `cold` is a token that
//! was not seen before, of 1.3 kB (1 kB of `oidc`) and RS256: so many distinct ones are
//! signed that half of them find the memory of proven tokens full, and when all were
//! seen, they go to a worker that has seen none. `warm` is one token, again and again.
//! Keys are known throughout, and to learn them is not measured. The decision is that on
//! deallocate, by the built-in policies; `cargo bench --bench policy` has others.
//! `identity` is over the wire, on one connection to a gateway with one worker; its
//! two figures differ by all that `MIG_AUTH=entra` adds to a request, the bytes of the
//! token included.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]

mod common;
#[path = "../tests/it/issuers.rs"]
mod issuers;
#[allow(dead_code, reason = "not every bench needs all of it")]
#[path = "../tests/it/wire.rs"]
mod wire;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use actix_web::{
    http::header::HeaderValue,
    rt::{System, SystemRunner, task},
};
use azure_sandbox::{CallerToken, KUBERNETES_AUDIENCE, Sandbox, ServiceAccountToken};
use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use mi_gateway::{Admissions, Config, Decisions};

use common::{Gateway, azure, config};
use issuers::ENTRA;
use wire::{Connection, get};

const MACHINE: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups\
     /rg-web/providers/Microsoft.Compute/virtualMachines/web-01";

/// Twice as many as the gateway remembers.
const TOKENS: usize = 20_000;

criterion_group! {
    name = access;
    config = Criterion::default().measurement_time(Duration::from_secs(10));
    targets = entra, oidc, decision, over_the_wire
}
criterion_main!(access);

/// Tokens, and a worker that takes them.
struct Callers {
    system: SystemRunner,
    config: Config,
    worker: Admissions,
    tokens: Vec<HeaderValue>,
    /// How many of them the worker has seen.
    seen: usize,
}

impl Callers {
    fn new(config: Config, token: impl Fn() -> String) -> Self {
        let tokens: Vec<_> = (0..TOKENS).map(|_| header(&token())).collect();
        let system = System::new();
        let first = header(&token());
        Self {
            worker: system.block_on(ready(&config, &first)),
            system,
            config,
            tokens,
            seen: 0,
        }
    }

    /// Puts each token to `work` once.
    fn cold(
        &mut self,
        bencher: &mut Bencher<'_>,
        work: &impl AsyncFn(&Admissions, &HeaderValue) -> bool,
    ) {
        bencher.iter_custom(|times| {
            let mut taken = Duration::ZERO;
            let mut left = usize::try_from(times).unwrap();
            while left > 0 {
                if self.seen == TOKENS {
                    let next = ready(&self.config, &self.tokens[0]);
                    (self.worker, self.seen) = (self.system.block_on(next), 1);
                }
                let until = TOKENS.min(self.seen + left);
                taken += self.system.block_on(async {
                    let started = Instant::now();
                    for token in &self.tokens[self.seen..until] {
                        assert!(black_box(work(&self.worker, token).await));
                    }
                    started.elapsed()
                });
                left -= until - self.seen;
                self.seen = until;
            }
            taken
        });
    }

    /// Puts one token to `work`, again and again.
    fn warm(
        &self,
        bencher: &mut Bencher<'_>,
        work: &impl AsyncFn(&Admissions, &HeaderValue) -> bool,
    ) {
        bencher.iter_custom(|times| {
            self.system.block_on(async {
                let started = Instant::now();
                for _ in 0..times {
                    assert!(black_box(work(&self.worker, &self.tokens[0]).await));
                }
                started.elapsed()
            })
        });
    }
}

fn entra(criterion: &mut Criterion) {
    let azure = azure();
    let config = config(&azure, &ENTRA);
    let mut callers = Callers::new(config, || azure.caller_token(&CallerToken::default()));
    let mut group = criterion.benchmark_group("authentication");
    group.bench_function("entra/cold", |it| callers.cold(it, &Admissions::knows));
    group.bench_function("entra/warm", |it| callers.warm(it, &Admissions::knows));
    group.finish();
    let mut group = criterion.benchmark_group("both");
    group.bench_function("entra/cold", |it| callers.cold(it, &Admissions::admits));
    group.bench_function("entra/warm", |it| callers.warm(it, &Admissions::admits));
    group.finish();
}

fn oidc(criterion: &mut Criterion) {
    let azure = azure();
    let issuer = format!("{}={KUBERNETES_AUDIENCE}", azure.kubernetes_url());
    let config = config(
        &azure,
        &[("MIG_AUTH", "oidc"), ("MIG_AUTH_ISSUERS", &issuer)],
    );
    let token = || azure.service_account_token(&ServiceAccountToken::default());
    let mut callers = Callers::new(config, token);
    let mut group = criterion.benchmark_group("authentication");
    group.bench_function("oidc/cold", |it| callers.cold(it, &Admissions::knows));
    group.bench_function("oidc/warm", |it| callers.warm(it, &Admissions::knows));
    group.finish();
}

fn decision(criterion: &mut Criterion) {
    let decisions = decisions();
    criterion.bench_function("decision", |bencher| {
        bencher.iter(|| black_box(&decisions).decide());
    });
}

fn over_the_wire(criterion: &mut Criterion) {
    let azure = azure();
    let token = azure.caller_token(&CallerToken::default());
    let mut group = criterion.benchmark_group("identity");
    group.bench_function("none", |it| identity(it, &azure, &[], None));
    group.bench_function("entra", |it| identity(it, &azure, &ENTRA, Some(&token)));
    group.finish();
}

/// GET of what the gateway answers without asking anybody, one after the other.
fn identity(
    bencher: &mut Bencher<'_>,
    azure: &Sandbox,
    auth: &[(&str, &str)],
    token: Option<&str>,
) {
    let gateway = Gateway::before(azure, auth);
    let request = get("/identity", token);
    let mut connection = Connection::to(gateway.api);
    // Until keys are there, it is 503.
    while connection.ask(&request).status != 200 {}
    bencher.iter(|| assert_eq!(black_box(connection.ask(&request)).status, 200));
}

/// A worker that has its keys, and has seen `token`.
async fn ready(config: &Config, token: &HeaderValue) -> Admissions {
    let worker = Admissions::new(config, decisions()).unwrap();
    while !worker.knows(token).await {
        task::yield_now().await;
    }
    worker
}

fn decisions() -> Decisions {
    Decisions::new(None, "Vm.Operate", MACHINE)
        .unwrap()
        .unwrap()
}

fn header(token: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
}

//! A gateway is one of many on a node, whose identity endpoint bears 20 requests
//! a second and five at a time.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Host, Sandbox, Service, Settings};
use mi_gateway::{Config, Tokens};

/// A gateway's way to its tokens, in a pod of the node of `azure`.
fn pod(azure: &Sandbox, name: &str, spread: &str) -> Tokens {
    let mut vars = azure.environment(Host::Vm);
    for (name, value) in [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("HOSTNAME", name),
        ("MIG_IDENTITY_SPREAD", spread),
    ] {
        vars.push((name.to_owned(), value.to_owned()));
    }
    Tokens::new(&Config::from_vars(vars).unwrap()).unwrap()
}

/// Resolves when all of them have all their tokens.
async fn all_there(pods: &[Tokens]) {
    let mut ticks = time::interval(Duration::from_millis(100));
    loop {
        // All of them: looking is what begins to fetch.
        let there = pods.iter().map(Tokens::are_there);
        if there.filter(|is_there| *is_there).count() == pods.len() {
            return;
        }
        ticks.tick().await;
    }
}

/// What is refused with 429 is asked for again: without it there are as many
/// requests as tokens.
#[actix_web::test]
async fn a_hundred_gateways_that_restart_on_one_node_are_not_throttled() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let pods: Vec<_> = (0..100)
        .map(|pod_number| pod(&azure, &format!("mi-gateway-{pod_number}"), "25s"))
        .collect();
    let began = Instant::now();
    all_there(&pods).await;
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(azure.requests(Service::Token).len(), 200);
    let peak = azure.peak_concurrency(Service::Token);
    assert!(peak <= 5, "{peak} at a time");
}

#[actix_web::test]
async fn a_few_that_restart_together_are_ready_within_seconds() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let pods: Vec<_> = (0..8)
        .map(|pod_number| pod(&azure, &format!("mi-gateway-{pod_number}"), ""))
        .collect();
    let began = Instant::now();
    all_there(&pods).await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(azure.requests(Service::Token).len(), 16);
}

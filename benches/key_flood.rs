//! Tokens whose keys nobody has, each with another key, on eight connections.
//!
//! At first 10,000 a second for ten seconds. That clock is open: requests leave when
//! they are due, whether or not those before them are answered. Then as many again, as
//! fast as they go. Meanwhile somebody with a good token calls a hundred times a
//! second. It ends with an error unless each of the flood is answered with 401 and each
//! good call with 200, and the issuer is asked for its keys once at most for all of
//! them. Which rate is reached and how long good calls take is told, and is no fault:
//! it depends on the machine. The gateway has one worker.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

mod common;
#[path = "../tests/it/flood.rs"]
mod flood;
#[path = "../tests/it/issuers.rs"]
mod issuers;
#[allow(dead_code, reason = "not every bench needs all of it")]
#[path = "../tests/it/wire.rs"]
mod wire;

use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::{CallerToken, Sandbox, Service};

use common::{Gateway, azure};
use flood::Flood;
use issuers::ENTRA;
use wire::{Connection, get};

const CONNECTIONS: usize = 8;
const EACH: usize = 12_500;
/// Five requests on each of eight connections make 10,000 a second.
const PACE: Duration = Duration::from_millis(4);
/// Between two good calls.
const GOOD_PACE: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let azure = azure();
    let gateway = Gateway::before(&azure, &ENTRA);
    let token = azure.caller_token(&CallerToken::default());
    let good = get("/identity", Some(&token));
    // Until keys are there, it is 503.
    while Connection::to(gateway.api).ask(&good).status != 200 {}
    let before = key_fetches(&azure);
    let is_refused = [("paced", PACE), ("unpaced", Duration::ZERO)].map(|(name, pace)| {
        let flood = Flood {
            to: gateway.api,
            name,
            token: &token,
            connections: CONNECTIONS,
            each: EACH,
            pace,
        };
        poured(&flood, &good)
    });
    let fetches = key_fetches(&azure) - before;
    println!("{fetches} fetch(es) of keys for all of them");
    if is_refused == [true; 2] && fetches <= 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether all of `flood` was refused, and every good call let in meanwhile.
fn poured(flood: &Flood<'_>, good: &str) -> bool {
    let caller = Connection::to(flood.to);
    let started = Instant::now();
    let (answers, calls) = thread::scope(|scope| {
        let flood = scope.spawn(|| flood.pour());
        let calls = calls(caller, good, || flood.is_finished());
        (flood.join().unwrap(), calls)
    });
    let taken = started.elapsed();
    println!("{}: answers by status {answers:?} in {taken:?}", flood.name);
    tell(&calls);
    let refused = answers.get(&401).copied().unwrap_or_default();
    refused == CONNECTIONS * EACH && calls.iter().all(|(status, _)| *status == 200)
}

/// Good calls until it is `over`: their statuses, and how long each took.
fn calls(mut caller: Connection, request: &str, over: impl Fn() -> bool) -> Vec<(u16, Duration)> {
    let (mut due, mut calls) = (Instant::now(), Vec::new());
    while !over() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // From when it was due: what waits behind a slow one has waited, too.
        let reply = caller.ask(request);
        calls.push((reply.status, due.elapsed()));
        due += GOOD_PACE;
    }
    calls
}

fn tell(calls: &[(u16, Duration)]) {
    let mut times: Vec<_> = calls.iter().map(|(_, time)| *time).collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000];
    println!(
        "{} good calls: median {:?}, 99 % {:?}, 99.9 % {:?}, slowest {:?}",
        times.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

/// How often the issuer was asked for its keys.
fn key_fetches(azure: &Sandbox) -> usize {
    let mut requests = azure.requests(Service::Keys);
    requests.retain(|request| request.path.contains("keys"));
    requests.len()
}

//! One run: fault after fault, while calls go on.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use crate::{
    fault::{Deck, SERVICES, kinds},
    site::{Site, Weather},
    traffic::Traffic,
};

/// That of what `cargo test` takes.
const SHORT_SEED: u64 = 1;

/// The number in the variable `name`.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name).filter(|text| !text.is_empty())?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name} is {}, expected a number", text.display())))
}

#[actix_web::test]
async fn whatever_fails_nothing_is_lost_untrue_or_told_and_it_passes() {
    let seconds = number("CHAOS_SECONDS");
    let seed = number("CHAOS_SEED").unwrap_or_else(|| match seconds {
        Some(_) => fastrand::u64(..1_000_000),
        None => SHORT_SEED,
    });
    println!("chaos: CHAOS_SEED={seed}");
    let deck = seconds.map_or_else(Deck::short, |_| Deck::shuffled(seed));
    let allowed = seconds.map_or(Duration::MAX, Duration::from_secs);
    let site = Rc::new(Site::start(seed).await);
    site.learn().await;
    let traffic = Traffic::begin(&site, seed);
    let steps = faults(&site, seed, deck, allowed).await;
    traffic.end().await;
    let growth = site.growth(site.steady());
    end(&site, seed).await;
    let (calls, lives) = (site.answered.get(), site.logs.borrow().len());
    println!(
        "chaos: seed {seed}: {steps} faults, {calls} calls answered, {} too late, {} orders carried \
         out, {lives} gateways, {} of {} kinds of faults at services; {growth}; nothing amiss",
        site.late.get(),
        site.azure.orders().len(),
        site.injected.borrow().len(),
        SERVICES
            .map(|service| kinds(service).len())
            .iter()
            .sum::<usize>(),
    );
    site.files.remove();
}

/// Has faults pass until the time is up; how many did.
async fn faults(site: &Site, seed: u64, mut deck: Deck, allowed: Duration) -> usize {
    site.calm().await;
    site.judge(&format!("seed {seed}, before any fault")).await;
    let (begun, mut steps) = (Instant::now(), 0);
    let mut random = fastrand::Rng::with_seed(seed);
    while begun.elapsed() < allowed
        && let Some(step) = deck.draw()
    {
        let since = Instant::now();
        steps += 1;
        // What one fault draws changes nothing of the next.
        site.random.replace(random.fork());
        let weather = step.iter().map(|fault| fault.weather()).max();
        site.weather.set(weather.unwrap_or(Weather::Calm));
        println!("chaos: seed {seed}, step {steps}: {step:?}");
        join_all(step.iter().map(|fault| fault.pass(site))).await;
        let held = since.elapsed();
        site.calm().await;
        let when = format!("seed {seed}, step {steps}, {step:?}");
        site.judge(&when).await;
        let well = since.elapsed();
        println!("chaos: it lasted {held:.1?}; all was well after {well:.1?}");
    }
    steps
}

/// Everything that was begun comes to its end, and so do the gateways.
async fn end(site: &Site, seed: u64) {
    let unended = || {
        let mut ledger = site.ledger.borrow_mut();
        let new = ledger.read();
        site.see(&new);
        ledger.unended()
    };
    site.until("every change has its outcome", async || {
        unended().is_empty().then_some(())
    })
    .await;
    for slot in 0..site.len() {
        site.signal(slot, "-TERM");
    }
    for slot in 0..site.len() {
        let replica = site.slots.borrow_mut()[slot].replica.take();
        let code = replica.expect("a gateway").ended().await;
        if code != Some(0) {
            site.find(format!("gateway {slot} ended with {code:?}"));
        }
    }
    site.judge(&format!("seed {seed}, at the end")).await;
    let unended = unended();
    assert!(
        unended.is_empty(),
        "seed {seed}: without an outcome: {unended:?}"
    );
}

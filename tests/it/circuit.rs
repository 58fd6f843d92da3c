//! Azure does not answer at all.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};
use azure_sandbox::{Fault, Service, Times};
use futures_util::future::join_all;

use crate::{
    answer::Answer,
    gateway::Gateway,
    upstreams::{ARM, BOTH, GRAPH, Upstream},
    wire::{Connection, get},
};

/// What is back is known within this.
const SOON: Duration = Duration::from_secs(1);

/// What a machine may take more that has too much to do.
const SLACK: Duration = Duration::from_secs(1);

/// How often somebody looks whether there is an answer again.
const LOOKS: Duration = Duration::from_millis(500);

/// Calls until nobody waits for an answer any more.
async fn opened(gateway: &Gateway, upstream: Upstream) {
    let path = upstream.path(1);
    let told = |answer: &Answer| {
        assert!(answer.status > 500, "{}", answer.text());
        answer.text().contains("was not asked").then_some(())
    };
    gateway.until(&path, told).await;
}

/// The line that is there while the circuit is open, or closed.
fn circuit(upstream: Upstream, is_open: bool) -> String {
    let (service, open) = (upstream.label, u8::from(is_open));
    format!("mi_gateway_upstream_circuit_open{{service=\"{service}\"}} {open}\n")
}

async fn is_open(gateway: &Gateway, upstream: Upstream) -> bool {
    let metrics = gateway.admin("/metrics").await.text();
    metrics.contains(&circuit(upstream, true))
}

/// Resolves when the circuit is closed, with nobody calling; how long it took.
async fn closed(gateway: &Gateway, upstream: Upstream) -> Duration {
    let since = Instant::now();
    let line = circuit(upstream, false);
    let is_closed = |answer: &Answer| answer.text().contains(&line).then_some(());
    gateway.until("/metrics", is_closed).await;
    since.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What callers are told, at once, while there is no answer: they wait neither for one
/// nor for another try, and Azure is asked by those alone who look.
async fn told_at_once(gateway: &Gateway, upstream: Upstream) {
    const CALLS: u32 = 9;
    let (began, asked) = (Instant::now(), upstream.asked(gateway));
    let withheld = upstream.withheld("circuit");
    let before = gateway.metric(&withheld).await;
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let call = Instant::now();
        let answer = upstream.get(gateway, 1).await;
        times.push(call.elapsed());
        let told = (answer.status, answer.code(), answer.header("retry-after"));
        assert_eq!(told, (502, "upstream_failed".to_owned(), Some("1")));
    }
    let more = gateway.metric(&withheld).await - before;
    assert!((more - f64::from(CALLS)).abs() < 0.5, "each once: {more}");
    let looks = upstream.asked(gateway) - asked;
    let most = began.elapsed().as_millis() / LOOKS.as_millis() + 2;
    assert!(looks as u128 <= most, "{looks}, and not {most}");
    // The pauses of two more tries are 300 ms, by and large.
    let usual = median(times);
    assert!(usual < Duration::from_millis(150), "{usual:?}");
}

/// An upstream that hangs, where calls have so much time.
async fn hanging(upstream: Upstream, timeout: &str) {
    let gateway = upstream.gateway(&[("MIG_UPSTREAM_TIMEOUT", timeout)]).await;
    let hold = gateway.azure.hold(upstream.service);
    for _ in 0..5 {
        let answer = upstream.get(&gateway, 1).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (504, "upstream_timeout".to_owned()));
    }
    assert!(is_open(&gateway, upstream).await, "{}", upstream.label);
    told_at_once(&gateway, upstream).await;

    hold.release();
    let took = closed(&gateway, upstream).await;
    assert!(took < SOON + SLACK, "{took:?}");
    assert_eq!(upstream.get(&gateway, 1).await.status, 200);
}

#[actix_web::test]
async fn an_upstream_that_hangs_costs_callers_no_time_once_it_is_known() {
    join_all(BOTH.map(|upstream| hanging(upstream, "1s"))).await;
}

#[actix_web::test]
async fn an_upstream_that_hangs_is_known_to_callers_who_have_little_time() {
    join_all(BOTH.map(|upstream| hanging(upstream, "300ms"))).await;
}

/// How long it takes until an upstream that is back is known to be.
async fn back(gateway: &Gateway, upstream: Upstream) -> Duration {
    let away = gateway.azure.refuse_connections();
    opened(gateway, upstream).await;
    told_at_once(gateway, upstream).await;
    drop(away);
    closed(gateway, upstream).await
}

#[actix_web::test]
async fn an_upstream_that_is_back_is_noticed_within_a_second_with_nobody_calling() {
    for upstream in BOTH {
        let gateway = upstream.gateway(&[]).await;
        let mut times = Vec::new();
        for _ in 0..3 {
            times.push(back(&gateway, upstream).await);
            assert_eq!(upstream.get(&gateway, 1).await.status, 200);
        }
        assert!(times.iter().all(|it| *it < SOON + SLACK), "{times:?}");
        assert!(median(times.clone()) < SOON, "{times:?}");
    }
}

/// Callers at various moments of three seconds in which nobody answers.
async fn waiting(upstream: Upstream) {
    const ALLOWED: Duration = Duration::from_secs(1);
    let vars = [("MIG_UPSTREAM_TIMEOUT", "1s")];
    let gateway = upstream.gateway(&vars).await;
    let hold = gateway.azure.hold(upstream.service);
    let mut moments = time::interval(Duration::from_millis(25));
    let mut callers = Vec::new();
    for number in 1..=120 {
        moments.tick().await;
        let (api, request) = (gateway.api, get(&upstream.path(number), None));
        // On a thread that does nothing else: a busy one learns late what came in time.
        callers.push(rt::task::spawn_blocking(move || {
            let mut caller = Connection::to(api);
            let asked = Instant::now();
            let reply = caller.ask(&request);
            (reply.status, asked.elapsed())
        }));
    }
    let answers: Vec<_> = join_all(callers).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    for (status, took) in &answers {
        assert!([502, 504].contains(status), "{status}");
        assert!(*took < ALLOWED + SLACK, "{status} after {took:?}");
    }
    let in_vain = answers.iter().filter(|(status, _)| *status == 504);
    let late: Vec<_> = in_vain
        .map(|(_, took)| took.saturating_sub(ALLOWED))
        .collect();
    assert!(late.len() >= 20, "{} waited", late.len());
    let usual = median(late);
    assert!(usual <= Duration::from_millis(50), "{usual:?} beyond");
    hold.release();
}

#[actix_web::test]
async fn nobody_waits_for_an_upstream_that_hangs_beyond_their_time() {
    join_all(BOTH.map(waiting)).await;
}

/// Five orders in a row that nobody answers: whoever opens the circuit is the first to
/// be sent again, if anything is.
#[actix_web::test]
async fn an_order_is_not_sent_to_look_whether_azure_is_back_and_that_is_noticed() {
    let gateway = Rc::new(Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "3s")]));
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let orders: Vec<_> = (1..=5)
        .map(|number| {
            let gateway = Rc::clone(&gateway);
            let path = format!("/vms/web-0{number}/deallocate");
            rt::spawn(async move { gateway.post(&path).await })
        })
        .collect();
    hold.arrived(5).await;
    // An answer to the look at what became of one would close it again.
    let looks = gateway.azure.hold(Service::VirtualMachines);
    for order in orders {
        assert_eq!(order.await.unwrap().status, 504);
    }
    assert!(is_open(&gateway, ARM).await);

    looks.release();
    closed(&gateway, ARM).await;
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 5);
    hold.release();
}

/// What is asked of `there` while `away` is known not to answer.
async fn alone(away: Upstream, there: Upstream) {
    let gateway = away.gateway(&[("MIG_UPSTREAM_TIMEOUT", "1s")]).await;
    assert_eq!(there.get(&gateway, 1).await.status, 200);
    let hold = gateway.azure.hold(away.service);
    opened(&gateway, away).await;
    let answer = there.get(&gateway, 1).await;
    assert_eq!(answer.status, 200, "{}: {}", there.label, answer.text());
    assert!(!is_open(&gateway, there).await, "{}", there.label);
    assert!(is_open(&gateway, away).await, "{}", away.label);
    hold.release();
}

#[actix_web::test]
async fn an_upstream_that_hangs_keeps_nothing_from_the_other() {
    join_all([alone(ARM, GRAPH), alone(GRAPH, ARM)]).await;
}

#[actix_web::test]
async fn what_alone_does_not_answer_keeps_nothing_else_from_callers_for_long() {
    let gateway = ARM.gateway(&[("MIG_UPSTREAM_TIMEOUT", "1s")]).await;
    let _whole = gateway.azure.hold(Service::ResourceGraph);
    let listing = |answer: &Answer| answer.text().contains("was not asked").then_some(());
    gateway.until("/vms", listing).await;
    let listings = async {
        for size in (1..=1_000).cycle() {
            gateway.get(&format!("/vms?top={size}")).await;
            time::sleep(Duration::from_millis(20)).await;
        }
    };
    // As often as `Retry-After` has it.
    let other = async {
        for _ in 0..10 {
            if ARM.get(&gateway, 1).await.status == 200 {
                return true;
            }
            time::sleep(SOON).await;
        }
        false
    };
    tokio::select! {
        () = listings => {}
        is_answered = other => assert!(is_answered),
    }
}

/// Which names are asked for waits for a pace, and nobody does where none is asked for.
#[actix_web::test]
async fn names_that_would_not_be_asked_for_are_refused_at_once() {
    let scopes = (
        "MIG_SCOPES",
        "/subscriptions/5ab1e000-0000-4000-8000-000000000001",
    );
    let gateway = Gateway::with(&[scopes, ("MIG_UPSTREAM_TIMEOUT", "1s")]);
    gateway.ready().await;
    let _away = gateway.azure.refuse_connections();
    let told = |answer: &Answer| answer.text().contains("was not asked").then_some(());
    gateway.until("/vms", told).await;
    let since = Instant::now();
    for number in 0..20 {
        let answer = gateway.get(&format!("/vms/nobody-{number}")).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
    }
    // At two a second it would be eight.
    assert!(since.elapsed() < 4 * SOON, "{:?}", since.elapsed());
}

/// The listing is asked for all the time, and hangs.
#[actix_web::test]
async fn what_opened_it_is_asked_beside_whatever_else_does_not_answer() {
    let gateway = ARM.gateway(&[("MIG_UPSTREAM_TIMEOUT", "1s")]).await;
    let _whole = gateway.azure.hold(Service::ResourceGraph);
    gateway
        .azure
        .inject(ARM.service, Fault::Reset, Times::Always);
    opened(&gateway, ARM).await;
    let listings = async {
        loop {
            gateway.get("/vms").await;
            time::sleep(Duration::from_millis(20)).await;
        }
    };
    let withheld = ARM.withheld("circuit");
    let well = async {
        let before = gateway.metric(&withheld).await;
        while gateway.metric(&withheld).await < before + 50.0 {}
        gateway.azure.clear(ARM.service);
        let told = |answer: &Answer| (answer.status == 200).then_some(());
        gateway.within(10 * SOON, &ARM.path(1), told).await;
    };
    tokio::select! {
        () = listings => {}
        () = well => {}
    }
}

#[actix_web::test]
async fn an_upstream_whose_answers_break_off_is_there() {
    for upstream in BOTH {
        let gateway = upstream.gateway(&[]).await;
        gateway
            .azure
            .inject(upstream.service, Fault::Truncate, Times::Always);
        for _ in 0..9 {
            let answer = upstream.get(&gateway, 1).await;
            let told = (answer.status, answer.text().contains("broke off"));
            assert_eq!(told, (502, true), "{}", answer.text());
        }
        assert!(!is_open(&gateway, upstream).await);
    }
}

#[actix_web::test]
async fn an_upstream_that_refuses_is_there() {
    for upstream in BOTH {
        let gateway = upstream.gateway(&[]).await;
        let failing = Fault::answer(503, "{}");
        gateway
            .azure
            .inject(upstream.service, failing, Times::Always);
        for _ in 0..20 {
            assert_eq!(upstream.get(&gateway, 1).await.status, 502);
        }
        assert!(!is_open(&gateway, upstream).await);
    }
}

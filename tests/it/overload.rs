//! More is asked of Azure than it or the gateway can do.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle};
use azure_sandbox::{Caller, CallerToken, Fault, Host, Sandbox, Service, Settings, Times};
use futures_util::{
    future::{join, join_all},
    stream::{FuturesUnordered, StreamExt as _},
};

use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
    orders::{ended, ordered},
    upstreams::{ARM, BOTH, GRAPH, Upstream},
};

const MACHINE: &str = "/vms/web-01";

/// All of it: where a name is has to be looked up.
const SUBSCRIPTION: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";

/// Two calls to Azure at once, and two that wait.
const NARROW: [(&str, &str); 2] = [("MIG_WORKERS", "1"), ("MIG_UPSTREAM_CONCURRENCY", "2")];

fn is_overloaded(answer: &Answer) -> bool {
    answer.status == 503
        && answer.code() == "overloaded"
        && answer.header("retry-after") == Some("1")
}

/// What becomes of `count` calls that come together.
fn together(gateway: &Rc<Gateway>, upstream: Upstream, count: usize) -> Vec<JoinHandle<Answer>> {
    let call = |number| {
        let gateway = Rc::clone(gateway);
        rt::spawn(async move { upstream.get(&gateway, number).await })
    };
    (1..=count).map(call).collect()
}

/// Resolves when so many calls were withheld for `reason`.
async fn were_withheld(gateway: &Gateway, upstream: Upstream, reason: &str, count: usize) {
    let line = format!("{} {count}\n", upstream.withheld(reason));
    let found = |answer: &Answer| answer.text().contains(&line).then_some(());
    gateway.until("/metrics", found).await;
}

/// Resolves when at least so many calls were refused, for want of room or of a turn in time:
/// who waits for a turn while others still come in leaves their place to one of them.
async fn were_refused(gateway: &Gateway, upstream: Upstream, count: usize) {
    let series = ["queue_full", "queue_wait"].map(|reason| upstream.withheld(reason));
    let value = |line: &str| {
        let (name, value) = line.strip_prefix("mi_gateway_")?.rsplit_once(' ')?;
        series
            .iter()
            .any(|it| it == name)
            .then(|| value.parse::<usize>())
    };
    let found = |answer: &Answer| {
        let text = answer.text();
        let refused: usize = text.lines().filter_map(value).map(Result::unwrap).sum();
        (refused >= count).then_some(())
    };
    gateway.until("/metrics", found).await;
}

#[actix_web::test]
async fn what_cannot_be_asked_in_time_is_refused_and_never_sent() {
    for upstream in BOTH {
        let gateway = Rc::new(upstream.gateway(&NARROW).await);
        let hold = gateway.azure.hold(upstream.service);
        let calls = together(&gateway, upstream, 6);
        for reason in ["queue_full", "queue_wait"] {
            were_withheld(&gateway, upstream, reason, 2).await;
        }

        // Health has threads of its own.
        assert_eq!(gateway.admin("/livez").await.status, 200);
        hold.release();
        let answers = join_all(calls).await.into_iter().map(Result::unwrap);
        let (served, refused): (Vec<_>, Vec<_>) = answers.partition(|it| it.status == 200);
        assert_eq!((served.len(), refused.len()), (2, 4));
        assert!(refused.iter().all(is_overloaded));
        assert_eq!(upstream.asked(&gateway), 3);
        assert_eq!(upstream.get(&gateway, 7).await.status, 200);
    }
}

/// GET of `path` by `caller`, each time with another token.
fn called(gateway: &Rc<Gateway>, caller: Caller, path: &'static str) -> JoinHandle<Answer> {
    let token = gateway.azure.caller_token(&CallerToken::of(caller));
    let gateway = Rc::clone(gateway);
    rt::spawn(async move { get(&gateway, path, &token).await })
}

#[actix_web::test]
async fn who_fills_every_place_makes_room_for_others_and_takes_turns_with_them() {
    let narrow = [("MIG_WORKERS", "1"), ("MIG_UPSTREAM_CONCURRENCY", "3")];
    let gateway = Rc::new(entra(&narrow));
    gateway.ready().await;
    let theirs = |path| called(&gateway, Caller::operator(), path);
    // Names are known from here on.
    for path in [MACHINE, "/vms/web-02"] {
        assert_eq!(theirs(path).await.unwrap().status, 200);
    }
    let whole = gateway.azure.hold(Service::ResourceGraph);
    let first = gateway.azure.hold(Service::VirtualMachines);
    let mut flood = FuturesUnordered::from_iter(["/vms", MACHINE, MACHINE].map(theirs));
    tokio::join!(whole.arrived(1), first.arrived(2));
    flood.extend([MACHINE; 3].map(theirs));
    gateway.busy_with(6).await;

    let mut other = called(&gateway, Caller::reader(), "/vms/web-02");
    let refused = flood.next().await.unwrap().unwrap();
    assert!(is_overloaded(&refused), "{}", refused.text());
    // Two turns end: one of the flood's comes next, and the other caller's then.
    let next = gateway.azure.hold(Service::VirtualMachines);
    first.release();
    tokio::select! {
        answer = &mut other => panic!("it was not asked: {}", answer.unwrap().text()),
        () = next.arrived(2) => {}
    }
    let asked = gateway.azure.requests(Service::VirtualMachines);
    let latest = asked.iter().rev().take(2);
    let others = latest.filter(|it| it.path.ends_with("/web-02"));
    assert_eq!(others.count(), 1);
    next.release();
    assert_eq!(other.await.unwrap().status, 200);
    whole.release();
}

/// Whoever comes first asks for the names of others too.
#[actix_web::test]
async fn a_look_up_does_not_go_with_the_calls_of_whoever_has_too_many() {
    let narrow = [
        ("MIG_WORKERS", "1"),
        ("MIG_UPSTREAM_CONCURRENCY", "3"),
        ("MIG_SCOPES", SUBSCRIPTION),
    ];
    let gateway = Rc::new(entra(&narrow));
    gateway.ready().await;
    let theirs = |path| called(&gateway, Caller::operator(), path);
    for path in [MACHINE, "/vms/web-02"] {
        assert_eq!(theirs(path).await.unwrap().status, 200);
    }
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let mut flood = FuturesUnordered::from_iter([MACHINE; 3].map(theirs));
    hold.arrived(3).await;
    flood.extend([MACHINE; 2].map(theirs));
    gateway.busy_with(5).await;

    let name = theirs("/vms/nobody");
    let other = called(&gateway, Caller::reader(), "/vms/web-02");
    let refused = flood.next().await.unwrap().unwrap();
    assert!(is_overloaded(&refused), "{}", refused.text());
    hold.release();
    assert_eq!(name.await.unwrap().status, 404);
    assert_eq!(other.await.unwrap().status, 200);
}

/// Callers ask together for what is wanted, and there is no turn for it.
async fn without_a_turn(upstream: Upstream, service: Service, [other, wanted]: [&'static str; 2]) {
    let gateway = Rc::new(Gateway::with(&[
        ("MIG_WORKERS", "1"),
        ("MIG_UPSTREAM_CONCURRENCY", "1"),
        ("MIG_SCOPES", SUBSCRIPTION),
    ]));
    gateway.proven().await;
    let ask = |path| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.get(path).await })
    };
    let hold = gateway.azure.hold(service);
    let first = ask(other);
    hold.arrived(1).await;
    let answers = join_all([wanted; 3].map(ask)).await;
    for answer in answers.into_iter().map(Result::unwrap) {
        assert!(is_overloaded(&answer), "{}", answer.text());
    }
    // One for all, and another for those who joined it.
    let withheld = gateway.metric(&upstream.withheld("queue_wait")).await;
    assert!(withheld >= 2.0, "{withheld}");
    hold.release();
    assert_eq!(first.await.unwrap().status, 200);
}

#[actix_web::test]
async fn who_joined_a_caller_that_got_no_turn_asks_for_their_own() {
    let machines = ["/vms/web-02", MACHINE];
    let pages = [
        "/directory/users?department=Seinfeld&top=1",
        "/directory/users?department=Seinfeld&top=2",
    ];
    join(
        without_a_turn(ARM, Service::ResourceGraph, machines),
        without_a_turn(GRAPH, Service::Graph, pages),
    )
    .await;
}

/// The look before the order has a turn, and the order itself none: another caller's look is
/// before it.
#[actix_web::test]
async fn who_joined_an_order_that_got_no_turn_gives_one_of_their_own() {
    let narrow = [("MIG_WORKERS", "1"), ("MIG_UPSTREAM_CONCURRENCY", "1")];
    let gateway = Rc::new(ARM.gateway(&narrow).await);
    // Names are known from here on.
    assert_eq!(gateway.get("/vms/web-02").await.status, 200);
    let call = |method: &'static str, path: &'static str| {
        let gateway = Rc::clone(&gateway);
        let api = gateway.api;
        rt::spawn(async move { gateway.send(method, api, path, &[], Vec::new()).await })
    };
    let first = gateway.azure.hold(Service::VirtualMachines);
    let orders = [(); 2].map(|()| call("POST", "/vms/web-01/restart"));
    first.arrived(1).await;
    gateway.busy_with(2).await;
    let mut other = call("GET", "/vms/web-02");
    gateway.busy_with(3).await;
    let next = gateway.azure.hold(Service::VirtualMachines);

    first.release();

    tokio::select! {
        answer = &mut other => panic!("it was not asked: {}", answer.unwrap().text()),
        () = next.arrived(1) => {}
    }
    for order in join_all(orders).await {
        let answer = order.unwrap();
        assert!(is_overloaded(&answer), "{}", answer.text());
    }
    // The first one's order, and the other's look.
    let withheld = gateway.metric(&ARM.withheld("queue_wait")).await;
    assert!(withheld >= 2.0, "{withheld}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    next.release();
    assert_eq!(other.await.unwrap().status, 200);
}

#[actix_web::test]
async fn whoever_asks_again_at_once_is_refused_more_slowly() {
    const CALLS: usize = 400;
    let gateway = Rc::new(Gateway::with(&NARROW));
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let began = Instant::now();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move {
                let asked = Instant::now();
                let answer = gateway.get(MACHINE).await;
                (answer, asked.elapsed())
            })
        })
        .collect();
    were_refused(&gateway, ARM, CALLS - 4).await;
    let seconds = began.elapsed().as_secs_f64();
    hold.release();
    let (mut prompt, mut late) = (0, 0);
    for call in calls {
        let (answer, took) = call.await.unwrap();
        assert!(answer.status == 200 || is_overloaded(&answer));
        match took {
            took if answer.status == 200 || took < Duration::from_millis(900) => prompt += 1,
            _ => late += 1,
        }
    }
    // A hundred a second, a hundred beforehand, and the four that were no refusals.
    let most = 104.0 + 100.0 * seconds;
    assert!(f64::from(prompt) <= most, "{prompt} in {seconds} s");
    assert_eq!(prompt + late, 400);
}

/// How many requests for a machine that ended with a status of 5xx took up to `le`.
async fn refused_within(gateway: &Gateway, le: &str) -> f64 {
    let labels = format!(r#"method="GET",route="/vms/{{name}}",status="5xx",le="{le}""#);
    let series = format!("http_request_duration_seconds_bucket{{{labels}}}");
    gateway.metric(&series).await
}

#[actix_web::test]
async fn nobody_is_refused_later_than_their_time_at_azure_ends() {
    let vars = [&NARROW[..], &[("MIG_UPSTREAM_TIMEOUT", "300ms")]].concat();
    let gateway = Rc::new(ARM.gateway(&vars).await);
    let slow = Fault::Delay(Duration::from_millis(100));
    gateway.azure.inject(ARM.service, slow, Times::Always);
    let answers = join_all(together(&gateway, ARM, 500)).await.into_iter();
    let refused = answers.filter(|it| is_overloaded(it.as_ref().unwrap()));
    assert!(refused.count() >= 200);
    // As the gateway has it: its client is as busy as it is.
    let all = refused_within(&gateway, "+Inf").await;
    let slowed = all - refused_within(&gateway, "0.25").await;
    assert!(slowed >= 50.0, "{slowed}");
    // Each of them would be, were they refused a second after they asked.
    let late = all - refused_within(&gateway, "1").await;
    assert!(late <= slowed / 2.0, "{late} of {slowed}");
}

#[actix_web::test]
async fn an_order_beyond_those_under_way_is_refused_and_nothing_sent() {
    let settings = Settings {
        operation_takes: Duration::from_secs(2),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let vars = [("MIG_OPERATION_LIMIT", "1")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &vars);
    let first = ordered(&gateway, "web-01", "deallocate").await;
    let sent = gateway.azure.requests(Service::VirtualMachines).len();
    let answer = gateway.post("/vms/web-02/restart").await;
    assert!(is_overloaded(&answer), "{}", answer.text());
    assert!(answer.text().contains("MIG_OPERATION_LIMIT"));
    // The same order is the same operation.
    assert_eq!(ordered(&gateway, "web-01", "deallocate").await, first);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), sent);
    assert!(gateway.metric(&ARM.withheld("operation_limit")).await >= 1.0);

    assert_eq!(ended(&gateway, &first).await["status"], "Succeeded");
    let second = ordered(&gateway, "web-02", "restart").await;
    assert_eq!(ended(&gateway, &second).await["status"], "Succeeded");
}

/// Calls one after the other, of which each fails; how many were made again.
async fn failing(gateway: &Gateway, upstream: Upstream, calls: usize) -> usize {
    let before = upstream.asked(gateway);
    for number in 1..=calls {
        let answer = upstream.get(gateway, number).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed")
        );
    }
    upstream.asked(gateway) - before - calls
}

/// A gateway in front of an upstream that fails from its second answer on.
async fn before_failing(upstream: Upstream, vars: &[(&str, &str)]) -> Gateway {
    let gateway = upstream.gateway(vars).await;
    let fault = Fault::answer(500, "{}");
    gateway.azure.inject(upstream.service, fault, Times::Always);
    gateway
}

async fn one_in_ten_is_made_again(upstream: Upstream) {
    const CALLS: usize = 300;
    let gateway = before_failing(upstream, &[]).await;
    let again = failing(&gateway, upstream, CALLS).await;
    // One in ten, and the twenty that every start has.
    let allowed = 40..=CALLS / 10 + 20;
    assert!(allowed.contains(&again), "{}: {again}", upstream.label);
    assert!(gateway.metric(&upstream.withheld("retry_budget")).await > 0.0);
}

#[actix_web::test]
async fn one_call_in_ten_is_made_again() {
    join_all(BOTH.map(one_in_ten_is_made_again)).await;
}

async fn refusals_have_no_other_made_again(upstream: Upstream) {
    const REFUSED: usize = 200;
    const CALLS: usize = 100;
    let gateway = Rc::new(before_failing(upstream, &NARROW).await);
    // What was saved up is used up.
    while gateway.metric(&upstream.withheld("retry_budget")).await < 1.0 {
        failing(&gateway, upstream, 1).await;
    }
    let hold = gateway.azure.hold(upstream.service);
    let calls = together(&gateway, upstream, REFUSED + 4);
    were_refused(&gateway, upstream, REFUSED).await;
    hold.release();
    join_all(calls).await;

    let again = failing(&gateway, upstream, CALLS).await;
    // One more by what was left over, and what the four have earned that were made.
    let allowed = CALLS / 10..=CALLS / 10 + 1;
    assert!(allowed.contains(&again), "{}: {again}", upstream.label);
}

#[actix_web::test]
async fn calls_that_were_not_made_have_no_other_made_again() {
    join_all(BOTH.map(refusals_have_no_other_made_again)).await;
}

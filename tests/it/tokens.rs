//! The token cache: who waits, who does not, and how often Azure is asked.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{answer::Answer, gateway::Gateway};

const MACHINE: &str = "/vms/web-01";
const USERS: &str = "/directory/users?department=Seinfeld";

/// More callers come here than Resource Manager would answer about one machine.
fn azure() -> Sandbox {
    Sandbox::start(Settings {
        throttles: false,
        ..Settings::default()
    })
    .unwrap()
}

/// Callers who come together. They all have to be there while one request for a token is
/// waited for, which is five seconds, on a machine that has much else to do.
const CROWD: usize = 250;

/// The calls of all of them get to Azure, however they are spread over workers.
const ALL_AT_ONCE: (&str, &str) = ("MIG_UPSTREAM_CONCURRENCY", "512");

/// The answers to `count` callers that come together.
async fn together(gateway: &Rc<Gateway>, count: usize, path: &'static str) -> Vec<Answer> {
    let callers: Vec<_> = (0..count)
        .map(|_| {
            let gateway = Rc::clone(gateway);
            rt::spawn(async move { gateway.get(path).await })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    answers
}

#[actix_web::test]
async fn c5_a_crowd_of_cold_callers_shares_one_token_request() {
    let azure = azure();
    let hold = azure.hold(Service::Token);
    let patient = [
        ("MIG_TOKEN_WAIT", "60s"),
        ("MIG_UPSTREAM_TIMEOUT", "60s"),
        ALL_AT_ONCE,
    ];
    let gateway = Rc::new(Gateway::before(azure, Host::ContainerApp, &patient));
    let callers = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { together(&gateway, CROWD, MACHINE).await }
    });
    let series = format!(r#"token_cache_events_total{{event="joined",resource="arm"}} {CROWD}"#);
    let joined = |answer: &Answer| answer.text().contains(&series).then_some(());
    // The start-up began the acquisition; all callers joined it.
    gateway.until("/metrics", joined).await;
    hold.release();
    let answers = callers.await.unwrap();
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn t10_callers_that_leave_do_not_end_the_acquisition() {
    let azure = azure();
    let hold = azure.hold(Service::Token);
    let impatient = [("MIG_TOKEN_WAIT", "300ms")];
    let gateway = Rc::new(Gateway::before(azure, Host::ContainerApp, &impatient));
    for answer in together(&gateway, 10, MACHINE).await {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "unavailable")
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    hold.release();
    gateway.proven().await;
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn nobody_waits_for_a_token_beyond_the_time_of_the_call() {
    let azure = azure();
    let hold = azure.hold(Service::Token);
    let vars = [("MIG_TOKEN_WAIT", "30s"), ("MIG_UPSTREAM_TIMEOUT", "300ms")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &vars);
    let began = Instant::now();
    let answer = gateway.get(MACHINE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(began.elapsed() < Duration::from_secs(3));
    hold.release();
}

#[actix_web::test]
async fn c10_a_resource_does_not_wait_for_anothers_acquisition() {
    let gateway = Rc::new(Gateway::start());
    gateway.proven().await;
    let hold = gateway.azure.hold(Service::Token);
    gateway.azure.inject(
        Service::VirtualMachines,
        Fault::answer(401, ""),
        Times::Next(1),
    );
    let waiting = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { gateway.get(MACHINE).await }
    });
    hold.arrived(1).await;
    let before = Instant::now();
    assert_eq!(gateway.get(USERS).await.status, 200);
    assert!(before.elapsed() < Duration::from_secs(1));
    assert!(!waiting.is_finished());
    gateway.azure.expire_tokens();
    hold.release();
    assert_eq!(waiting.await.unwrap().status, 200);
}

#[actix_web::test]
async fn fifty_callers_are_told_of_one_refusal() {
    let azure = azure();
    let body = r#"{"statusCode":400,"message":"Unable to load requested managed identity."}"#;
    azure.inject(Service::Token, Fault::answer(400, body), Times::Always);
    let hold = azure.hold(Service::Token);
    let patient = [("MIG_TOKEN_WAIT", "60s"), ("MIG_UPSTREAM_TIMEOUT", "60s")];
    let gateway = Rc::new(Gateway::before(azure, Host::ContainerApp, &patient));
    let callers = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { together(&gateway, 50, MACHINE).await }
    });
    let joined = |answer: &Answer| {
        let series = r#"token_cache_events_total{event="joined",resource="arm"} 50"#;
        answer.text().contains(series).then_some(())
    };
    gateway.until("/metrics", joined).await;
    hold.release();
    let before = Instant::now();
    for answer in callers.await.unwrap() {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "unavailable")
        );
        let problem = answer.json();
        assert_eq!(problem["upstream"]["service"], "identity");
        assert!(
            problem["upstream"]["message"]
                .as_str()
                .unwrap()
                .starts_with("Unable to load")
        );
    }
    assert!(before.elapsed() < Duration::from_secs(2));
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn c7_an_endpoint_that_dies_after_half_life_is_not_noticed_until_the_hard_limit() {
    // Stale for the last twentieth to seventh of its use: long enough for a
    // request to fall into that on a busy machine.
    let lifetime = Duration::from_secs(12);
    let azure = Sandbox::start(Settings {
        token_lifetime: lifetime,
        throttles: false,
        ..Settings::default()
    });
    // The second token and all later ones are not given out.
    let began = Instant::now();
    let gateway = Gateway::before(azure.unwrap(), Host::ContainerApp, &[]);
    gateway.proven().await;
    gateway
        .azure
        .inject(Service::Token, Fault::answer(500, "{}"), Times::Always);
    let mut ticks = rt::time::interval(Duration::from_millis(10));
    let failed_after = loop {
        ticks.tick().await;
        let before = began.elapsed();
        if gateway.get(MACHINE).await.status != 200 {
            break before;
        }
    };
    // Expiry is told in whole seconds: the lifetime may be a second shorter.
    let shortest = lifetime.saturating_sub(Duration::from_secs(1));
    let hard_limit = shortest.mul_f64(0.9);
    assert!(
        failed_after >= hard_limit.saturating_sub(Duration::from_millis(50)),
        "{failed_after:?}"
    );
    let stale = r#"token_cache_events_total{event="stale_hit",resource="arm"}"#;
    assert!(gateway.metric(stale).await > 0.0);
    // One renewal for each resource, not one for each caller.
    let renewals = gateway.token_requests("management").len() - 1;
    assert!((1..=8).contains(&renewals), "{renewals}");
}

#[actix_web::test]
async fn tokens_are_renewed_with_neither_callers_nor_probes() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::from_secs(4),
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::ContainerApp, &[]);
    let renewed = async {
        let mut ticks = time::interval(Duration::from_millis(50));
        let count = |resource| gateway.token_requests(resource).len();
        while count("management") < 3 || count("graph") < 3 {
            ticks.tick().await;
        }
    };
    let renewed = time::timeout(Duration::from_secs(30), renewed).await;
    renewed.expect("two renewals of each token");
}

#[actix_web::test]
async fn c9_a_crowd_of_requests_refused_for_one_token_makes_one_acquisition() {
    let patient = [("MIG_UPSTREAM_TIMEOUT", "60s"), ALL_AT_ONCE];
    let gateway = Rc::new(Gateway::before(azure(), Host::ContainerApp, &patient));
    gateway.proven().await;
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let callers = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { together(&gateway, CROWD, MACHINE).await }
    });
    let arrived = time::timeout(Duration::from_mins(1), hold.arrived(CROWD));
    arrived.await.expect("every request gets to Azure");
    gateway.azure.expire_tokens();
    hold.release();
    let answers = callers.await.unwrap();
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(gateway.token_requests("management").len(), 2);
    let dropped = r#"token_invalidations_total{reason="401",resource="arm"}"#;
    assert!((gateway.metric(dropped).await - 1.0).abs() < 0.1);
}

#[actix_web::test]
async fn a_failure_that_passes_is_repeated_and_not_shown() {
    for status in [404, 429, 500, 503] {
        let azure = azure();
        azure.inject(Service::Token, Fault::answer(status, "{}"), Times::Next(2));
        let gateway = Gateway::before(azure, Host::ContainerApp, &[("MIG_TOKEN_WAIT", "10s")]);
        assert_eq!(gateway.get(MACHINE).await.status, 200, "{status}");
    }
}

fn throttled(retry_after: &str) -> Fault {
    Fault::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), retry_after.to_owned())],
        body: "{}".to_owned(),
    }
}

/// Resolves when there is no token for either resource, for the reason that `code` tells.
async fn both_absent(gateway: &Gateway, code: &str) {
    let absent = |answer: &Answer| {
        let told = answer.json();
        let mut tokens = told["tokens"].as_array().unwrap().iter();
        let is_so = |it: &Value| it["state"] == "absent" && it["lastFailure"]["code"] == code;
        tokens.all(is_so).then_some(())
    };
    gateway.until("/identity", absent).await;
}

fn pause(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[actix_web::test]
async fn an_endpoint_that_asks_for_a_pause_has_it_from_both_resources() {
    let azure = azure();
    azure.inject(Service::Token, throttled("120"), Times::Next(1));
    let gateway = Gateway::before(azure, Host::Vm, &[]);

    both_absent(&gateway, "throttled").await;

    for path in [MACHINE, USERS] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!((100..=120).contains(&pause(&answer)), "{}", answer.text());
    }
    assert_eq!(gateway.azure.requests(Service::Token).len(), 1);
}

#[actix_web::test]
async fn a_pause_that_a_renewal_was_asked_for_holds_when_the_token_has_ended() {
    let azure = Sandbox::start(Settings {
        token_lifetime: Duration::from_secs(5),
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::Vm, &[]);
    gateway.ready().await;
    let asked = gateway.azure.requests(Service::Token).len();
    gateway
        .azure
        .inject(Service::Token, throttled("120"), Times::Next(1));

    both_absent(&gateway, "throttled").await;

    assert_eq!(gateway.get(MACHINE).await.status, 503);
    assert_eq!(gateway.azure.requests(Service::Token).len(), asked + 1);
}

#[actix_web::test]
async fn callers_are_told_when_the_gateway_asks_again_and_not_what_it_was_asked_for() {
    let azure = azure();
    azure.inject(Service::Token, throttled("3600"), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);

    let first = gateway.get(MACHINE).await;

    assert!((290..=300).contains(&pause(&first)), "{}", first.text());
    let less = |answer: &Answer| (pause(answer) < pause(&first)).then_some(());
    gateway.until(MACHINE, less).await;
}

#[actix_web::test]
async fn who_waits_in_vain_is_told_what_has_failed_so_far() {
    let azure = azure();
    azure.inject(Service::Token, Fault::answer(500, "{}"), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[("MIG_TOKEN_WAIT", "1500ms")]);
    let answer = gateway.get(MACHINE).await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (503, "unavailable".to_owned()));
    assert_eq!(answer.json()["upstream"]["service"], "identity");
    assert_eq!(
        answer.json()["upstream"]["status"],
        500,
        "{}",
        answer.text()
    );
}

#[actix_web::test]
async fn tokens_that_are_none_are_not_used() {
    for body in [
        "<html>a proxy</html>",
        r#"{"access_token":"","expires_in":3600}"#,
        r#"{"access_token":"t","expires_on":"yesterday"}"#,
    ] {
        let azure = azure();
        azure.inject(Service::Token, Fault::answer(200, body), Times::Always);
        let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
        let answer = gateway.get(MACHINE).await;
        assert_eq!(answer.status, 503, "{body}: {}", answer.text());
    }
}

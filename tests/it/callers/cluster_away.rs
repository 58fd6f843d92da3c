//! The cluster that is to review callers' tokens is slow, fails, or does not answer at all.

use std::{
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    rc::Rc,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::{Fault, Service, ServiceAccountToken, Times};
use serde::Deserialize as _;
use serde_json::{Deserializer, Value};

use super::{
    bearer::get,
    kubernetes::{calls, reviewing, reviews},
};
use crate::{answer::Answer, gateway::Gateway};

const MACHINE: &str = "/vms/web-01";
const CIRCUIT: &str = r#"upstream_circuit_open{service="kubernetes"}"#;
const BUDGET: &str = r#"upstream_withheld_total{reason="retry_budget",service="kubernetes"}"#;

/// GET of the machine with the token of `name`, and how long that took.
async fn timed(gateway: &Gateway, name: &str) -> (Answer, Duration) {
    let account = ServiceAccountToken::of("ops", name);
    let token = gateway.azure.service_account_token(&account);
    let began = Instant::now();
    let answer = get(gateway, MACHINE, &token).await;
    (answer, began.elapsed())
}

fn is_unavailable(answer: &Answer) -> bool {
    answer.status == 503
        && answer.code() == "unavailable"
        && answer.header("retry-after") == Some("1")
}

#[actix_web::test]
async fn an_api_server_that_hangs_costs_callers_no_time_once_it_is_known() {
    let gateway = Rc::new(reviewing(&[]).await);
    let hold = gateway.azure.hold(Service::TokenReview);
    for call in calls(&gateway, 5) {
        assert_eq!(call.await.unwrap(), 503);
    }
    assert!(gateway.metric(CIRCUIT).await > 0.5);
    for name in ["late", "later", "latest"] {
        let (answer, took) = timed(&gateway, name).await;
        assert!(is_unavailable(&answer), "{}", answer.text());
        assert!(took < Duration::from_millis(900), "{took:?}");
    }

    // With nobody calling.
    hold.release();
    let closed = format!("mi_gateway_{CIRCUIT} 0\n");
    let is_closed = |answer: &Answer| answer.text().contains(&closed).then_some(());
    gateway.until("/metrics", is_closed).await;
    assert_eq!(timed(&gateway, "back").await.0.status, 200);
}

/// The token that is to be reviewed by what comes on `stream`, if anything does.
fn under_review(stream: TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    }
    let review = Value::deserialize(&mut Deserializer::from_reader(reader)).ok()?;
    review["spec"]["token"].as_str().map(str::to_owned)
}

/// The URL of an API server that ends connections without an answer, and the tokens that it
/// was to review.
fn mute() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, tokens) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever asked is still connected when it is told.
            let stream = stream.unwrap();
            let token = under_review(stream.try_clone().unwrap());
            if token.is_some_and(|token| sender.send(token).is_err()) {
                return;
            }
        }
    });
    (url, tokens)
}

#[actix_web::test]
async fn who_looks_whether_the_api_server_is_back_shows_no_callers_token() {
    let (url, reviewed) = mute();
    let gateway = reviewing(&[("MIG_KUBERNETES_ENDPOINT", &url)]).await;
    let account = ServiceAccountToken::of("ops", "robot");
    let token = gateway.azure.service_account_token(&account);
    loop {
        assert!(is_unavailable(&get(&gateway, MACHINE, &token).await));
        if gateway.metric(CIRCUIT).await > 0.5 {
            break;
        }
    }
    let before: Vec<_> = reviewed.try_iter().collect();
    assert!(before.contains(&token));
    for _ in 0..3 {
        let look = reviewed.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_ne!(look, token);
    }
}

/// The status of readiness, and what it says of reviews: whether all is well, whether the
/// gateway would not be ready, and the word for it.
fn standing(readiness: &Answer) -> (u16, [Value; 3]) {
    let json = readiness.json();
    let mut checks = json["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["name"] == "reviews:kubernetes");
    let told = ["ok", "required", "code"].map(|name| check.unwrap()[name].clone());
    (readiness.status, told)
}

/// Of a gateway that is ready.
fn fine() -> (u16, [Value; 3]) {
    (200, [true.into(), true.into(), "fine".into()])
}

#[actix_web::test]
async fn readiness_tells_of_an_api_server_that_is_away_and_does_not_end() {
    let gateway = Rc::new(reviewing(&[]).await);
    let azure = &gateway.azure;
    azure.inject(Service::TokenReview, Fault::Close, Times::Always);
    for call in calls(&gateway, 5) {
        assert_eq!(call.await.unwrap(), 503);
    }
    let away = [false.into(), false.into(), "unreachable".into()];
    assert_eq!(standing(&gateway.admin("/readyz").await), (200, away));

    azure.clear(Service::TokenReview);
    let is_fine = |answer: &Answer| (standing(answer) == fine()).then_some(());
    gateway.until("/readyz", is_fine).await;
}

#[actix_web::test]
async fn readiness_tells_that_the_gateway_may_have_no_token_reviewed() {
    let gateway = reviewing(&[]).await;
    assert_eq!(standing(&gateway.admin("/readyz").await), fine());
    for status in [403, 401] {
        let denied = Fault::answer(status, "{}");
        let azure = &gateway.azure;
        azure.inject(Service::TokenReview, denied, Times::Next(1));
        let name = format!("robot-{status}");
        assert!(is_unavailable(&timed(&gateway, &name).await.0));
        let denied = [false.into(), false.into(), "denied".into()];
        let readiness = gateway.admin("/readyz").await;
        assert_eq!(standing(&readiness), (200, denied));
        // Which of the two it is, the doctor tells.
        assert!(readiness.text().contains("mi-gateway doctor says why"));

        assert_eq!(timed(&gateway, &name).await.0.status, 200);
        assert_eq!(standing(&gateway.admin("/readyz").await), fine());
    }
}

#[actix_web::test]
async fn one_review_in_ten_is_asked_for_again() {
    const CALLS: usize = 100;
    let gateway = reviewing(&[]).await;
    let failing = Fault::answer(503, "{}");
    let azure = &gateway.azure;
    azure.inject(Service::TokenReview, failing, Times::Always);
    let token = azure.service_account_token(&ServiceAccountToken::default());
    for _ in 0..CALLS {
        assert!(is_unavailable(&get(&gateway, MACHINE, &token).await));
    }
    let again = reviews(&gateway) - CALLS;
    // One in ten, and the twenty that every start has.
    assert!((20..=CALLS / 10 + 20).contains(&again), "{again}");
    assert!(gateway.metric(BUDGET).await > 0.0);
    // Who refuses is there.
    assert!(gateway.metric(CIRCUIT).await < 0.5);
}

#[actix_web::test]
async fn the_time_of_a_request_begins_before_it_is_known_who_calls() {
    let gateway = reviewing(&[("MIG_UPSTREAM_TIMEOUT", "3s")]).await;
    // The name of the machine is known from here on.
    assert_eq!(timed(&gateway, "early").await.0.status, 200);
    let slow = Fault::Delay(Duration::from_secs(2));
    gateway
        .azure
        .inject(Service::TokenReview, slow, Times::Always);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let (answer, took) = timed(&gateway, "robot").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "upstream_timeout")
    );
    assert!(took < Duration::from_secs(4), "{took:?}");
    hold.release();
}

#[actix_web::test]
async fn nobody_waits_for_a_review_beyond_their_time() {
    let gateway = reviewing(&[("MIG_UPSTREAM_TIMEOUT", "1s")]).await;
    let hold = gateway.azure.hold(Service::TokenReview);
    let (answer, took) = timed(&gateway, "robot").await;
    assert!(is_unavailable(&answer), "{}", answer.text());
    assert!(took < Duration::from_secs(3), "{took:?}");
    hold.release();
}

//! What Graph says of its limits holds for every caller.

use std::time::{Duration, Instant};

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::gateway::Gateway;

const RESEARCH: &str = "/directory/users?department=R%26D";

const COMEDY: &str = "/directory/users?department=Seinfeld";

#[actix_web::test]
async fn who_comes_while_graph_is_closed_is_told_when_it_opens_and_graph_is_not_asked() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let fault = Fault::Throttle { retry_after: 90 };
    gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    let first = gateway.get(RESEARCH).await;
    let asked = gateway.azure.requests(Service::Graph).len();
    let later = gateway.get(COMEDY).await;
    for answer in [&first, &later] {
        assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
        let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((80..=90).contains(&pause), "{pause}");
    }
    assert_eq!(gateway.azure.requests(Service::Graph).len(), asked);
}

#[actix_web::test]
async fn an_outage_that_names_its_end_closes_graph_and_is_told_as_an_outage() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let fault = Fault::Answer {
        status: 503,
        headers: vec![("retry-after".to_owned(), "60".to_owned())],
        body: String::new(),
    };
    gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    let first = gateway.get(RESEARCH).await;
    let asked = gateway.azure.requests(Service::Graph).len();
    let later = gateway.get(COMEDY).await;
    for answer in [&first, &later] {
        let told = (answer.status, answer.code());
        assert_eq!(told, (502, "upstream_failed".to_owned()));
        assert_eq!(answer.json()["upstream"]["status"], 503);
        let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((50..=60).contains(&pause), "{pause}");
    }
    assert_eq!(gateway.azure.requests(Service::Graph).len(), asked);
}

#[actix_web::test]
async fn throttling_that_names_no_end_is_backed_off_from() {
    // Much shorter than the shortest pause.
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "300ms")]);
    gateway.proven().await;
    let body = r#"{"error":{"code":"TooManyRequests","message":"Too many requests"}}"#;
    gateway
        .azure
        .inject(Service::Graph, Fault::answer(429, body), Times::Always);
    let first = gateway.get(RESEARCH).await;
    let asked = gateway.azure.requests(Service::Graph).len();
    for answer in [first, gateway.get(COMEDY).await] {
        assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
        let pause: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&pause), "{pause}");
    }
    assert_eq!(gateway.azure.requests(Service::Graph).len(), asked);
}

#[actix_web::test]
async fn a_pause_that_a_caller_can_sit_out_is_waited_for_by_all() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let fault = Fault::Throttle { retry_after: 2 };
    gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    let closed = r#"upstream_retries_total{operation="list_users",service="graph"} 1"#;
    let later = async {
        gateway
            .until("/metrics", |answer| {
                answer.text().contains(closed).then_some(())
            })
            .await;
        let asked = Instant::now();
        let answer = gateway.get(COMEDY).await;
        (answer.status, asked.elapsed())
    };
    let (first, (status, took)) = tokio::join!(gateway.get(RESEARCH), later);
    assert_eq!((first.status, status), (200, 200));
    assert!(took > Duration::from_secs(1), "{took:?}");
}

#[actix_web::test]
async fn what_graph_charges_is_counted() {
    let gateway = Gateway::start();
    gateway.proven().await;
    assert_eq!(gateway.get(RESEARCH).await.status, 200);
    assert!(gateway.metric("graph_resource_units_total").await >= 1.0);
    assert!(gateway.metric("graph_resource_units_used").await >= 1.0);
}

#[actix_web::test]
async fn what_can_wait_does_when_graph_is_hard_pressed_and_callers_do_not() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let pressed = Fault::Answer {
        status: 200,
        headers: vec![(
            "x-ms-throttle-limit-percentage".to_owned(),
            "0.8".to_owned(),
        )],
        body: r#"{"value":[{"id":"1","department":"Seinfeld"}]}"#.to_owned(),
    };
    azure.inject(Service::Graph, pressed, Times::Next(1));
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let probes = r#"upstream_requests_total{operation="probe_users",service="graph",status="2xx"}"#;
    let first = format!("mi_gateway_{probes} 1");
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(&first).then_some(())
        })
        .await;
    // The second look would be there long before these are answered.
    for _ in 0..20 {
        assert_eq!(gateway.get(RESEARCH).await.status, 200);
    }
    assert!((gateway.metric(probes).await - 1.0).abs() < f64::EPSILON);
    gateway.proven().await;
}

#[actix_web::test]
async fn a_limit_that_is_used_up_is_not_run_against() {
    let settings = Settings {
        graph_units: Some(5),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    // Shorter than any pause that comes of it.
    let vars = [("MIG_UPSTREAM_TIMEOUT", "1s")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &vars);
    gateway.proven().await;
    let listing = |top: usize| format!("/directory/users?department=Seinfeld&top={top}");
    let mut top = 20;
    while gateway.get(&listing(top)).await.status == 200 {
        top += 1;
    }
    let asked = gateway.listings().len();
    assert!(asked > 1, "{asked}");
    for more in 1..=20 {
        let answer = gateway.get(&listing(top + more)).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
    }
    assert_eq!(gateway.listings().len(), asked);
}

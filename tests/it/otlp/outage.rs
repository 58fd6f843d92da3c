//! A collector that is away, slow, or takes nothing.

use std::{
    io::ErrorKind,
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::{gateway::Gateway, nobody::Nobody, output::captured};

use super::{Collector, before, of_ours, traced};

/// A gateway whose collector is at `url`.
fn at(url: &str, vars: &[(&str, &str)]) -> Gateway {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    Gateway::with(&[&[endpoint], vars].concat())
}

async fn answers_at_once(gateway: &Gateway) {
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// How often the log has a line on what happened to the collector at `url`.
fn lines(url: &str, words: &str) -> usize {
    let captured = captured();
    let lines = captured.lines();
    lines
        .filter(|line| line.contains(url) && line.contains(words))
        .count()
}

fn assert_none_came_twice(collector: &Collector) {
    let mut bodies: Vec<_> = collector.received().into_iter().map(|it| it.body).collect();
    let sent = bodies.len();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), sent);
}

#[actix_web::test]
async fn an_agent_that_takes_grpc_alone_stops_nothing_and_is_left_alone() {
    let agent = TcpListener::bind("127.0.0.1:0").unwrap();
    agent.set_nonblocking(true).unwrap();
    let url = format!("http://{}", agent.local_addr().unwrap());
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "20");
    let mut gateway = at(&url, &[grpc, often]);

    gateway.ready().await;
    answers_at_once(&gateway).await;
    gateway.stop();

    let told = captured().contains("no traces and no metrics are sent");
    assert!(told, "nothing in the log");
    assert_eq!(agent.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[actix_web::test]
async fn a_collector_that_is_away_fails_no_request_and_is_told_once() {
    let nobody = Nobody::listens();
    let url = nobody.url();
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "20");
    let mut gateway = at(&url, &[often]);
    gateway.ready().await;
    answers_at_once(&gateway).await;
    let failed =
        r#"upstream_requests_total{operation="export_metrics",service="collector",status="error"}"#;
    gateway
        .until("/metrics", |answer| {
            let text = answer.text();
            let line = text.lines().find(|line| line.contains(failed))?;
            let count: u32 = line.rsplit(' ').next()?.parse().ok()?;
            (count >= 3).then_some(())
        })
        .await;
    let began = Instant::now();
    gateway.stop();
    assert!(began.elapsed() < Duration::from_secs(4));
    let told = |signal| lines(&format!("{url}/v1/{signal}"), "does not take telemetry");
    assert_eq!((told("metrics"), told("traces")), (1, 1));
}

#[actix_web::test]
async fn a_collector_that_never_answers_delays_no_request_and_the_end_by_no_more_than_the_grace() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut gateway = at(&url, &[("MIG_SHUTDOWN_GRACE", "1s")]);
    gateway.ready().await;
    answers_at_once(&gateway).await;
    let began = Instant::now();
    gateway.stop();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[actix_web::test]
async fn a_message_that_is_refused_for_good_is_counted_and_not_sent_again() {
    let collector = Collector::start();
    collector.answer(400);
    let mut gateway = before(&collector, &[("OTEL_METRICS_EXPORTER", "none")]);
    gateway.ready().await;
    traced(&gateway, "GET", "/vms/web-01", "01").await;
    let lost = r#"telemetry_spans_dropped_total{reason="not_sent"}"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(lost).then_some(())
        })
        .await;
    gateway.stop();
    assert_none_came_twice(&collector);
}

#[actix_web::test]
async fn what_a_collector_takes_in_part_is_counted() {
    let collector = Collector::start();
    collector.reject(7);
    let mut gateway = before(&collector, &[("OTEL_METRICS_EXPORTER", "none")]);
    gateway.ready().await;
    let lost = r#"telemetry_spans_dropped_total{reason="rejected"} 7"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(lost).then_some(())
        })
        .await;
    gateway.stop();
}

/// Its head says that the message was taken.
#[actix_web::test]
async fn a_collector_whose_answers_break_off_does_not_get_the_same_again() {
    let collector = Collector::start();
    collector.break_off();
    let mut gateway = before(&collector, &[("OTEL_METRICS_EXPORTER", "none")]);
    gateway.ready().await;
    for messages in [1, 2] {
        traced(&gateway, "GET", "/vms/web-01", "01").await;
        collector
            .until(|it| (it.received().len() >= messages).then_some(()))
            .await;
    }
    gateway.stop();
    assert_none_came_twice(&collector);
}

#[actix_web::test]
async fn a_collector_that_is_busy_gets_the_same_again() {
    let collector = Collector::start();
    collector.answer(503);
    let mut gateway = before(&collector, &[("OTEL_METRICS_EXPORTER", "none")]);
    gateway.ready().await;
    traced(&gateway, "GET", "/vms/web-01", "01").await;
    collector
        .until(|it| (!it.received().is_empty()).then_some(()))
        .await;
    collector.answer(200);
    collector
        .until(|it| (it.received().len() > 1).then_some(()))
        .await;
    let received = collector.received();
    assert_eq!(received[0].body, received[1].body);
    gateway.stop();
    assert!(!of_ours(&collector).is_empty());
}

#[actix_web::test]
async fn what_is_left_at_the_end_is_sent() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    traced(&gateway, "GET", "/vms/web-01", "01").await;
    gateway.stop();
    let paths: Vec<_> = collector.received().into_iter().map(|it| it.path).collect();
    for path in ["/v1/traces", "/v1/metrics"] {
        assert!(paths.iter().any(|it| it == path), "{paths:?}");
    }
    assert_eq!(of_ours(&collector).len(), 2);
}

#[actix_web::test]
async fn without_an_endpoint_nothing_is_sent_to_anybody() {
    let gateway = Gateway::start();
    gateway.ready().await;
    traced(&gateway, "GET", "/vms/web-01", "01").await;
    let text = gateway.admin("/metrics").await.text();
    assert!(!text.contains("collector") && !text.contains("telemetry_spans"));
}

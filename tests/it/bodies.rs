//! Requests that come with odd bodies, without one, or go before their answer.

use std::{io::Write as _, net::TcpStream};

use azure_sandbox::Service;

use crate::{edge::raw, gateway::Gateway, output};

const DEALLOCATE: &str = "/vms/web-01/deallocate";

#[actix_web::test]
async fn an_upgrade_that_is_not_offered_is_answered_as_if_it_were_not_asked_for() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let head = format!(
        "GET /vms/web-01 HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
        gateway.api
    );

    let answer = raw(&gateway, head.as_bytes());

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[actix_web::test]
async fn media_types_compare_without_regard_to_case() {
    let gateway = Gateway::start();
    for (media, status) in [
        ("application/json", 400),
        ("Application/JSON; charset=utf-8", 400),
        ("application/jsonfoo", 415),
        ("text/plain", 415),
    ] {
        let headers = [("content-type", media)];
        let answer = gateway
            .send("POST", gateway.api, DEALLOCATE, &headers, b"{}".to_vec())
            .await;

        assert_eq!(answer.status, status, "{media}");
    }
}

#[actix_web::test]
async fn a_query_that_is_not_text_is_refused() {
    let gateway = Gateway::start();

    let answer = gateway.get("/directory/users?department=%FF").await;

    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("UTF-8"), "{}", answer.text());
    assert!(gateway.listings().is_empty());
}

#[actix_web::test]
async fn a_request_whose_caller_has_gone_is_written_down() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let id = "gone-before-the-answer";
    let mut caller = TcpStream::connect(gateway.api).unwrap();
    let head = format!("host: {}\r\nx-request-id: {id}\r\n", gateway.api);
    let both =
        format!("GET /openapi.yaml HTTP/1.1\r\n{head}\r\nPOST {DEALLOCATE} HTTP/1.1\r\n{head}\r\n");
    caller.write_all(both.as_bytes()).unwrap();
    hold.arrived(1).await;

    // With an answer that was not read, this is a reset.
    drop(caller);

    let series =
        r#"http_requests_total{method="POST",route="/vms/{name}/deallocate",status="aborted"} 1"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(series).then_some(())
        })
        .await;
    let log = output::captured();
    let is_it = |line: &&str| line.contains(id) && line.contains("request given up by its caller");
    assert_eq!(log.lines().filter(is_it).count(), 1);
    hold.release();
}

#[actix_web::test]
async fn what_is_not_http_is_no_error_in_the_log() {
    let gateway = Gateway::start();

    let answer = raw(&gateway, b"garbage-of-a-scanner\r\n\r\n");

    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let log = output::captured();
    assert!(!log.contains("parse error"), "a line for a scanner");
}

//! Requests that come with odd bodies, without one, or go before their answer.

use std::{io::Write as _, net::TcpStream};

use azure_sandbox::Service;

use crate::{edge::raw, gateway::Gateway, issuers::ENTRA, output, people::listing};

const DEALLOCATE: &str = "/vms/web-01/deallocate";

/// A request that asks for another protocol, with `rest` after its headers.
fn upgrading(gateway: &Gateway, line: &str, protocol: &str, rest: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: {protocol}\r\n{rest}",
        gateway.api
    )
}

#[actix_web::test]
async fn an_upgrade_that_is_not_offered_is_answered_as_the_last_of_its_connection() {
    let gateway = Gateway::start();
    gateway.ready().await;
    for protocol in ["websocket", "h2c"] {
        for (line, status) in [
            ("GET /vms/web-01", 200),
            ("GET /nothing", 404),
            ("GET /vms?top=none", 400),
        ] {
            let request = upgrading(&gateway, line, protocol, "\r\n");

            let answer = raw(&gateway, request.as_bytes());

            let starts = answer.starts_with(&format!("HTTP/1.1 {status} "));
            assert!(
                starts && answer.contains("\r\nconnection: close\r\n"),
                "{answer}"
            );
        }
    }
}

#[actix_web::test]
async fn whoever_is_turned_away_with_an_upgrade_hears_that_the_connection_ends() {
    let gateway = Gateway::with(&ENTRA);
    let request = upgrading(&gateway, "GET /vms/web-01", "h2c", "\r\n");

    let answer = raw(&gateway, request.as_bytes());

    let starts = answer.starts_with("HTTP/1.1 401 ");
    assert!(
        starts && answer.contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
}

#[actix_web::test]
async fn a_body_beside_an_upgrade_ends_where_it_says() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let line = format!("POST {DEALLOCATE}");
    for (length, body, status) in [(0, "", 202), (2, "{}", 400), (2, "{}GET", 400)] {
        let rest =
            format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        let request = upgrading(&gateway, &line, "websocket", &rest);

        let answer = raw(&gateway, request.as_bytes());

        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[actix_web::test]
async fn a_whole_listing_is_sent_in_chunks_or_not_at_all_where_an_upgrade_is_asked_for() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let line = format!("GET {}", listing("Seinfeld", ""));
    let rest = "accept: text/csv\r\n\r\n";

    let chunks = raw(&gateway, upgrading(&gateway, &line, "h2c", rest).as_bytes());
    let refused = raw(
        &gateway,
        upgrading(&gateway, &line, "WebSocket", rest).as_bytes(),
    );

    assert!(
        chunks.starts_with("HTTP/1.1 200 ") && chunks.ends_with("\r\n0\r\n\r\n"),
        "{chunks}"
    );
    assert!(refused.starts_with("HTTP/1.1 406 "), "{refused}");
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

//! What every request passes on its way in and out.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use azure_sandbox::{Fault, Service, Times};
use serde_json::json;

use crate::gateway::Gateway;

const DEALLOCATE: &str = "/vms/web-01/deallocate";

#[actix_web::test]
async fn an_unknown_path_is_a_problem() {
    let gateway = Gateway::start();
    for path in ["/", "/vms/", "/nothing", "/vms/web-01/explode"] {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["instance"], path);
    }
    assert_eq!(gateway.admin("/nothing").await.code(), "not_found");
}

#[actix_web::test]
async fn a_method_that_is_not_offered_is_told_which_are() {
    let gateway = Gateway::start();
    for (method, path, allow) in [
        ("GET", DEALLOCATE, "POST"),
        ("DELETE", "/vms/web-01", "GET, PATCH"),
        ("PUT", "/operations/x", "GET"),
        ("POST", "/directory/users", "GET"),
    ] {
        let answer = gateway
            .send(method, gateway.api, path, &[], Vec::new())
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "method_not_allowed")
        );
        assert_eq!(answer.header("allow"), Some(allow));
    }
}

#[actix_web::test]
async fn a_body_where_none_belongs_is_refused_by_what_it_is() {
    let gateway = Gateway::start();
    let json = [("content-type", "application/json")];
    let text = [("content-type", "text/plain")];
    for (headers, body, status) in [
        (&json, b"{\"force\":true}".to_vec(), 400),
        (&text, b"force".to_vec(), 415),
        (&json, vec![b' '; 20_000], 413),
    ] {
        let answer = gateway
            .send("POST", gateway.api, DEALLOCATE, headers, body)
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, "invalid_request")
        );
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn nobody_sends_a_filter_as_a_body_and_is_shown_everything() {
    let gateway = Gateway::with(&[("MIG_DOCS", "on")]);
    let json = ("content-type", "application/json");
    let text = ("content-type", "text/plain");
    for path in [
        "/vms",
        "/vms/web-01",
        "/directory/users?department=Seinfeld",
        "/operations/web-01.restart.019ac3f8b3a9f8e7d6c",
        "/identity",
        "/openapi.yaml",
        "/docs",
    ] {
        for (header, status) in [(json, 400), (text, 415)] {
            let body = br#"{"powerState":"running"}"#.to_vec();
            let answer = gateway
                .send("GET", gateway.api, path, &[header], body)
                .await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_body_of_no_bytes_is_none() {
    let gateway = Gateway::start();
    for framing in [
        "content-length: 0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let head =
            format!("GET /vms HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{framing}");
        let answer = raw(&gateway, head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

/// What comes back for these bytes, sent as they are.
pub(crate) fn raw(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.api).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    // The gateway may close before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn a_body_that_is_announced_as_huge_is_refused_before_it_is_read() {
    let gateway = Gateway::start();
    let head = format!(
        "POST {DEALLOCATE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\nconnection: close\r\n\r\n"
    );
    let answer = raw(&gateway, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("application/problem+json"));
}

#[actix_web::test]
async fn a_body_that_grows_huge_is_refused_on_the_way() {
    let gateway = Gateway::start();
    let mut bytes = format!(
        "POST {DEALLOCATE} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..20 {
        bytes.extend_from_slice(b"400\r\n");
        bytes.extend_from_slice(&[b'x'; 0x400]);
        bytes.extend_from_slice(b"\r\n");
    }
    let answer = raw(&gateway, &bytes);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn headers_and_targets_have_their_limits() {
    let gateway = Gateway::start();
    let long = "x".repeat(17_000);
    let headers = [("x-padding", long.as_str())];
    let answer = gateway
        .send("GET", gateway.api, "/vms/web-01", &headers, Vec::new())
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (431, "invalid_request")
    );
    let answer = gateway
        .get(&format!("/directory/users?department=x&cursor={long}"))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (414, "invalid_request")
    );
}

#[actix_web::test]
async fn one_header_more_than_ninety_six_is_refused() {
    let gateway = Gateway::start();
    let head = "GET /vms/web-01 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    for (headers, status) in [(96, 200), (97, 431)] {
        let others = "x-padding: x\r\n".repeat(headers - 2);

        let answer = raw(&gateway, format!("{head}{others}\r\n").as_bytes());

        let starts = answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(starts, "{headers}: {answer}");
    }
}

#[actix_web::test]
async fn the_largest_header_limit_is_ours_to_answer_for() {
    let gateway = Gateway::with(&[("MIG_HEADER_LIMIT", "40960")]);
    for (padding, status) in [(40_800, 200), (41_000, 431)] {
        let padding = "x".repeat(padding);
        let headers = [("x-padding", padding.as_str())];
        let answer = gateway
            .send("GET", gateway.api, "/vms/web-01", &headers, Vec::new())
            .await;
        assert_eq!(answer.status, status);
    }
}

#[actix_web::test]
async fn a_request_is_found_again_by_its_callers_ids() {
    let gateway = Gateway::start();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [
        ("x-request-id", "build-7"),
        ("traceparent", parent.as_str()),
    ];
    let answer = gateway
        .send("GET", gateway.api, "/vms/-", &headers, Vec::new())
        .await;
    assert_eq!(answer.header("x-request-id"), Some("build-7"));
    let problem = answer.json();
    assert_eq!(
        (&problem["requestId"], &problem["traceId"]),
        (&"build-7".into(), &trace.into())
    );
}

/// What Azure was sent as `traceparent` and `tracestate` for a request with
/// these headers.
fn trace_at_azure(gateway: &Gateway, headers: &str) -> (String, Option<String>) {
    let head = format!(
        "GET /vms/web-01 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
    );
    let answer = raw(gateway, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let call = gateway.azure.requests(Service::VirtualMachines).pop();
    let call = call.unwrap();
    let header = |name| call.header(name).map(str::to_owned);
    (header("traceparent").unwrap(), header("tracestate"))
}

#[actix_web::test]
async fn a_trace_goes_on_with_all_of_its_state() {
    let gateway = Gateway::start();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("traceparent: {trace}-00f067aa0ba902b7-01\r\n");
    let states = "tracestate: rojo=00f067aa0ba902b7, a= b \r\nTracestate: congo=t61rcWkgMzE\r\n";
    let (sent, state) = trace_at_azure(&gateway, &format!("{parent}{states}"));
    assert!(sent.starts_with(trace), "{sent}");
    assert_eq!(
        state.as_deref(),
        Some("rojo=00f067aa0ba902b7, a= b,congo=t61rcWkgMzE")
    );
    let (sent, state) = trace_at_azure(&gateway, &parent);
    assert!(sent.starts_with(trace) && state.is_none(), "{state:?}");
}

#[actix_web::test]
async fn a_trace_that_is_named_twice_is_none() {
    let gateway = Gateway::start();
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let headers = format!("{parent}{parent}tracestate: a=b\r\n");
    let (sent, state) = trace_at_azure(&gateway, &headers);
    assert!(!sent.contains("4bf92f35") && state.is_none(), "{sent}");
}

#[actix_web::test]
async fn ids_that_a_caller_does_not_bring_are_made() {
    let gateway = Gateway::start();
    let forged = [("x-request-id", "a b\"}"), ("traceparent", "nonsense")];
    for headers in [&[][..], &forged] {
        let answer = gateway
            .send("GET", gateway.api, "/vms/-", headers, Vec::new())
            .await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        assert_eq!(answer.json()["traceId"].as_str().unwrap().len(), 32);
    }
}

#[actix_web::test]
async fn a_request_is_one_line_in_the_log_with_its_ids_and_without_its_query() {
    let gateway = Gateway::start();
    let headers = [("x-request-id", "one-line-please")];
    let path = "/directory/users?department=Kramer%27s%20Ideas";
    gateway
        .send("GET", gateway.api, path, &headers, Vec::new())
        .await;
    let log = crate::output::captured();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("one-line-please") && line.contains("request answered"))
        .collect();
    assert_eq!(lines.len(), 1);
    let line: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(line["http.route"], "/directory/users");
    assert_eq!(line["http.status"], 200);
    assert_eq!(line["span"]["trace_id"].as_str().unwrap().len(), 32);
    assert!(!lines[0].contains("Kramer"));
}

#[actix_web::test]
async fn what_azure_said_of_a_request_is_in_its_line() {
    let gateway = Gateway::start();
    let refusal = json!({"error": {"code": "NotToday", "message": "come back"}});
    let refusal = Fault::Answer {
        status: 400,
        headers: vec![("x-ms-request-id".to_owned(), "for-a-ticket".to_owned())],
        body: refusal.to_string(),
    };
    let machines = Service::VirtualMachines;
    gateway.azure.inject(machines, refusal, Times::Next(1));
    let headers = [("x-request-id", "azure-has-its-say")];
    gateway
        .send("GET", gateway.api, "/vms/web-01", &headers, Vec::new())
        .await;

    let log = crate::output::captured();
    let mut lines = log.lines().filter(|it| it.contains("azure-has-its-say"));
    let line = lines.find(|it| it.contains("request answered")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["upstream.status"], 400);
    assert_eq!(line["upstream.code"], "NotToday");
    assert_eq!(line["upstream.request_id"], "for-a-ticket");
}

#[actix_web::test]
async fn no_answer_is_taken_for_a_page() {
    let gateway = Gateway::start();
    for (to, path) in [
        (gateway.api, "/openapi.yaml"),
        (gateway.api, "/vms/web-01"),
        (gateway.api, "/directory/users?department=Seinfeld"),
        (gateway.api, "/nothing"),
        (gateway.admin, "/metrics"),
        (gateway.admin, "/nothing"),
    ] {
        let answer = gateway.send("GET", to, path, &[], Vec::new()).await;

        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
    }
}

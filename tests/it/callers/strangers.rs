//! Without a token nobody learns what there is.

use azure_sandbox::{CallerToken, Service};
use serde_json::Value;

use super::bearer::{entra, get};
use crate::{answer::Answer, edge::raw, gateway::Gateway};

/// What is said, but for what the caller said itself and the ids.
fn said(answer: &Answer) -> (u16, Option<String>, Value) {
    let mut document = answer.json();
    for own in ["instance", "requestId", "traceId"] {
        document.as_object_mut().unwrap().remove(own);
    }
    let challenge = answer.header("www-authenticate").map(str::to_owned);
    (answer.status, challenge, document)
}

async fn asked(gateway: &Gateway, method: &str, path: &str, body: &[u8]) -> Answer {
    let json = [("content-type", "application/json")];
    gateway
        .send(method, gateway.api, path, &json, body.to_vec())
        .await
}

#[actix_web::test]
async fn every_question_without_a_token_has_the_same_answer() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let known = asked(&gateway, "GET", "/vms/web-01", b"").await;
    let expected = said(&known);
    assert_eq!(expected.0, 401);
    assert_eq!(expected.1.as_deref(), Some(r#"Bearer realm="mi-gateway""#));
    let long = vec![b' '; 20_000];
    for (method, path, body) in [
        ("GET", "/vms/nothing", &b""[..]),
        ("GET", "/nothing", b""),
        ("GET", "/", b""),
        ("GET", "/openapi.yaml", b""),
        ("DELETE", "/vms/web-01", b""),
        ("OPTIONS", "/vms", b""),
        ("GET", "/vms?top=none", b""),
        ("GET", "/vms?%ff", b""),
        ("GET", "/operations/x", b""),
        ("GET", "/vms/web-01?access_token=e30.e30.AA", b""),
        ("POST", "/vms/web-01/deallocate", b"{"),
        ("PATCH", "/vms/web-01", b"{\"size\": 7}"),
        ("POST", "/vms/web-01/deallocate", &long),
    ] {
        let answer = asked(&gateway, method, path, body).await;
        assert_eq!(said(&answer), expected, "{method} {path}");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_body_is_not_waited_for_before_it_is_known_whose_it_is() {
    let gateway = entra(&[]);
    gateway.ready().await;
    for length in ["content-length: 1073741824", "transfer-encoding: chunked"] {
        let head =
            format!("POST /vms/web-01/deallocate HTTP/1.1\r\nhost: localhost\r\n{length}\r\n\r\n");
        let answer = raw(&gateway, head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[actix_web::test]
async fn limits_on_the_head_go_first_and_tell_nothing_of_what_there_is() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let long = "x".repeat(17_000);
    for path in ["/vms/web-01", "/nothing"] {
        let headers = [("x-padding", long.as_str())];
        let answer = gateway
            .send("GET", gateway.api, path, &headers, Vec::new())
            .await;
        assert_eq!(answer.status, 431, "{path}");
        let answer = asked(&gateway, "GET", &format!("{path}?x={long}"), b"").await;
        assert_eq!(answer.status, 414, "{path}");
    }
}

#[actix_web::test]
async fn with_a_token_the_documented_answers_are_back() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    for (path, status) in [
        ("/nothing", 404),
        ("/openapi.yaml", 200),
        ("/vms?top=none", 400),
    ] {
        assert_eq!(get(&gateway, path, &token).await.status, status, "{path}");
    }
}

#[actix_web::test]
async fn the_admin_listener_asks_nobody() {
    let gateway = entra(&[]);
    for path in ["/livez", "/metrics"] {
        assert_eq!(gateway.admin(path).await.status, 200);
    }
}

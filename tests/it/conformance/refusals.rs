//! E: every shape of a refusal says what it says, and what would mend it.

use azure_sandbox::Fault;
use serde_json::Value;

use super::{before, failure, standing};
use crate::gateway::Gateway;

fn text(status: u16, media: &str, body: &str) -> Fault {
    Fault::Answer {
        status,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: body.to_owned(),
    }
}

/// What a caller is told of Azure, when the endpoint refuses so.
async fn upstream(fault: Fault) -> Value {
    let gateway = before(fault);
    let problem = gateway.get("/vms/web-01").await;
    assert_eq!(
        (problem.status, problem.code().as_str()),
        (503, "unavailable")
    );
    problem.json()["upstream"].clone()
}

#[actix_web::test]
async fn e1_a_message_comes_with_its_correlation_id() {
    let body = r#"{"statusCode":400,"message":"m","correlationId":"g"}"#;
    let said = upstream(Fault::answer(400, body)).await;
    assert_eq!(
        (&said["message"], &said["correlationId"]),
        (&"m".into(), &"g".into())
    );
}

#[actix_web::test]
async fn e2_a_code_comes_with_its_description() {
    let body = r#"{"error":"c","error_description":"d"}"#;
    let said = upstream(Fault::answer(400, body)).await;
    assert_eq!(
        (&said["code"], &said["message"]),
        (&"c".into(), &"d".into())
    );
}

#[actix_web::test]
async fn e3_an_envelope_is_opened() {
    let body = r#"{"error":{"code":"c","message":"m","innererror":{"trace":"t"}}}"#;
    let said = upstream(Fault::answer(400, body)).await;
    assert_eq!(
        (&said["code"], &said["message"]),
        (&"c".into(), &"m".into())
    );
}

#[actix_web::test]
async fn e4_a_refusal_of_no_known_shape_is_told_as_such() {
    for body in [r#"{"notExpectedJson":"x"}"#, "notExpectedJson", "", "null"] {
        let gateway = before(Fault::answer(400, body));
        assert_eq!(failure(&gateway).await, "not_imds", "{body}");
    }
}

#[actix_web::test]
async fn e5_an_identity_that_is_not_found_is_asked_for_once_for_three_callers() {
    let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    let gateway = before(Fault::answer(400, body));
    assert_eq!(failure(&gateway).await, "identity_not_assigned");
    for _ in 0..3 {
        let problem = gateway.get("/vms/web-01").await.json();
        assert_eq!(problem["upstream"]["message"], "Identity not found");
    }
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn e6_a_network_that_blocks_is_told_from_a_proxy() {
    let blocked = "connecting to 169.254.169.254:80: A socket operation was attempted to an ";
    for (media, body, code) in [
        (
            "text/plain",
            format!("{blocked}unreachable host."),
            "unreachable",
        ),
        (
            "text/plain",
            format!("{blocked}unreachable network."),
            "unreachable",
        ),
        (
            "text/plain",
            format!("{blocked}unreachable foo."),
            "unreachable",
        ),
        ("text/html", "<html>no</html>".to_owned(), "not_imds"),
        ("application/json", "null".to_owned(), "not_imds"),
    ] {
        let gateway = before(text(403, media, &body));
        assert_eq!(failure(&gateway).await, code, "{body}");
    }
}

#[actix_web::test]
async fn e7_a_404_that_names_the_identity_is_told_while_it_is_tried_again() {
    let words = "No MSI found for specified ClientId/ResourceId.";
    let body = format!(r#"{{"error":"not_found","error_description":"{words}"}}"#);
    let gateway = before(Fault::answer(404, &body));
    let failure = standing(&gateway).await["lastFailure"].clone();
    assert_eq!(failure["code"], "identity_not_assigned");
    assert_eq!(failure["message"], words);
    asked_again(&gateway).await;
}

#[actix_web::test]
async fn e8_plain_text_of_the_workload_identity_proxy_is_surfaced_and_tried_again() {
    let gateway = before(text(
        500,
        "text/plain; charset=utf-8",
        "failed to acquire token\n",
    ));
    let failure = standing(&gateway).await["lastFailure"].clone();
    assert_eq!(failure["code"], "failing");
    assert_eq!(failure["message"], "failed to acquire token");
    asked_again(&gateway).await;
}

async fn asked_again(gateway: &Gateway) {
    let again =
        |_: &crate::answer::Answer| (gateway.token_requests("management").len() > 1).then_some(());
    gateway.until("/identity", again).await;
}

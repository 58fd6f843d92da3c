//! The admin listener.

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{architecture::root, gateway::Gateway};

#[actix_web::test]
async fn a_gateway_with_its_tokens_is_ready() {
    let gateway = Gateway::start();
    gateway.ready().await;
    assert_eq!(gateway.admin("/livez").await.status, 200);
}

#[actix_web::test]
async fn a_gateway_without_tokens_is_alive_and_says_why_it_is_not_ready() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let fault = Fault::answer(
        400,
        r#"{"error":"invalid_request","error_description":"none"}"#,
    );
    azure.inject(Service::Token, fault, Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let refused = |answer: &crate::answer::Answer| {
        (answer.status == 503 && answer.text().contains("refuses this identity")).then_some(())
    };
    gateway.until("/readyz", refused).await;
    let readiness = gateway.admin("/readyz").await.json();
    assert_eq!(readiness["status"], "not_ready");
    assert_eq!(readiness["checks"][0]["name"], "token:arm");
    assert_eq!(gateway.admin("/livez").await.status, 200);
}

#[actix_web::test]
async fn readiness_tells_which_policies_hold() {
    let gateway = Gateway::start();
    let checks = gateway.admin("/readyz").await.json()["checks"].clone();
    let mut checks = checks.as_array().unwrap().iter();
    let policies = checks.find(|check| check["name"] == "policies").unwrap();
    assert_eq!(
        (&policies["ok"], &policies["code"]),
        (&true.into(), &"current".into())
    );
    let detail = policies["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("7 policies and 0 in shadow, version "),
        "{detail}"
    );
    let metrics = gateway.admin("/metrics").await.text();
    assert!(
        metrics.contains(r#"mi_gateway_policies{kind="enforced"} 7"#),
        "{metrics}"
    );
}

#[actix_web::test]
async fn a_gateway_gets_ready_when_its_tokens_come() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.inject(Service::Token, Fault::answer(500, "{}"), Times::Next(4));
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.ready().await;
}

#[actix_web::test]
async fn metrics_tell_of_requests_calls_tokens_and_quotas() {
    let gateway = Gateway::start();
    gateway.ready().await;
    gateway.post("/vms/web-01/deallocate").await;
    gateway.get("/vms/web-02").await;
    gateway.get("/vms/-").await;
    gateway.get("/directory/users?department=Seinfeld").await;
    let text = gateway.admin("/metrics").await.text();
    for line in [
        r#"http_requests_total{method="POST",route="/vms/{name}/deallocate",status="2xx"} 1"#,
        r#"http_requests_total{method="GET",route="/vms/{name}",status="4xx"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",route="/vms/{name}",status="2xx"} 1"#,
        r#"upstream_requests_total{operation="deallocate",service="arm",status="2xx"} 1"#,
        r#"upstream_requests_total{operation="list_users",service="graph",status="2xx"} 1"#,
        r#"upstream_request_duration_seconds_count{operation="get_vm",service="arm"} 2"#,
        r#"token_acquisitions_total{outcome="ok",source="app_service"} 2"#,
        r#"token_cache_events_total{event="hit",resource="graph"} "#,
        r#"token_age_seconds{resource="arm"} "#,
        r#"token_expiry_timestamp_seconds{resource="graph"} "#,
        r#"upstream_quota_remaining{bucket="DeleteVMResource",service="arm"} 11"#,
        r#"upstream_quota_remaining{bucket="subscription-writes",service="arm"} 199"#,
        r#"identity_info{id_kind="client_id",source="app_service"} 1"#,
        r#"build_info{version="0.1.0"} 1"#,
    ] {
        assert!(
            text.contains(&format!("mi_gateway_{line}")),
            "{line} in {text}"
        );
    }
    assert!(text.contains("process_resident_memory_bytes "));
    assert!(!text.contains("web-01"), "no name of a machine is a label");
}

#[actix_web::test]
async fn the_api_listener_has_no_metrics_and_the_admin_listener_no_api() {
    let gateway = Gateway::start();
    let answer = gateway
        .send("GET", gateway.api, "/metrics", &[], Vec::new())
        .await;
    assert_eq!(answer.status, 404);
    assert_eq!(gateway.admin("/vms/web-01").await.status, 404);
}

#[actix_web::test]
async fn requests_to_the_admin_listener_are_none_of_the_objectives() {
    let gateway = Gateway::start();
    for path in [
        "/",
        "/status.css",
        "/livez",
        "/readyz",
        "/metrics",
        "/favicon.ico",
    ] {
        gateway.admin(path).await;
    }
    let rules = root().join("helm/mi-gateway/alerts/objectives.yaml");
    let rules = std::fs::read_to_string(rules).unwrap();
    let left_out = rules.split("route!~\"").nth(1).unwrap();
    let left_out = left_out.split('"').next().unwrap();
    let left_out: Vec<&str> = left_out.split('|').collect();
    let metrics = gateway.admin("/metrics").await.text();
    let counted = metrics
        .lines()
        .filter(|line| line.starts_with("mi_gateway_http_requests_total"));
    let mut routes: Vec<&str> = counted
        .map(|line| line.split("route=\"").nth(1).unwrap())
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    routes.dedup();
    assert_eq!(routes.len(), 6, "{routes:?}");
    for route in routes {
        assert!(left_out.contains(&route), "{route} is not in {left_out:?}");
    }
}

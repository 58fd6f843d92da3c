//! The record of changes: two lines for each, or no change.

use std::{fs, rc::Rc, time::Duration};

use actix_web::rt;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
    architecture::root,
    gateway::Gateway,
    orders::{ended, ordered},
    records::Records,
};

const DEALLOCATE: &str = "/vms/web-01/deallocate";

/// A gateway before an Azure whose operations last.
fn slow() -> Gateway {
    let settings = Settings {
        operation_takes: Duration::from_secs(3),
        ..Settings::default()
    };
    Gateway::before(Sandbox::start(settings).unwrap(), Host::ContainerApp, &[])
}

/// The only line of `stage`.
fn only(gateway: &Gateway, stage: &str) -> Value {
    let mut lines = gateway.records.of_stage(stage);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.pop().unwrap()
}

#[actix_web::test]
async fn a_change_is_written_before_and_after_with_azures_ids() {
    let mut gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    gateway.stop();

    let (intent, outcome) = (only(&gateway, "intent"), only(&gateway, "outcome"));
    let sent = gateway.azure.requests(Service::Actions).pop().unwrap();
    let id = sent.header("x-ms-correlation-request-id").unwrap();
    for line in [&intent, &outcome] {
        assert_eq!(line["class_uid"], 6003);
        assert_eq!(line["type_uid"], 600_303);
        assert_eq!(
            line["api"]["operation"],
            "Microsoft.Compute/virtualMachines/deallocate/action"
        );
        assert_eq!(line["unmapped"]["azure"]["correlationId"], id);
        assert_eq!(line["http_request"]["url"]["path"], DEALLOCATE);
        assert_eq!(line["src_endpoint"]["ip"], "127.0.0.1");
        let operation = line["unmapped"]["operationId"].as_str().unwrap();
        assert!(place.ends_with(operation), "{operation}");
    }
    assert_eq!(
        intent["metadata"]["correlation_uid"],
        outcome["metadata"]["correlation_uid"]
    );
    assert_eq!(outcome["status"], "Success");
    assert_eq!(outcome["unmapped"]["azure"]["status"], 202);
    assert!(outcome["unmapped"]["azure"]["requestId"].is_string());
    assert!(outcome["duration"].is_u64());
}

#[actix_web::test]
async fn a_change_of_tags_tells_their_names_and_not_their_values() {
    let mut gateway = Gateway::with(&[("MIG_VM_UPDATE", "on")]);
    let body = br#"{"tags":{"owner":"somebody"},"size":"Standard_B4ms"}"#.to_vec();
    let json = [("content-type", "application/json")];
    let api = gateway.api;
    gateway.send("PATCH", api, "/vms/web-01", &json, body).await;
    gateway.stop();
    let change = only(&gateway, "intent")["unmapped"]["change"].clone();
    assert_eq!(change, "size Standard_B4ms; tags owner");
    only(&gateway, "outcome");
}

/// What an order of `path` is called in its intent, and whether the guest was to be
/// asked.
async fn written(path: &str) -> (Value, Value, Value) {
    let mut gateway = Gateway::start();
    let answer = gateway.post(path).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    gateway.stop();
    let intent = only(&gateway, "intent");
    let about = &intent["unmapped"];
    let operation = intent["api"]["operation"].clone();
    (operation, about["action"].clone(), about["forced"].clone())
}

#[actix_web::test]
async fn a_forced_deallocation_is_written_down_as_forced() {
    let operation = "Microsoft.Compute/virtualMachines/deallocate/action";
    let forced = (operation.into(), "deallocate".into(), true.into());
    assert_eq!(written("/vms/web-01/deallocate?force=true").await, forced);
}

#[actix_web::test]
async fn a_hibernation_is_written_down_as_such_and_as_asked_for() {
    let operation = "Microsoft.Compute/virtualMachines/deallocate/action";
    let hibernated = (operation.into(), "hibernate".into(), false.into());
    let path = "/vms/hiber-01/deallocate?hibernate=true";
    assert_eq!(written(path).await, hibernated);
}

#[actix_web::test]
async fn a_memory_that_is_given_up_is_written_down_as_such() {
    let mut gateway = Gateway::start();
    let answer = gateway.post("/vms/web-01/deallocate?hibernate=false").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    gateway.stop();
    let intent = only(&gateway, "intent");
    assert_eq!(intent["unmapped"]["memory"], "discarded", "{intent}");
}

#[actix_web::test]
async fn a_guest_that_is_not_shut_down_is_written_down_as_forced() {
    let operation = "Microsoft.Compute/virtualMachines/powerOff/action";
    let forced = (operation.into(), "powerOff".into(), true.into());
    let path = "/vms/web-01/powerOff?skipShutdown=true";
    assert_eq!(written(path).await, forced);
}

#[actix_web::test]
async fn a_refusal_is_a_failure_with_azures_code_and_id() {
    let mut gateway = Gateway::start();
    let fault = Fault::Answer {
        status: 409,
        headers: vec![("x-ms-request-id".to_owned(), "their-id".to_owned())],
        body: r#"{"error":{"code":"Conflict","message":"busy"}}"#.to_owned(),
    };
    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));
    assert_eq!(gateway.post(DEALLOCATE).await.status, 409);
    gateway.stop();
    let outcome = only(&gateway, "outcome");
    assert_eq!(
        (&outcome["status"], &outcome["status_code"]),
        (&"Failure".into(), &"Conflict".into())
    );
    assert_eq!(outcome["unmapped"]["azure"]["requestId"], "their-id");
    assert_eq!(outcome["unmapped"]["azure"]["status"], 409);
}

#[actix_web::test]
async fn an_operation_that_fails_is_a_failure() {
    let mut gateway = Gateway::start();
    gateway
        .azure
        .fail_next_operation("AllocationFailed", "no room");
    let place = ordered(&gateway, "web-01", "restart").await;
    ended(&gateway, &place).await;
    gateway.stop();
    let outcome = only(&gateway, "outcome");
    assert_eq!(outcome["status"], "Failure");
    assert_eq!(outcome["status_code"], "AllocationFailed");
}

#[actix_web::test]
async fn a_lost_answer_is_unknown() {
    let mut gateway = Gateway::start();
    gateway
        .azure
        .inject(Service::Actions, Fault::Reset, Times::Next(1));
    assert_eq!(gateway.post(DEALLOCATE).await.status, 502);
    gateway.stop();
    assert_eq!(only(&gateway, "outcome")["status"], "Unknown");
}

#[actix_web::test]
async fn what_is_overtaken_is_superseded_and_names_its_successor() {
    let mut gateway = slow();
    let older = ordered(&gateway, "web-01", "deallocate").await;
    let newer = ordered(&gateway, "web-01", "start?supersede=true").await;
    ended(&gateway, &older).await;
    ended(&gateway, &newer).await;
    gateway.stop();
    let outcomes = gateway.records.of_stage("outcome");
    let older = &outcomes[0];
    assert_eq!(older["status"], "Superseded", "{older}");
    assert!(
        older["status_detail"]
            .as_str()
            .unwrap()
            .contains("web-01.start.")
    );
    assert_eq!(outcomes[1]["status"], "Success");
}

#[actix_web::test]
async fn whoever_joins_has_a_line_that_names_the_operation() {
    let gateway = Rc::new(slow());
    let place = ordered(&gateway, "web-01", "deallocate").await;
    let agent = [("user-agent", "second/1")];
    let (api, body) = (gateway.api, Vec::new());
    gateway.send("POST", api, DEALLOCATE, &agent, body).await;
    let mut gateway = Rc::into_inner(gateway).unwrap();
    gateway.stop();
    let joined = only(&gateway, "joined");
    let operation = joined["unmapped"]["operationId"].as_str().unwrap();
    assert!(place.ends_with(operation), "{joined}");
    assert_eq!(joined["http_request"]["user_agent"], "second/1");
    only(&gateway, "intent");
}

#[actix_web::test]
async fn what_needs_nothing_to_be_sent_is_one_line() {
    let mut gateway = Gateway::start();
    assert_eq!(gateway.post("/vms/web-01/start").await.status, 200);
    gateway.stop();
    assert_eq!(only(&gateway, "noop")["status"], "Success");
    assert!(gateway.records.of_stage("intent").is_empty());
}

#[actix_web::test]
async fn a_machine_that_is_left_alone_is_a_denied_call() {
    let mut gateway = Gateway::start();
    assert_eq!(gateway.post("/vms/managed-01/deallocate").await.status, 403);
    gateway.stop();
    let denied = only(&gateway, "denied");
    assert_eq!(denied["status_code"], "protected");
    assert_eq!(
        denied["resources"][0]["uid"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next(),
        Some("managed-01")
    );
}

#[actix_web::test]
async fn a_caller_who_leaves_leaves_two_lines() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::Actions);
    let api = gateway.api;
    let caller = rt::spawn(async move {
        let client = awc::Client::builder().disable_timeout().finish();
        let _ = client
            .post(format!("http://{api}{DEALLOCATE}"))
            .send()
            .await;
    });
    hold.arrived(1).await;
    only(&gateway, "intent");
    caller.abort();
    hold.release();
    let is_over = r#"audit_records_total{outcome="success",stage="outcome"} 1"#;
    gateway
        .until("/metrics", |it| it.text().contains(is_over).then_some(()))
        .await;
    gateway.stop();
    assert_eq!(only(&gateway, "outcome")["status"], "Success");
}

#[actix_web::test]
async fn what_is_not_followed_to_its_end_is_unknown() {
    let mut gateway = slow();
    ordered(&gateway, "web-01", "deallocate").await;
    gateway.stop();
    let outcome = only(&gateway, "outcome");
    assert_eq!(outcome["status"], "Unknown");
    assert_eq!(outcome["status_code"], "NotFollowed");
}

#[actix_web::test]
async fn without_a_record_there_is_no_change_until_there_is_one() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    Records::of(&azure).fill();
    let mut gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.ready().await;

    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.code(), "audit_unavailable");
    assert!(answer.header("retry-after").is_some());
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert!(
        gateway
            .metric(r#"audit_failures_total{stage="intent"}"#)
            .await
            >= 1.0
    );
    let check = |answer: &Answer| {
        let checks = answer.json()["checks"].clone();
        let mut checks = checks.as_array().unwrap().iter();
        checks.find(|it| it["name"] == "audit").cloned().unwrap()
    };
    let readiness = gateway.admin("/readyz").await;
    assert_eq!(readiness.status, 503);
    assert_eq!(check(&readiness)["ok"], false, "{}", readiness.text());
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);

    gateway.records.remove();
    gateway.ready().await;
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    gateway.stop();
    only(&gateway, "resumed");
    only(&gateway, "intent");
}

/// The names of all members of `value`, each with those that lead to it.
fn members(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(parts) => {
            for (name, part) in parts {
                let place = format!("{place}/{name}");
                members(part, &place, found);
                found.push(place);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|it| members(it, place, found)),
        _ => {}
    }
}

#[actix_web::test]
async fn the_example_of_the_documentation_has_all_that_a_line_has() {
    let mut gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    gateway.stop();
    let document = fs::read_to_string(root().join("docs/audit.md")).unwrap();
    let (_, rest) = document.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let (mut documented, mut written) = (Vec::new(), Vec::new());
    members(&example, "", &mut documented);
    members(&only(&gateway, "outcome"), "", &mut written);
    // Callers are anonymous here.
    written.retain(|it| it != "/actor/user/name");
    for member in written {
        assert!(documented.contains(&member), "{member}");
    }
}

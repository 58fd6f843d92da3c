//! Changes of tags and size.

use std::{collections::BTreeSet, rc::Rc};

use actix_web::rt;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::{Map, json};

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{CHANGES, ended, ordered, patched},
};

const VM: &str = "/vms/web-01";

fn open() -> Gateway {
    Gateway::with(&[CHANGES])
}

#[actix_web::test]
async fn changes_are_switched_off_unless_they_are_switched_on() {
    let gateway = Gateway::start();
    let answer = patched(&gateway, &[], r#"{"tags":{}}"#).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    assert!(answer.text().contains("MIG_VM_UPDATE"));
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn tags_are_replaced_as_a_whole() {
    let gateway = open();
    let answer = patched(&gateway, &[], r#"{"tags":{"owner":"web"}}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["action"], "update");
    let machine = gateway.get(VM).await.json();
    assert_eq!(machine["tags"], json!({"owner": "web"}));
}

/// As many as the contract takes, and as long.
#[actix_web::test]
async fn as_many_tags_as_azure_takes_are_taken() {
    let gateway = Gateway::with(&[CHANGES, ("MIG_BODY_LIMIT", "49152")]);
    let tag = |number| (format!("{number:0>512}"), "v".repeat(256).into());
    let tags: Map<_, _> = (0..50).map(tag).collect();
    let body = json!({"tags": &tags}).to_string();
    let answer = patched(&gateway, &[], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let machine = gateway.get(VM).await.json();
    assert_eq!(machine["tags"].as_object(), Some(&tags));
}

#[actix_web::test]
async fn a_change_of_size_is_followed_to_its_end() {
    let gateway = open();
    let answer = patched(&gateway, &[], r#"{"size":"Standard_B4ms"}"#).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let place = answer.header("location").unwrap().to_owned();
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert_eq!(gateway.get(VM).await.json()["size"], "Standard_B4ms");
}

#[actix_web::test]
async fn changes_at_one_time_are_operations_of_their_own() {
    let gateway = Rc::new(open());
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let changes: Vec<_> = (0..10)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move { patched(&gateway, &[], r#"{"tags":{}}"#).await })
        })
        .collect();
    hold.arrived(1).await;
    gateway.busy_with(10).await;
    hold.release();

    let mut ids = BTreeSet::new();
    for change in changes {
        let operation = change.await.unwrap().json();
        ids.insert(operation["id"].as_str().unwrap().to_owned());
    }

    assert_eq!(ids.len(), 10, "{ids:?}");
}

#[actix_web::test]
async fn an_order_does_not_overtake_a_change_that_is_under_way() {
    let gateway = open();
    gateway
        .azure
        .operations_take(std::time::Duration::from_secs(3));
    let hold = gateway.azure.hold(Service::Actions);
    let gateway = Rc::new(gateway);
    let changing = {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { patched(&gateway, &[], r#"{"size":"Standard_B4ms"}"#).await })
    };
    hold.arrived(1).await;
    // Nothing shows at Azure yet.
    let ordered = {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.post("/vms/web-01/restart").await })
    };
    gateway.busy_with(2).await;
    hold.release();

    let changed = changing.await.unwrap();
    assert_eq!(changed.status, 202, "{}", changed.text());
    let refused = ordered.await.unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (409, "conflict"));
    assert_eq!(
        refused.json()["operation"].as_str(),
        changed.header("location")
    );
    let again = patched(&gateway, &[], r#"{"size":"Standard_B2s"}"#).await;
    assert_eq!(again.status, 409, "{}", again.text());
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

#[actix_web::test]
async fn a_change_does_not_end_what_another_replica_has_begun() {
    let gateway = open();
    gateway
        .azure
        .operations_take(std::time::Duration::from_secs(3));
    let other = gateway.twin();
    let restart = ordered(&other, "web-01", "restart").await;

    for body in [r#"{"tags":{}}"#, r#"{"size":"Standard_B4ms"}"#] {
        let answer = patched(&gateway, &[], body).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (409, "conflict".to_owned()), "{}", answer.text());
        assert!(!answer.text().contains("supersede"), "{}", answer.text());
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(ended(&other, &restart).await["status"], "Succeeded");
}

#[actix_web::test]
async fn only_the_version_that_was_read_is_changed() {
    let gateway = open();
    let etag = gateway.get(VM).await.header("etag").unwrap().to_owned();
    let change = r#"{"tags":{"n":"1"}}"#;
    let current = [("if-match", etag.as_str())];
    assert_eq!(patched(&gateway, &current, change).await.status, 200);

    let stale = patched(&gateway, &current, r#"{"tags":{"n":"2"}}"#).await;

    let told = (stale.status, stale.code());
    assert_eq!(told, (412, "precondition_failed".to_owned()));
    assert_eq!(gateway.get(VM).await.json()["tags"]["n"], "1");
    assert_eq!(
        patched(&gateway, &[("if-match", "*")], change).await.status,
        200
    );
}

/// Its Compute would make the change all the same.
#[actix_web::test]
async fn no_version_is_changed_where_an_older_cloud_would_not_look_at_it() {
    let settings = Settings {
        compute_versions: vec!["2022-11-01".to_owned()],
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[CHANGES]);
    assert_eq!(gateway.get(VM).await.header("etag"), None);

    let answer = patched(&gateway, &[("if-match", "\"4\"")], r#"{"tags":{}}"#).await;

    let told = (answer.status, answer.code());
    assert_eq!(told, (501, "unsupported".to_owned()), "{}", answer.text());
    for word in ["If-Match", "2023-09-01", "2022-11-01"] {
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    let any = patched(&gateway, &[("if-match", "*")], r#"{"tags":{}}"#).await;
    assert_eq!(any.status, 200, "{}", any.text());
}

#[actix_web::test]
async fn a_version_that_no_header_can_hold_is_left_out() {
    let gateway = open();
    let broken = Fault::Alter(json!({"etag": "\"5\"\r\nx-more: 1"}));
    gateway
        .azure
        .inject(Service::VirtualMachines, broken, Times::Next(1));

    let answer = gateway.get(VM).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        (answer.header("etag"), answer.header("x-more")),
        (None, None)
    );
}

#[actix_web::test]
async fn a_size_that_azure_does_not_have_is_no_fault_of_azure() {
    let gateway = open();
    let answer = patched(&gateway, &[], r#"{"size":"Standard_Z9"}"#).await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (400, "invalid_request".to_owned()));
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("Standard_Z9"), "{detail}");
    assert!(detail.contains("valid sizes"), "{detail}");
    assert_eq!(problem["upstream"]["code"], "InvalidParameter");
}

/// Sources: loft-sh/devpod#731; Azure/azure-sdk-for-java#15425.
#[actix_web::test]
async fn a_size_that_the_machine_cannot_have_is_no_fault_of_azure() {
    let gateway = open();
    for (code, message) in [
        (
            "BadRequest",
            "The selected VM size 'Standard_D2ads_v6' cannot boot Hypervisor Generation '1'.",
        ),
        (
            "NetworkInterfaceCountExceeded",
            "The number of network interfaces is 3 and the maximum allowed is 2.",
        ),
    ] {
        let answer = refused(&gateway, code, message).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (400, "invalid_request".to_owned()), "{code}");
        assert_eq!(answer.json()["detail"], message);
        assert_eq!(answer.json()["upstream"]["code"], code);
    }
}

#[actix_web::test]
async fn a_change_that_azure_cannot_read_is_no_fault_of_the_caller() {
    let gateway = open();
    for (code, told) in [
        ("InvalidRequestContent", (502, "upstream_failed")),
        ("InvalidRequestFormat", (502, "upstream_failed")),
        ("MissingApiVersionParameter", (502, "upstream_failed")),
        ("", (502, "upstream_failed")),
        ("UnsupportedApiVersion", (501, "unsupported")),
    ] {
        let answer = refused(&gateway, code, "Azure's own words.").await;
        assert_eq!((answer.status, answer.code().as_str()), told, "{code:?}");
    }
}

/// The answer to a change that Azure refuses by 400 and `code`.
async fn refused(gateway: &Gateway, code: &str, message: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": message}});
    let fault = Fault::answer(400, &body.to_string());
    let azure = &gateway.azure;
    azure.inject(Service::Actions, fault, Times::Next(1));
    patched(gateway, &[], r#"{"size":"Standard_D2ads_v6"}"#).await
}

#[actix_web::test]
async fn what_is_no_change_is_refused_and_reaches_nobody() {
    let gateway = open();
    for body in [
        "",
        "{}",
        "[]",
        r#"{"tags":{"a/b":"c"}}"#,
        r#"{"tags":{"a":1}}"#,
        r#"{"tags":{"env":"prod","env":"test"}}"#,
        r#"{"tags":{"env":"prod","ENV":"test"}}"#,
        r#"[null,"Standard_B2s"]"#,
        r#"{"size":"a b"}"#,
        r#"{"size":"Standard_B2s","osProfile":{}}"#,
        r#"{"location":"x"}"#,
        r#"{"tags":{},"size":null}"#,
        r#"{"tags":null,"size":"Standard_B2s"}"#,
    ] {
        let answer = patched(&gateway, &[], body).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (400, "invalid_request".to_owned()), "{body}");
    }
    for version in ["7", "\"7", "W/\"7\", \"8\""] {
        let answer = patched(&gateway, &[("if-match", version)], r#"{"tags":{}}"#).await;
        assert_eq!(answer.status, 400, "{version}");
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_condition_that_is_not_heeded_is_refused() {
    let gateway = open();
    for headers in [
        &[("if-none-match", "*")][..],
        &[("if-match", "*"), ("if-none-match", "\"8\"")],
        &[("if-match", "\"7\""), ("if-match", "\"8\"")],
    ] {
        let answer = patched(&gateway, headers, r#"{"tags":{}}"#).await;
        assert_eq!(answer.status, 400, "{headers:?}");
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}

#[actix_web::test]
async fn a_body_of_another_kind_is_told_which_would_be_taken() {
    let gateway = open();
    let (kind, coding) = ("content-type", "content-encoding");
    // A merge would keep the tags that are not named.
    let json = ("accept-patch", "application/json");
    let plain = ("accept-encoding", "identity");
    for (headers, (name, value)) in [
        (&[(kind, "text/plain")][..], json),
        (&[(kind, "application/merge-patch+json")], json),
        (&[], json),
        (&[(kind, "application/json"), (coding, "gzip")], plain),
    ] {
        let body = br#"{"tags":{}}"#.to_vec();
        let answer = gateway.send("PATCH", gateway.api, VM, headers, body).await;
        assert_eq!(answer.status, 415, "{headers:?}: {}", answer.text());
        assert_eq!(answer.header(name), Some(value), "{headers:?}");
    }
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
    let identity = [(coding, "identity")];
    let taken = patched(&gateway, &identity, r#"{"tags":{}}"#).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
}

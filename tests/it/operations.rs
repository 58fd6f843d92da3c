//! Power operations, followed to their end.

use std::{rc::Rc, time::Duration};

use actix_web::rt;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{self, ended},
};

/// Orders a deallocation and returns where to ask.
async fn ordered(gateway: &Gateway) -> String {
    ordered_of(gateway, "web-01").await
}

async fn ordered_of(gateway: &Gateway, name: &str) -> String {
    orders::ordered(gateway, name, "deallocate").await
}

#[actix_web::test]
async fn an_operation_is_shown_until_it_has_succeeded() {
    let gateway = Gateway::start();
    let place = ordered(&gateway).await;
    let running = gateway.get(&place).await;
    assert_eq!(running.json()["status"], "InProgress");
    assert_eq!(running.header("retry-after"), Some("1"));

    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Succeeded");
    assert!(operation["endedAt"].as_str() > operation["startedAt"].as_str());
    assert_eq!(
        gateway.azure.power_state("rg-web", "web-01").as_deref(),
        Some("deallocated")
    );
    let last = gateway.get(&place).await;
    assert_eq!(last.header("retry-after"), None);
}

#[actix_web::test]
async fn an_operation_is_one_in_whichever_case_its_machine_is_named() {
    let gateway = Gateway::start();
    let place = ordered(&gateway).await;
    let operation = ended(&gateway, &place).await;
    let start = orders::ordered(&gateway, "web-01", "start").await;
    ended(&gateway, &start).await;

    let loud = place.replace("web-01", "WEB-01");
    assert_eq!(gateway.get(&loud).await.json(), operation);
    // Another replica has to look.
    let seen = gateway.twin().get(&loud).await.json();
    assert_eq!(seen["id"], operation["id"]);
    assert_eq!(seen["vm"]["name"], "web-01", "{seen}");
}

#[actix_web::test]
async fn an_operation_is_followed_though_nobody_asks() {
    let gateway = Gateway::start();
    ordered(&gateway).await;
    gateway.azure.arrived(Service::Operations, 1).await;
    let ended = r#"operations_total{action="deallocate",outcome="succeeded"}"#;
    let is_so = |answer: &Answer| {
        let text = answer.text();
        let none_runs = text.contains("\nmi_gateway_operations_running 0\n");
        (none_runs && text.contains(ended)).then_some(())
    };
    gateway.until("/metrics", is_so).await;
}

#[actix_web::test]
async fn a_failed_operation_says_why_in_azures_words() {
    let gateway = Gateway::start();
    let body = r#"{"status":"Failed","error":{"code":"InternalOperationError","message":"sorry"}}"#;
    gateway
        .azure
        .inject(Service::Operations, Fault::answer(200, body), Times::Always);
    let place = ordered(&gateway).await;
    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Failed");
    assert_eq!(operation["error"]["code"], "InternalOperationError");
    assert_eq!(operation["error"]["message"], "sorry");
}

#[actix_web::test]
async fn where_the_status_may_not_be_read_the_machine_tells() {
    for status in [403, 404, 410] {
        let gateway = Gateway::start();
        let fault = Fault::answer(status, r#"{"error":{"code":"C","message":"M"}}"#);
        gateway
            .azure
            .inject(Service::Operations, fault, Times::Always);
        let place = ordered(&gateway).await;
        let operation = ended(&gateway, &place).await;
        assert_eq!(operation["status"], "Succeeded", "{status}");
        assert_eq!(gateway.azure.requests(Service::Operations).len(), 1);
    }
}

#[actix_web::test]
async fn where_the_status_is_refused_again_and_again_the_machine_tells() {
    let refused = Fault::answer(400, r#"{"error":{"code":"C","message":"M"}}"#);
    for fault in [refused, Fault::answer(200, ""), Fault::Truncate] {
        let gateway = Gateway::start();
        gateway
            .azure
            .inject(Service::Operations, fault, Times::Always);
        let place = ordered(&gateway).await;
        assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
        assert_eq!(gateway.azure.requests(Service::Operations).len(), 3);
    }
}

/// Neither an outage nor one refusal after it is a reason not to believe Azure's own word.
#[actix_web::test]
async fn a_status_that_is_refused_once_after_an_outage_is_asked_for_again() {
    let gateway = Gateway::start();
    let refusal = Fault::answer(400, r#"{"error":{"code":"C","message":"M"}}"#);
    let away = Fault::answer(503, "{}");
    for (fault, times) in [(away, Times::Next(2)), (refusal, Times::Next(1))] {
        gateway.azure.inject(Service::Operations, fault, times);
    }
    let place = ordered(&gateway).await;
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Operations).len(), 4);
}

#[actix_web::test]
async fn a_status_whose_body_is_lost_is_asked_for_again() {
    let gateway = Gateway::start();
    for fault in [
        Fault::TruncateAt(0),
        Fault::TruncateChunkedAt(0),
        Fault::answer(200, ""),
    ] {
        gateway
            .azure
            .inject(Service::Operations, fault, Times::Next(1));
    }
    let mut places = Vec::new();
    for name in ["web-01", "web-02", "web-03"] {
        places.push(ordered_of(&gateway, name).await);
    }
    for place in places {
        assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    }
    assert_eq!(gateway.azure.requests(Service::Operations).len(), 6);
}

/// A gateway whose next order is told by a `Location` alone.
fn told_by_location() -> Gateway {
    let gateway = Gateway::start();
    let path = "subscriptions/s/providers/Microsoft.Compute/locations/l/operations/x?s=1";
    let url = format!("{}/{path}", gateway.azure.url());
    let order = Fault::Answer {
        status: 202,
        headers: vec![("location".to_owned(), url)],
        body: String::new(),
    };
    gateway
        .azure
        .inject(Service::Actions, order, Times::Next(1));
    gateway
}

#[actix_web::test]
async fn an_operation_that_is_told_by_location_ends_with_an_empty_answer() {
    for status in [200, 204] {
        let gateway = told_by_location();
        let empty = |status| Fault::answer(status, "");
        gateway
            .azure
            .inject(Service::Operations, empty(202), Times::Next(1));
        gateway
            .azure
            .inject(Service::Operations, empty(status), Times::Next(1));
        let place = ordered(&gateway).await;
        assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
        assert_eq!(gateway.azure.requests(Service::Operations).len(), 2);
    }
}

/// What Azure answers at a `Location` in the end is what it would have answered the order.
#[actix_web::test]
async fn an_operation_that_is_told_by_location_ends_with_a_refusal() {
    let gateway = told_by_location();
    let inject = |fault, times| gateway.azure.inject(Service::Operations, fault, times);
    inject(Fault::answer(202, ""), Times::Next(1));
    let body = r#"{"error":{"code":"AllocationFailed","message":"M"}}"#;
    inject(Fault::answer(409, body), Times::Always);

    let place = ordered(&gateway).await;

    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Failed");
    assert_eq!(operation["error"]["code"], "AllocationFailed");
    assert_eq!(operation["error"]["message"], "M");
    assert_eq!(gateway.azure.requests(Service::Operations).len(), 2);
    let start = gateway.post("/vms/web-01/start").await;
    assert!(start.status < 300, "{}", start.text());
}

#[actix_web::test]
async fn an_operation_whose_location_moves_is_followed_to_where_it_is_then() {
    let gateway = Gateway::start();
    let path = "/subscriptions/s/providers/Microsoft.Compute/locations/l/operations";
    let told_at = |name| Fault::Answer {
        status: 202,
        headers: vec![(
            "location".to_owned(),
            format!("{}{path}/{name}?s=1", gateway.azure.url()),
        )],
        body: String::new(),
    };
    let inject = |service, fault| gateway.azure.inject(service, fault, Times::Next(1));
    inject(Service::Actions, told_at("first"));
    inject(Service::Operations, told_at("second"));
    inject(Service::Operations, Fault::answer(202, ""));
    inject(Service::Operations, Fault::answer(200, ""));
    let place = ordered(&gateway).await;
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    let asked = gateway.azure.requests(Service::Operations);
    let asked: Vec<_> = asked.iter().map(|it| it.path.as_str()).collect();
    let [first, second] = ["first", "second"].map(|name| format!("{path}/{name}"));
    assert_eq!(asked, [&first, &second, &second]);
}

#[actix_web::test]
async fn an_operation_url_that_leads_elsewhere_gets_no_token() {
    let elsewhere = Sandbox::start(Settings::default()).unwrap();
    // Whatever the status is: while there is a URL, it goes on.
    for status in [200, 201, 202] {
        let gateway = Gateway::start();
        let url = format!("{}/subscriptions/s/operations/x?s=1", elsewhere.url());
        let headers = vec![("azure-asyncoperation".to_owned(), url)];
        let fault = Fault::Answer {
            status,
            headers,
            body: String::new(),
        };
        gateway
            .azure
            .inject(Service::Actions, fault, Times::Next(1));
        let place = ordered(&gateway).await;
        // What can be known without the URL is what the machine shows: nothing.
        let operation = gateway.get(&place).await.json();
        assert_eq!(operation["status"], "InProgress");
        gateway.azure.arrived(Service::VirtualMachines, 2).await;
    }
    assert!(elsewhere.requests(Service::Operations).is_empty());
}

#[actix_web::test]
async fn an_order_that_is_done_at_once_has_succeeded() {
    let gateway = Gateway::start();
    let done = Fault::answer(200, "");
    gateway.azure.inject(Service::Actions, done, Times::Next(1));
    let answer = gateway.post("/vms/web-01/deallocate").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["status"], "Succeeded");
    assert!(gateway.azure.requests(Service::Operations).is_empty());
}

#[actix_web::test]
async fn a_token_that_is_rejected_during_an_operation_is_replaced() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let place = ordered(&gateway).await;
    gateway.azure.expire_tokens();
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
}

/// Who waits for the end has the machine looked at for others as well.
#[actix_web::test]
async fn whose_wait_is_over_takes_no_look_from_those_who_joined_it() {
    let settings = Settings {
        operation_takes: Duration::from_secs(30),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let (place, other) = (ordered(&gateway).await, Rc::new(gateway.twin()));
    let asked = |preference: &'static str| {
        let (other, place) = (Rc::clone(&other), place.clone());
        rt::spawn(async move {
            let headers = [("prefer", preference)];
            let answer = other.send("GET", other.api, &place, &headers, Vec::new());
            answer.await.status
        })
    };
    assert_eq!(asked("respond-async").await.unwrap(), 200);

    let hold = gateway.azure.hold(Service::VirtualMachines);
    let waiting = asked("wait=6");
    hold.arrived(1).await;
    let joining = asked("respond-async");
    other.busy_with(2).await;
    rt::spawn(async move {
        hold.arrived(2).await;
        hold.release();
    });

    assert_eq!(waiting.await.unwrap(), 200);
    assert_eq!(joining.await.unwrap(), 200);
}

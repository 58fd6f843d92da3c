//! Whatever goes wrong while an order is sent, polled or observed: no request
//! hangs, and nothing is told that is not so.

use azure_sandbox::{Fault, Service, Times};
use serde_json::Value;

use crate::{answer::Answer, gateway::Gateway, orders::ended};

/// What happens to a call.
#[derive(Clone, Copy)]
enum Trouble {
    Status(u16),
    Refused,
    Reset,
    /// Azure does it, and the answer is lost.
    Lost,
    Truncated,
    Silent,
}

const DEALLOCATE: &str = "/vms/web-01/deallocate";

/// Long for a call on this machine, short for a test.
const IN_TIME: (&str, &str) = ("MIG_UPSTREAM_TIMEOUT", "2s");

fn fault(trouble: Trouble) -> Option<Fault> {
    let body = r#"{"error":{"code":"Trouble","message":"on purpose"}}"#;
    match trouble {
        Trouble::Status(status) => Some(Fault::answer(status, body)),
        Trouble::Reset => Some(Fault::Reset),
        Trouble::Lost => Some(Fault::LoseAnswer),
        Trouble::Truncated => Some(Fault::TruncateAt(1)),
        Trouble::Refused | Trouble::Silent => None,
    }
}

/// An operation is told as ended only as it ended, and nothing failed here.
fn assert_true(gateway: &Gateway, operation: &Value) {
    let told = operation["status"].as_str().unwrap();
    let state = gateway.azure.power_state("rg-web", "web-01").unwrap();
    let is_so = match told {
        "Succeeded" => state == "deallocated",
        "InProgress" | "Unknown" => true,
        _ => false,
    };
    assert!(is_so, "{told} while the machine is {state}: {operation}");
}

async fn submit(trouble: Trouble) {
    let gateway = Gateway::with(&[IN_TIME]);
    gateway.ready().await;
    let answer = ordered_amid(&gateway, trouble).await;
    assert!(
        matches!(answer.status, 202 | 404 | 409 | 429 | 502 | 504),
        "{}",
        answer.text()
    );
    let place = answer.header("location").map(str::to_owned);
    let named = answer.json()["operation"].as_str().map(str::to_owned);
    let Some(place) = place.or(named) else {
        let is_settled =
            gateway.azure.power_state("rg-web", "web-01").as_deref() == Some("running");
        assert!(is_settled, "Azure does what nobody was told of");
        return;
    };
    assert_true(&gateway, &gateway.get(&place).await.json());
    if answer.status == 202 {
        assert_true(&gateway, &ended(&gateway, &place).await);
    }
}

async fn ordered_amid(gateway: &Gateway, trouble: Trouble) -> Answer {
    match (trouble, fault(trouble)) {
        (_, Some(fault)) => {
            gateway.azure.inject(Service::Actions, fault, Times::Always);
            gateway.post(DEALLOCATE).await
        }
        (Trouble::Refused, None) => {
            let _refusing = gateway.azure.refuse_connections();
            gateway.post(DEALLOCATE).await
        }
        (_, None) => {
            let _hold = gateway.azure.hold(Service::Actions);
            gateway.post(DEALLOCATE).await
        }
    }
}

async fn poll(trouble: Trouble) {
    let gateway = Gateway::start();
    gateway.ready().await;
    let place = troubled(&gateway, Service::Operations, trouble).await;
    assert_true(&gateway, &gateway.get(&place).await.json());
    let operation = ended(&gateway, &place).await;
    assert_eq!(operation["status"], "Succeeded", "{operation}");
    assert_true(&gateway, &operation);
}

async fn observe(trouble: Trouble) {
    let gateway = Gateway::start();
    gateway.ready().await;
    // Polls are not answered: the machine has to be looked at.
    let gone = Fault::answer(410, "");
    gateway
        .azure
        .inject(Service::Operations, gone, Times::Always);
    let place = troubled(&gateway, Service::VirtualMachines, trouble).await;
    assert_true(&gateway, &gateway.get(&place).await.json());
    let operation = ended(&gateway, &place).await;
    assert_true(&gateway, &operation);
    let may_be_unknown = matches!(trouble, Trouble::Status(403 | 404 | 410));
    let is_unknown = operation["status"] == "Unknown";
    assert_eq!(is_unknown, may_be_unknown, "{operation}");
}

/// Orders a deallocation, and lets `trouble` befall two calls to `service`
/// after that.
async fn troubled(gateway: &Gateway, service: Service, trouble: Trouble) -> String {
    let hold = gateway.azure.hold(Service::Operations);
    let answer = gateway.post(DEALLOCATE).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let place = answer.header("location").unwrap().to_owned();
    match (trouble, fault(trouble)) {
        (_, Some(fault)) => {
            gateway.azure.inject(service, fault, Times::Next(2));
            hold.release();
        }
        (Trouble::Refused, None) => {
            hold.arrived(1).await;
            let refusing = gateway.azure.refuse_connections();
            hold.release();
            let errors = r#"upstream_requests_total{operation="operation_status",service="arm",status="error"}"#;
            gateway
                .until("/metrics", |answer| {
                    answer.text().contains(errors).then_some(())
                })
                .await;
            drop(refusing);
        }
        (_, None) => {
            let silence = gateway.azure.hold(service);
            hold.release();
            silence.arrived(1).await;
            assert_true(gateway, &gateway.get(&place).await.json());
            silence.release();
        }
    }
    place
}

/// A test for each kind of trouble.
macro_rules! rows {
    ($phase:ident: $($name:ident $trouble:expr),+ $(,)?) => {
        mod $phase {
            use super::Trouble;

            $(
                #[actix_web::test]
                async fn $name() {
                    super::$phase($trouble).await;
                }
            )+
        }
    };
}

macro_rules! matrix {
    ($($phase:ident),+) => {
        $(rows! {
            $phase:
            status_401 Trouble::Status(401),
            status_403 Trouble::Status(403),
            status_404 Trouble::Status(404),
            status_408 Trouble::Status(408),
            status_409 Trouble::Status(409),
            status_410 Trouble::Status(410),
            status_429 Trouble::Status(429),
            status_500 Trouble::Status(500),
            status_502 Trouble::Status(502),
            status_503 Trouble::Status(503),
            status_504 Trouble::Status(504),
            connection_refused Trouble::Refused,
            connection_reset Trouble::Reset,
            answer_lost Trouble::Lost,
            answer_truncated Trouble::Truncated,
            silence Trouble::Silent,
        })+
    };
}

matrix!(submit, poll, observe);

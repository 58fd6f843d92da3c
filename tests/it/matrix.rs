//! Whatever goes wrong while an order or a change is sent, polled or observed: no request
//! hangs, and nothing is told that is not so.

mod refused;

use azure_sandbox::{Fault, Hold, Service, Standing, Times};
use serde_json::Value;

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{CHANGES, ended, patched},
};

/// What happens to a call.
#[derive(Clone, Copy)]
enum Trouble {
    Status(u16),
    Refused,
    Reset,
    /// Azure does it, and the answer is lost.
    Lost,
    /// Azure does it, and the answer breaks off in its head.
    Beheaded,
    /// Azure does it, and answers 202 without saying where it is told how it goes.
    Unlinked,
    /// Of an answer that has a body.
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
        Trouble::Beheaded => Some(Fault::CutHead),
        Trouble::Unlinked => Some(Fault::Unlink),
        Trouble::Truncated => Some(Fault::TruncateAt(1)),
        Trouble::Refused | Trouble::Silent => None,
    }
}

/// What is asked of the gateway.
#[derive(Clone, Copy)]
enum Wanted {
    Deallocation,
    Size,
}

impl Wanted {
    async fn asked(self, gateway: &Gateway) -> Answer {
        match self {
            Self::Deallocation => gateway.post(DEALLOCATE).await,
            Self::Size => patched(gateway, &[], r#"{"size":"Standard_B4ms"}"#).await,
        }
    }
}

/// An operation is told as ended only as it ended, and nothing failed here.
fn assert_true(gateway: &Gateway, operation: &Value) {
    let told = operation["status"].as_str().unwrap();
    let orders = gateway.azure.orders();
    let is_so = match told {
        "Succeeded" => orders
            .iter()
            .any(|order| matches!(order.standing, Standing::Succeeded(_))),
        "InProgress" | "Unknown" => true,
        _ => false,
    };
    assert!(is_so, "{told}, and in Azure {orders:?}: {operation}");
}

async fn submit(trouble: Trouble) {
    sent_amid(Wanted::Deallocation, trouble).await;
}

async fn change(trouble: Trouble) {
    sent_amid(Wanted::Size, trouble).await;
}

async fn sent_amid(wanted: Wanted, trouble: Trouble) {
    let (gateway, answer) = answered_amid(wanted, trouble).await;
    assert!(
        matches!(answer.status, 202 | 404 | 409 | 429 | 502 | 504),
        "{}",
        answer.text()
    );
    let place = answer.header("location").map(str::to_owned);
    let named = answer.json()["operation"].as_str().map(str::to_owned);
    let Some(place) = place.or(named) else {
        let orders = gateway.azure.orders();
        assert!(orders.is_empty(), "nobody was told of {orders:?}");
        return;
    };
    let is_sent = !matches!(trouble, Trouble::Refused);
    assert!(is_sent, "{place} is told of, and nothing was sent");
    assert_true(&gateway, &gateway.get(&place).await.json());
    if answer.status == 202 {
        assert_true(&gateway, &ended(&gateway, &place).await);
    }
}

async fn answered_amid(wanted: Wanted, trouble: Trouble) -> (Gateway, Answer) {
    if matches!(trouble, Trouble::Refused) {
        return refused::answered(wanted).await;
    }
    let gateway = Gateway::with(&[IN_TIME, CHANGES]);
    gateway.ready().await;
    let _hold = match fault(trouble) {
        Some(fault) => {
            gateway.azure.inject(Service::Actions, fault, Times::Always);
            None
        }
        None => Some(gateway.azure.hold(Service::Actions)),
    };
    let answer = wanted.asked(&gateway).await;
    (gateway, answer)
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
            let silence = held(gateway, service, hold).await;
            let refusing = gateway.azure.refuse_connections();
            silence.release();
            refused_once(gateway, service).await;
            drop(refusing);
        }
        (_, None) => {
            let silence = held(gateway, service, hold).await;
            assert_true(gateway, &gateway.get(&place).await.json());
            silence.release();
        }
    }
    place
}

/// The next call to `service` waits there, where `polls` held those to operations.
async fn held(gateway: &Gateway, service: Service, polls: Hold) -> Hold {
    let silence = if service == Service::Operations {
        polls
    } else {
        let looks = gateway.azure.hold(service);
        polls.release();
        looks
    };
    silence.arrived(1).await;
    silence
}

/// Resolves when a call to `service` has ended with a connection that was refused: what
/// was under way is reset, and a look, unlike a poll, is sent twice more at once.
async fn refused_once(gateway: &Gateway, service: Service) {
    let (operation, errors) = match service {
        Service::Operations => ("operation_status", 2),
        _ => ("get_vm", 3),
    };
    let series = format!(
        r#"mi_gateway_upstream_requests_total{{operation="{operation}",service="arm",status="error"}} "#
    );
    gateway
        .until("/metrics", |answer| {
            let text = answer.text();
            let count = text.lines().find_map(|it| it.strip_prefix(&series))?;
            (count.parse::<u32>().unwrap() >= errors).then_some(())
        })
        .await;
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
    ($($phase:ident: $($name:ident $trouble:expr),+;)+) => {
        $(rows! {
            $phase:
            $($name $trouble,)+
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
            head_cut Trouble::Beheaded,
            silence Trouble::Silent,
        })+
    };
}

matrix! {
    submit: answer_without_links Trouble::Unlinked;
    change: answer_truncated Trouble::Truncated;
    poll: answer_truncated Trouble::Truncated;
    observe: answer_truncated Trouble::Truncated;
}

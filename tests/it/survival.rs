//! Operations outlive the gateway that began them.

use std::{
    process::Stdio,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use jiff::Timestamp;

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{ended, ordered},
    program::{Running, gateway},
    records::Records,
};

/// An Azure whose operations outlast the death of a gateway.
fn azure(operation_takes: Duration) -> Sandbox {
    let settings = Settings {
        operation_takes,
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

#[actix_web::test]
async fn another_gateway_answers_for_one_that_was_killed() {
    let azure = azure(Duration::from_secs(2));
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_AUDIT_FILE", Records::of(&azure).path())
        .stderr(Stdio::inherit());
    let first = Running::start(command);
    let second = Gateway::before(azure, Host::ContainerApp, &[]);

    let place = first.ordered("/vms/web-01/deallocate").await;
    first.kill();
    second.records.after_a_kill();
    let running = second.get(&place).await;
    assert_eq!(running.status, 200, "{}", running.text());
    assert_eq!(running.json()["status"], "InProgress");
    let operation = ended(&second, &place).await;

    assert_eq!(operation["status"], "Succeeded", "{operation}");
    assert_eq!(operation["action"], "deallocate");
    assert!(operation["observedAt"].is_string());
    let state = second.azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("deallocated"));
    assert!(second.azure.requests(Service::Operations).is_empty());
}

#[actix_web::test]
async fn a_restart_is_known_to_have_ended_by_another_gateway() {
    let first = Gateway::before(azure(Duration::from_millis(300)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "restart").await;
    ended(&first, &place).await;
    let second = first.twin();

    let operation = second.get(&place).await.json();

    assert_eq!(operation["status"], "Succeeded", "{operation}");
}

#[actix_web::test]
async fn a_restart_is_known_to_another_gateway_however_far_azures_clock_is_off() {
    for clock_offset in [-60, 60] {
        let settings = Settings {
            operation_takes: Duration::from_millis(300),
            clock_offset,
            ..Settings::default()
        };
        let azure = Sandbox::start(settings).unwrap();
        let first = Gateway::before(azure, Host::ContainerApp, &[]);
        let place = ordered(&first, "web-01", "restart").await;
        ended(&first, &place).await;

        let operation = first.twin().get(&place).await.json();

        assert_eq!(operation["status"], "Succeeded", "{operation}");
    }
}

#[actix_web::test]
async fn an_operation_lasts_as_long_as_it_does_though_azures_clock_is_behind() {
    let settings = Settings {
        operation_takes: Duration::from_secs(2),
        clock_offset: -300,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let began = Instant::now();
    let answer = gateway.post("/vms/web-01/restart").await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    let place = answer.header("location").unwrap();
    assert!(gateway.metric("operations_oldest_seconds").await < 60.0);
    let elsewhere = gateway.twin().get(place).await;
    assert_eq!(elsewhere.header("retry-after"), Some("1"));

    let operation = ended(&gateway, place).await;

    let at = |name: &str| operation[name].as_str().unwrap().parse::<Timestamp>();
    let lasted = at("endedAt")
        .unwrap()
        .duration_since(at("startedAt").unwrap());
    let really = began.elapsed();
    assert!(lasted.unsigned_abs() < really, "{operation}");
    let sum = r#"operation_duration_seconds_sum{action="restart",outcome="succeeded"}"#;
    let counted = gateway.metric(sum).await;
    assert!(0.0 < counted && counted < really.as_secs_f64(), "{counted}");
}

#[actix_web::test]
async fn what_another_order_has_undone_is_unknown_and_says_why() {
    let first = Gateway::before(azure(Duration::from_millis(300)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "deallocate").await;
    ended(&first, &place).await;
    let again = ordered(&first, "web-01", "start").await;
    ended(&first, &again).await;

    let operation = first.twin().get(&place).await.json();

    assert_eq!(operation["status"], "Unknown");
    assert_eq!(operation["error"]["code"], "Overtaken");
    assert_eq!(ended(&first, &place).await["status"], "Succeeded");
}

#[actix_web::test]
async fn many_who_ask_another_gateway_cost_azure_one_look_in_five_seconds() {
    let first = Gateway::before(azure(Duration::from_secs(30)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "deallocate").await;
    let second = first.twin();
    let before = first.azure.requests(Service::VirtualMachines).len();

    for _ in 0..50 {
        assert_eq!(second.get(&place).await.json()["status"], "InProgress");
    }

    let looks = first.azure.requests(Service::VirtualMachines).len() - before;
    assert!(looks <= 2, "{looks} looks");
}

#[actix_web::test]
async fn many_who_ask_another_gateway_at_once_share_its_first_look() {
    let first = Gateway::before(azure(Duration::from_secs(30)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "deallocate").await;
    let second = Rc::new(first.twin());
    second.ready().await;
    let before = first.azure.requests(Service::VirtualMachines).len();
    let hold = first.azure.hold(Service::VirtualMachines);
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let (second, place) = (Rc::clone(&second), place.clone());
            rt::spawn(async move { second.get(&place).await.json()["status"].clone() })
        })
        .collect();
    hold.arrived(1).await;
    second.busy_with(20).await;
    hold.release();

    for asker in askers {
        assert_eq!(asker.await.unwrap(), "InProgress");
    }
    let looks = first.azure.requests(Service::VirtualMachines).len() - before;
    assert_eq!(looks, 1);
}

#[actix_web::test]
async fn a_look_that_failed_is_told_as_such_and_not_as_a_look() {
    let first = Gateway::before(azure(Duration::from_secs(30)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "deallocate").await;
    let second = first.twin();
    let seen = second.get(&place).await.json()["observedAt"].clone();
    let aged = |answer: &Answer| (answer.json()["observedAt"] != seen).then_some(());
    second.until(&place, aged).await;
    let fault = Fault::answer(500, "");
    first
        .azure
        .inject(Service::VirtualMachines, fault, Times::Always);
    let failing = |answer: &Answer| (answer.status == 502).then_some(());
    second.until(&place, failing).await;

    assert_eq!(second.get(&place).await.status, 502);
}

#[actix_web::test]
async fn another_gateway_too_is_waited_at_for_the_end() {
    let first = Gateway::before(azure(Duration::from_secs(2)), Host::ContainerApp, &[]);
    let place = ordered(&first, "web-01", "deallocate").await;
    let second = first.twin();

    let prefer = [("prefer", "wait=15")];
    let answer = second
        .send("GET", second.api, &place, &prefer, Vec::new())
        .await;

    assert_eq!(answer.json()["status"], "Succeeded", "{}", answer.text());
}

#[actix_web::test]
async fn an_id_that_nobody_gave_out_is_not_found_or_judged_by_the_machine() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    let (rest, print) = place.split_at(place.len() - 8);
    let (head, time) = rest.split_at(rest.len() - 11);
    for other in [
        "/operations/x".to_owned(),
        "/operations/00000000-0000-4000-8000-000000000000".to_owned(),
        format!("{rest}00000000"),
        place.replace("web-01", "web-02"),
        format!("{head}00000000000{print}"),
        format!("{head}7ffffffffff{print}"),
        place.replace("web-01", "..%2f"),
    ] {
        let answer = gateway.get(&other).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (404, "not_found".to_owned()), "{other} {time}");
    }
}

/// A day back, as the contract promises, and as far ahead as clocks may differ.
#[actix_web::test]
async fn an_id_is_known_for_a_day_and_not_before_its_time() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    let (rest, print) = place.split_at(place.len() - 8);
    let (head, _) = rest.split_at(rest.len() - 11);
    for (minutes, status) in [(4, 200), (6, 404), (-23 * 60, 200), (-25 * 60, 404)] {
        let millis = Timestamp::now().as_millisecond() + minutes * 60_000;
        let answer = gateway.get(&format!("{head}{millis:011x}{print}")).await;
        assert_eq!(answer.status, status, "{minutes} min: {}", answer.text());
        if status == 404 {
            let detail = "no such operation, or one of more than a day ago";
            assert_eq!(answer.json()["detail"], detail, "{minutes} min");
        }
    }
}

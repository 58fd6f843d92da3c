//! Azure is asked often enough, and not too often.

use std::{
    collections::BTreeSet,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};
use azure_sandbox::{
    Fault, Fleet, Host, PollQuota, Sandbox, Service, Settings, Times, VirtualMachine,
};

use crate::{
    gateway::Gateway,
    orders::{ended, ordered},
    program::{Running, gateway},
};

/// The deallocation that was recorded on 2025-11-16.
///
/// Source: Azure/azure-cli, `test_vm_create_state_modifications.yaml`.
const RECORDED: Duration = Duration::from_millis(7_750);

#[actix_web::test]
async fn the_end_of_a_recorded_operation_is_known_within_five_seconds() {
    let settings = Settings {
        operation_takes: RECORDED,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.ready().await;
    let began = Instant::now();
    let place = ordered(&gateway, "web-01", "deallocate").await;

    let operation = ended(&gateway, &place).await;

    let took = began.elapsed();
    assert_eq!(operation["status"], "Succeeded");
    assert!(took >= RECORDED, "{took:?}");
    assert!(took < RECORDED + Duration::from_secs(5), "{took:?}");
}

/// An Azure with two hundred machines in each of five subscriptions: as many as
/// it takes orders for at once. The looks before the orders use up four fifths
/// of the reads that it gives at once.
fn fleet() -> (Sandbox, Vec<VirtualMachine>) {
    let settings = Settings {
        operation_takes: Duration::from_secs(5),
        fleet: Some(Fleet {
            machines: 1_000,
            subscriptions: 5,
        }),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let mut machines = azure.virtual_machines();
    machines.retain(|machine| machine.name.starts_with("fleet-"));
    (azure, machines)
}

/// In a process of its own, so that the log of a thousand operations does not
/// have to be searched by every other test.
#[actix_web::test]
async fn a_thousand_operations_at_once_meet_no_throttling() {
    let (azure, machines) = fleet();
    let scopes: BTreeSet<_> = machines
        .iter()
        .map(|machine| format!("/subscriptions/{}", machine.subscription_id))
        .collect();
    let scopes: Vec<_> = scopes.into_iter().collect();
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_SCOPES", scopes.join(","))
        .env("MIG_UPSTREAM_TIMEOUT", "60s")
        .env("MIG_UPSTREAM_CONCURRENCY", "2048");
    let running = Rc::new(Running::start(command));
    let orders: Vec<_> = machines
        .iter()
        .map(|machine| {
            let running = Rc::clone(&running);
            let path = format!(
                "/vms/{}/deallocate?subscriptionId={}&resourceGroup={}",
                machine.name, machine.subscription_id, machine.resource_group
            );
            rt::spawn(async move { running.ordered(&path).await })
        })
        .collect();
    for order in orders {
        order.await.unwrap();
    }

    let all = r#"operations_total{action="deallocate",outcome="succeeded"} 1000"#;
    let mut ticks = time::interval(Duration::from_millis(500));
    let metrics = time::timeout(Duration::from_secs(90), async {
        loop {
            ticks.tick().await;
            let metrics = running.metrics().await;
            if metrics.contains(all) {
                return metrics;
            }
        }
    });
    let metrics = metrics.await.expect("all operations have ended");

    let refused = |line: &&str| line.contains(r#"service="arm",status="4xx""#);
    let refused: Vec<_> = metrics.lines().filter(refused).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(azure.requests(Service::Actions).len(), 1_000);
    let (_, output) = Rc::into_inner(running).unwrap().terminate();
    for secret in azure.secrets().iter().take(50) {
        assert!(!output.contains(secret), "a secret was written");
    }
}

/// A quota of four looks at operations, of which each takes two, as recorded. At the
/// pace of a large one, the fifth would come too soon, after 8.5 seconds.
#[actix_web::test]
async fn looks_that_cost_more_than_one_become_rarer_before_azure_throttles_them() {
    let polls = PollQuota {
        at_once: 8,
        each_minute: 2,
        cost: 2,
    };
    let settings = Settings {
        operation_takes: Duration::from_secs(9),
        polls,
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.ready().await;
    let place = ordered(&gateway, "web-01", "deallocate").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");

    let throttled =
        r#"upstream_requests_total{operation="operation_status",service="arm",status="4xx"}"#;
    assert!(gateway.metric(throttled).await < 0.5);
    assert!(gateway.azure.requests(Service::Operations).len() <= 4);
}

/// Of the 36 looks at a machine that Azure gives at once, four are left. At the pace of
/// many, it would be looked at after one, two and four seconds.
#[actix_web::test]
async fn looks_at_a_machine_become_rarer_as_their_quota_shrinks() {
    let settings = Settings {
        operation_takes: Duration::from_secs(3),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let fault = Fault::answer(403, r#"{"error":{"code":"C","message":"M"}}"#);
    azure.inject(Service::Operations, fault, Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.ready().await;
    let looks = || gateway.azure.requests(Service::VirtualMachines).len();
    while looks() < 32 {
        assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    }
    let place = ordered(&gateway, "web-01", "deallocate").await;
    let before = looks();

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");

    let more = looks() - before;
    assert!((1..=2).contains(&more), "{more}");
}

/// Without the pause of three seconds that the first poll is told of by `answer`, all of it
/// takes half of them.
async fn is_kept_by_polls(answer: Fault) {
    let gateway = Gateway::start();
    gateway
        .azure
        .inject(Service::Operations, answer, Times::Next(1));
    let began = Instant::now();
    let place = ordered(&gateway, "web-01", "deallocate").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");

    assert!(began.elapsed() >= Duration::from_secs(3));
    assert_eq!(gateway.azure.requests(Service::Operations).len(), 2);
}

#[actix_web::test]
async fn a_pause_that_azure_asks_for_is_kept_by_polls() {
    is_kept_by_polls(Fault::Throttle { retry_after: 3 }).await;
}

#[actix_web::test]
async fn a_pause_that_comes_with_the_status_is_kept_by_polls() {
    let running = Fault::Answer {
        status: 200,
        headers: vec![("retry-after".to_owned(), "3".to_owned())],
        body: r#"{"status":"InProgress"}"#.to_owned(),
    };
    is_kept_by_polls(running).await;
}

/// Without the pause, the second look comes a second after the first.
#[actix_web::test]
async fn looks_are_as_rare_as_azure_asks_while_an_operation_runs() {
    const PAUSE: Duration = Duration::from_secs(4);
    let settings = Settings {
        operation_takes: Duration::from_mins(1),
        polls_pause: Some(PAUSE),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    let began = Instant::now();
    ordered(&gateway, "web-01", "deallocate").await;

    gateway.azure.arrived(Service::Operations, 2).await;

    assert!(began.elapsed() >= PAUSE, "{:?}", began.elapsed());
}

#[actix_web::test]
async fn a_pause_that_callers_are_told_of_is_kept_by_polls() {
    const PAUSE: Duration = Duration::from_secs(4);
    // Less than the pause, which is not slept through then.
    let gateway = Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "3s")]);
    gateway.ready().await;
    let fault = Fault::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), PAUSE.as_secs().to_string())],
        body: r#"{"error":{"code":"SubscriptionRequestsThrottled","message":"M"}}"#.to_owned(),
    };
    let next = Times::Next(1);
    gateway.azure.inject(Service::VirtualMachines, fault, next);
    let began = Instant::now();
    assert_eq!(gateway.get("/vms/web-02").await.code(), "throttled");
    // Before the operation, so that no poll of it can be on its way already.
    let place = ordered(&gateway, "web-01", "deallocate").await;

    gateway.azure.arrived(Service::Operations, 1).await;

    assert!(began.elapsed() >= PAUSE, "{:?}", began.elapsed());
    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
}

#[actix_web::test]
async fn a_pause_for_orders_delays_no_poll() {
    // Longer than any test waits.
    const PAUSE: &str = "600";
    let gateway = Gateway::start();
    let fault = Fault::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), PAUSE.to_owned())],
        body: r#"{"error":{"code":"SubscriptionRequestsThrottled","message":"M"}}"#.to_owned(),
    };
    let next = Times::Next(1);
    gateway.azure.inject(Service::Actions, fault, next);
    let refused = gateway.post("/vms/web-02/deallocate").await;
    assert_eq!(refused.code(), "throttled");

    let place = ordered(&gateway, "web-01", "deallocate").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
}

#[actix_web::test]
async fn a_long_pause_is_passed_on_at_once_and_not_slept_through() {
    let gateway = Gateway::start();
    gateway.ready().await;
    for service in [Service::VirtualMachines, Service::Actions] {
        let fault = Fault::Throttle { retry_after: 1_200 };
        gateway.azure.inject(service, fault, Times::Next(1));
        let began = Instant::now();
        let answer = gateway.post("/vms/web-01/deallocate").await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "throttled"));
        assert_eq!(answer.header("retry-after"), Some("1200"));
        assert!(began.elapsed() < Duration::from_secs(1), "{service:?}");
    }
}

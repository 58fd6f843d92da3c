//! More is asked of Azure than it or the gateway can do.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    answer::Answer,
    gateway::Gateway,
    orders::{ended, ordered},
};

const MACHINE: &str = "/vms/web-01";

/// Two calls to Azure at once, and two that wait.
const NARROW: [(&str, &str); 2] = [("MIG_WORKERS", "1"), ("MIG_UPSTREAM_CONCURRENCY", "2")];

fn withheld(reason: &str) -> String {
    format!("upstream_withheld_total{{reason=\"{reason}\",service=\"arm\"}}")
}

fn is_overloaded(answer: &Answer) -> bool {
    answer.status == 503
        && answer.code() == "overloaded"
        && answer.header("retry-after") == Some("1")
}

#[actix_web::test]
async fn what_cannot_be_asked_in_time_is_refused_and_never_sent() {
    let gateway = Rc::new(Gateway::with(&NARROW));
    // Its name is known from here on.
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move { gateway.get(MACHINE).await })
        })
        .collect();
    for (reason, count) in [("queue_full", " 2\n"), ("queue_wait", " 2\n")] {
        let line = withheld(reason) + count;
        let found = |answer: &Answer| answer.text().contains(&line).then_some(());
        gateway.until("/metrics", found).await;
    }

    // Health has threads of its own.
    assert_eq!(gateway.admin("/livez").await.status, 200);
    hold.release();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    let served = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(served.count(), 2);
    assert_eq!(answers.iter().filter(|it| is_overloaded(it)).count(), 4);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 3);
    assert_eq!(gateway.get(MACHINE).await.status, 200);
}

#[actix_web::test]
async fn whoever_asks_again_at_once_is_refused_more_slowly() {
    const CALLS: usize = 400;
    let gateway = Rc::new(Gateway::with(&NARROW));
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let began = Instant::now();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move {
                let asked = Instant::now();
                let answer = gateway.get(MACHINE).await;
                (answer, asked.elapsed())
            })
        })
        .collect();
    let line = withheld("queue_full") + &format!(" {}\n", CALLS - 4);
    let found = |answer: &Answer| answer.text().contains(&line).then_some(());
    gateway.until("/metrics", found).await;
    let seconds = began.elapsed().as_secs_f64();
    hold.release();
    let (mut prompt, mut late) = (0, 0);
    for call in calls {
        let (answer, took) = call.await.unwrap();
        assert!(answer.status == 200 || is_overloaded(&answer));
        match took {
            took if answer.status == 200 || took < Duration::from_millis(900) => prompt += 1,
            _ => late += 1,
        }
    }
    // A hundred a second, a hundred beforehand, and the four that were no refusals.
    let most = 104.0 + 100.0 * seconds;
    assert!(f64::from(prompt) <= most, "{prompt} in {seconds} s");
    assert_eq!(prompt + late, 400);
}

#[actix_web::test]
async fn an_order_beyond_those_under_way_is_refused_and_nothing_sent() {
    let settings = Settings {
        operation_takes: Duration::from_secs(2),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let vars = [("MIG_OPERATION_LIMIT", "1")];
    let gateway = Gateway::before(azure, Host::ContainerApp, &vars);
    let first = ordered(&gateway, "web-01", "deallocate").await;
    let sent = gateway.azure.requests(Service::VirtualMachines).len();
    let answer = gateway.post("/vms/web-02/restart").await;
    assert!(is_overloaded(&answer), "{}", answer.text());
    assert!(answer.text().contains("MIG_OPERATION_LIMIT"));
    // The same order is the same operation.
    assert_eq!(ordered(&gateway, "web-01", "deallocate").await, first);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), sent);
    assert!(gateway.metric(&withheld("operation_limit")).await >= 1.0);

    assert_eq!(ended(&gateway, &first).await["status"], "Succeeded");
    let second = ordered(&gateway, "web-02", "restart").await;
    assert_eq!(ended(&gateway, &second).await["status"], "Succeeded");
}

#[actix_web::test]
async fn one_call_in_ten_is_made_again() {
    const CALLS: usize = 300;
    let gateway = Gateway::start();
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let failing = Fault::answer(503, "{}");
    gateway
        .azure
        .inject(Service::VirtualMachines, failing, Times::Always);
    for _ in 0..CALLS {
        let answer = gateway.get(MACHINE).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed")
        );
    }
    let again = gateway.azure.requests(Service::VirtualMachines).len() - 1 - CALLS;
    // One in ten, and the twenty that every start has.
    assert!((40..=CALLS / 10 + 20).contains(&again), "{again}");
    assert!(gateway.metric(&withheld("retry_budget")).await > 0.0);
}

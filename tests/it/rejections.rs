//! What follows when Azure rejects a token that has not expired.

use std::{rc::Rc, time::Duration};

use actix_web::rt::{self, time};
use azure_sandbox::{Fault, Host, Recorded, Sandbox, Service, Settings, Times};
use serde_json::json;

use crate::{answer::Answer, gateway::Gateway};

const MACHINE: &str = "/vms/web-01";

fn azure() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

#[actix_web::test]
async fn a_rejected_token_that_the_host_keeps_handing_out_is_no_loop() {
    let gateway = Gateway::start();
    gateway.proven().await;
    gateway.azure.reject_tokens();
    for _ in 0..5 {
        let answer = gateway.get(MACHINE).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_refused")
        );
    }
    assert_eq!(gateway.token_requests("management").len(), 2);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 5);
}

#[actix_web::test]
async fn a_rejected_token_without_another_is_told_until_it_is_taken_and_leaves_nobody_unready() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let rejection = Fault::answer(401, "{}");
    let machines = Service::VirtualMachines;
    gateway.azure.inject(machines, rejection, Times::Next(1));

    assert_eq!(gateway.get(MACHINE).await.status, 502);
    assert_eq!(
        token_check(&gateway).await,
        (false, false, "rejected".to_owned())
    );
    let series = r#"mi_gateway_readiness_check{check="token:arm",required="#;
    let metrics = gateway.admin("/metrics").await;
    let metrics = metrics.text();
    let shown: Vec<_> = metrics
        .lines()
        .filter_map(|it| it.strip_prefix(series))
        .collect();
    assert_eq!(shown, [r#""false"} 0"#]);

    // Of whom Azure tells that there is no such machine, it knows who asks.
    assert_eq!(gateway.get("/vms/nobody").await.status, 404);
    assert_eq!(token_check(&gateway).await, (true, true, "fine".to_owned()));
}

#[actix_web::test]
async fn a_subscription_of_another_tenant_is_no_rejection_of_the_token() {
    let gateway = Gateway::start();
    gateway.proven().await;
    let elsewhere = r#"{"error":{"code":"InvalidAuthenticationTokenTenant","message":"M"}}"#;
    let fault = Fault::answer(401, elsewhere);
    let machines = Service::VirtualMachines;
    gateway.azure.inject(machines, fault, Times::Next(1));
    assert_eq!(gateway.get(MACHINE).await.status, 502);
    assert_eq!(token_check(&gateway).await, (true, true, "fine".to_owned()));
}

/// Whether the check of Resource Manager's token is ok and required, and its code.
async fn token_check(gateway: &Gateway) -> (bool, bool, String) {
    let answer = gateway.admin("/readyz").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let checks = answer.json()["checks"].clone();
    let mut checks = checks.as_array().unwrap().iter();
    let check = checks.find(|it| it["name"] == "token:arm").unwrap();
    let is = |name: &str| check[name].as_bool().unwrap();
    (
        is("ok"),
        is("required"),
        check["code"].as_str().unwrap().to_owned(),
    )
}

#[actix_web::test]
async fn on_a_virtual_machine_a_rejected_token_is_replaced_past_the_hosts_cache() {
    let gateway = Gateway::before(azure(), Host::Vm, &[]);
    gateway.proven().await;
    gateway.azure.reject_tokens();
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let requests = gateway.token_requests("management");
    assert_eq!(requests.len(), 2);
    assert!(!requests[0].query.contains("bypass_cache"));
    assert!(requests[1].query.contains("bypass_cache=true"));
}

/// The host tells that its token ends soon, and hands it out once more.
#[actix_web::test]
async fn a_renewal_that_brings_the_rejected_token_again_is_no_replacement() {
    let azure = azure();
    let soon = Fault::Alter(json!({"expires_in": "4"}));
    azure.inject(Service::Token, soon, Times::Next(2));
    let gateway = Rc::new(Gateway::before(azure, Host::Vm, &[]));
    gateway.ready().await;
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let caller = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { gateway.get(MACHINE).await }
    });
    hold.arrived(1).await;
    let renewed = async {
        let mut ticks = time::interval(Duration::from_millis(10));
        while gateway.token_requests("management").len() < 2 {
            ticks.tick().await;
        }
    };
    let renewed = time::timeout(Duration::from_secs(9), renewed).await;
    renewed.expect("a renewal while the call is held");
    gateway.azure.reject_tokens();
    hold.release();

    let answer = caller.await.unwrap();

    assert_eq!(answer.status, 200, "{}", answer.text());
    let requests = gateway.token_requests("management");
    let passes = |it: &Recorded| it.query.contains("bypass_cache=true");
    let passing: Vec<_> = requests.iter().map(passes).collect();
    assert_eq!(passing, [false, false, true]);
}

#[actix_web::test]
async fn one_rejection_costs_nothing_while_there_is_no_replacement() {
    for failure in [Fault::answer(400, "{}"), Fault::answer(500, "{}")] {
        let gateway = Gateway::before(azure(), Host::Vm, &[("MIG_TOKEN_WAIT", "100ms")]);
        gateway.proven().await;
        gateway.azure.inject(Service::Token, failure, Times::Always);
        let stray = Fault::answer(401, "{}");
        gateway
            .azure
            .inject(Service::VirtualMachines, stray, Times::Next(1));

        let rejected = gateway.get(MACHINE).await;
        let next = gateway.get(MACHINE).await;

        assert_eq!(rejected.status, 503, "{}", rejected.text());
        assert_eq!(next.status, 200, "{}", next.text());
    }
}

#[actix_web::test]
async fn a_host_that_does_not_bypass_its_cache_is_asked_as_usual() {
    let gateway = Gateway::before(azure(), Host::Vm, &[("MIG_TOKEN_WAIT", "5s")]);
    gateway.proven().await;
    gateway.azure.expire_tokens();
    gateway
        .azure
        .inject(Service::Token, Fault::answer(400, "{}"), Times::Next(1));

    let answer = gateway.get(MACHINE).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    let queries: Vec<_> = gateway
        .token_requests("management")
        .into_iter()
        .map(|request| request.query.contains("bypass_cache"))
        .collect();
    assert_eq!(queries, [false, true, false]);
}

#[actix_web::test]
async fn a_replacement_that_fails_is_not_asked_for_again_at_once() {
    let gateway = Gateway::before(azure(), Host::ContainerApp, &[("MIG_TOKEN_WAIT", "5s")]);
    gateway.proven().await;
    gateway
        .azure
        .inject(Service::Token, Fault::answer(400, "{}"), Times::Always);
    let rejection = Fault::answer(401, "{}");
    gateway
        .azure
        .inject(Service::VirtualMachines, rejection, Times::Next(20));

    for _ in 0..20 {
        assert_eq!(gateway.get(MACHINE).await.status, 503);
    }

    assert_eq!(gateway.token_requests("management").len(), 2);
    assert_eq!(gateway.get(MACHINE).await.status, 200);
}

#[actix_web::test]
async fn a_replacement_that_azure_took_is_replaced_in_its_turn_when_it_is_rejected() {
    let gateway = Gateway::start();
    gateway.proven().await;
    for _ in 0..2 {
        gateway.azure.expire_tokens();
        let served = |answer: &Answer| (answer.status == 200).then_some(());
        // Servers that disagree do not have it asked for all the time.
        let soon = Duration::from_secs(45);
        gateway.within(soon, MACHINE, served).await;
    }
    let acquired = gateway.token_requests("management").len();
    assert_eq!(acquired, 3, "one at first, and one for each rejection");
}

#[actix_web::test]
async fn a_token_that_was_good_is_asked_for_again_soon_after_its_host_kept_it() {
    let gateway = Gateway::start();
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    gateway.azure.reject_tokens();
    assert_eq!(gateway.get(MACHINE).await.status, 502);
    gateway.azure.expire_tokens();
    let served = |answer: &Answer| (answer.status == 200).then_some(());
    gateway
        .within(Duration::from_secs(45), MACHINE, served)
        .await;
    assert_eq!(gateway.token_requests("management").len(), 3);
}

#[actix_web::test]
async fn a_caller_that_goes_leaves_the_acquisition_running() {
    let gateway = Rc::new(Gateway::start());
    gateway.proven().await;
    gateway.azure.expire_tokens();
    let hold = gateway.azure.hold(Service::Token);
    gateway.left_by_a_caller(MACHINE, &hold).await;
    let next = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { gateway.get(MACHINE).await }
    });
    hold.release();

    assert_eq!(next.await.unwrap().status, 200);
    assert_eq!(gateway.token_requests("management").len(), 2);
}

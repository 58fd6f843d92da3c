//! Orders that meet each other.

use std::{collections::BTreeSet, rc::Rc, time::Duration};

use actix_web::rt::{self, time};
use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    gateway::Gateway,
    orders::{ended, ordered},
};

const DEALLOCATE: &str = "/vms/web-01/deallocate";

/// A gateway before an Azure whose operations last until `hold` says so.
fn slow() -> Gateway {
    let settings = Settings {
        operation_takes: Duration::from_secs(3),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    Gateway::before(azure, Host::ContainerApp, &[])
}

#[actix_web::test]
async fn a_hundred_identical_orders_are_one_order_and_one_operation() {
    let gateway = Rc::new(Gateway::start());
    let hold = gateway.azure.hold(Service::Actions);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move { gateway.post(DEALLOCATE).await })
        })
        .collect();
    hold.arrived(1).await;
    gateway.busy_with(100).await;
    hold.release();

    let mut ids = BTreeSet::new();
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        ids.insert(answer.json()["id"].as_str().unwrap().to_owned());
    }

    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(gateway.azure.requests(Service::VirtualMachines).len(), 1);
}

#[actix_web::test]
async fn callers_who_wait_for_one_order_share_its_refusal() {
    let gateway = Rc::new(Gateway::start());
    gateway.ready().await;
    // Its name is known from here on: who is being answered has as good as joined.
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    let fault = Fault::answer(409, r#"{"error":{"code":"Conflict","message":"busy"}}"#);
    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));
    let hold = gateway.azure.hold(Service::Actions);
    let order = || {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.post(DEALLOCATE).await })
    };
    let (first, second) = (order(), order());
    hold.arrived(1).await;
    gateway.busy_with(2).await;
    hold.release();

    for caller in [first, second] {
        assert_eq!(caller.await.unwrap().status, 409);
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(gateway.post(DEALLOCATE).await.status, 202);
}

/// The first caller's time ends in the look at the machine.
#[actix_web::test]
async fn who_joined_a_caller_whose_time_is_over_has_their_own() {
    let gateway = Rc::new(Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "4s")]));
    gateway.ready().await;
    let slow = Fault::Delay(Duration::from_mins(1));
    gateway
        .azure
        .inject(Service::VirtualMachines, slow, Times::Next(1));
    let order = || {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.post(DEALLOCATE).await })
    };
    let first = order();
    gateway.azure.arrived(Service::VirtualMachines, 1).await;
    // So much more time has the second one.
    time::sleep(Duration::from_secs(2)).await;
    let second = order();

    assert_eq!(first.await.unwrap().status, 504);
    assert_eq!(second.await.unwrap().status, 202);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

#[actix_web::test]
async fn a_repeated_deallocation_costs_one_look_and_says_so() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    let before = gateway.azure.requests(Service::VirtualMachines).len();

    let answer = gateway.post(DEALLOCATE).await;

    assert_eq!(answer.status, 200, "{}", answer.text());
    let operation = answer.json();
    assert_eq!(operation["noop"], true);
    assert_eq!(operation["status"], "Succeeded");
    let told = operation["message"].as_str().unwrap();
    assert!(told.contains("web-01 is deallocated already"), "{told}");
    let looks = gateway.azure.requests(Service::VirtualMachines).len();
    assert_eq!(looks, before + 1);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    let again = answer.header("content-location").unwrap();
    assert_eq!(gateway.get(again).await.json()["id"], operation["id"]);
}

#[actix_web::test]
async fn a_start_does_not_overtake_a_deallocation() {
    let gateway = slow();
    let place = ordered(&gateway, "web-01", "deallocate").await;

    let answer = gateway.post("/vms/web-01/start").await;

    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert_eq!(answer.json()["operation"], place.as_str());
    assert!(answer.header("retry-after").is_some());
    assert!(answer.text().contains("supersede=true"));
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

#[actix_web::test]
async fn what_is_overtaken_on_purpose_is_superseded_and_names_its_successor() {
    let gateway = slow();
    let older = ordered(&gateway, "web-01", "deallocate").await;
    let newer = ordered(&gateway, "web-01", "start?supersede=true").await;

    let superseded = ended(&gateway, &older).await;
    assert_eq!(superseded["status"], "Superseded", "{superseded}");
    assert_eq!(superseded["error"]["code"], "OperationPreempted");
    let successor = superseded["supersededBy"].as_str().unwrap();
    assert!(newer.ends_with(successor), "{newer} {successor}");
    assert_eq!(ended(&gateway, &newer).await["status"], "Succeeded");
    let state = gateway.azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("running"));
}

#[actix_web::test]
async fn those_who_overtake_with_the_same_order_send_it_once() {
    let gateway = Rc::new(slow());
    let hold = gateway.azure.hold(Service::Actions);
    let order = |path: &'static str| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.post(path).await })
    };
    let overtaken = order("/vms/web-01/redeploy");
    hold.arrived(1).await;
    let pressing: Vec<_> = (0..5)
        .map(|_| order("/vms/web-01/restart?supersede=true"))
        .collect();
    gateway.busy_with(6).await;
    hold.release();

    assert_eq!(overtaken.await.unwrap().status, 202);
    let mut ids = BTreeSet::new();
    for caller in pressing {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        ids.insert(answer.json()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
}

#[actix_web::test]
async fn who_may_overtake_is_not_refused_with_one_who_may_not() {
    let gateway = Rc::new(slow());
    gateway.azure.order("rg-web", "web-01", "deallocate");
    let hold = gateway.azure.hold(Service::VirtualMachines);
    let start = |path: &'static str| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.post(path).await })
    };
    let patient = start("/vms/web-01/start");
    hold.arrived(1).await;
    let pressing = start("/vms/web-01/start?supersede=true");
    gateway.busy_with(2).await;
    hold.release();

    assert_eq!(patient.await.unwrap().status, 409);
    let overtook = pressing.await.unwrap();
    assert_eq!(overtook.status, 202, "{}", overtook.text());
}

#[actix_web::test]
async fn what_a_refused_order_did_not_overtake_is_still_joined() {
    let gateway = slow();
    let restart = ordered(&gateway, "web-01", "restart").await;
    let fault = Fault::answer(409, r#"{"error":{"code":"Conflict","message":"busy"}}"#);
    gateway
        .azure
        .inject(Service::Actions, fault, Times::Next(1));
    let refused = gateway.post("/vms/web-01/deallocate?supersede=true").await;
    assert_eq!(refused.status, 409, "{}", refused.text());

    assert_eq!(ordered(&gateway, "web-01", "restart").await, restart);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
}

#[actix_web::test]
async fn what_somebody_else_has_begun_is_not_overtaken_either() {
    let gateway = slow();
    gateway.azure.order("rg-web", "web-01", "deallocate");

    let answer = gateway.post("/vms/web-01/start").await;

    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

/// A restart shows in no power state, nor does a change of size.
#[actix_web::test]
async fn what_another_replica_has_begun_is_not_overtaken_unless_told() {
    let gateway = slow();
    let other = gateway.twin();
    let restart = ordered(&gateway, "web-01", "restart").await;

    for action in ["deallocate", "restart", "start"] {
        let answer = other.post(&format!("/vms/web-01/{action}")).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (409, "conflict".to_owned()), "{action}");
        assert!(answer.text().contains("supersede=true"), "{action}");
        assert!(answer.header("retry-after").is_some(), "{action}");
    }
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);

    let newer = ordered(&other, "web-01", "deallocate?supersede=true").await;
    assert_eq!(ended(&gateway, &restart).await["status"], "Superseded");
    assert_eq!(ended(&other, &newer).await["status"], "Succeeded");
}

#[actix_web::test]
async fn a_dry_run_knows_of_what_runs_here() {
    let gateway = slow();
    ordered(&gateway, "web-01", "deallocate").await;

    let other = gateway.post("/vms/web-01/start?dryRun=true").await;
    assert_eq!((other.status, other.code().as_str()), (409, "conflict"));
    let would_send = async |path| gateway.post(path).await.json()["wouldSend"].clone();
    assert_eq!(
        would_send("/vms/web-01/deallocate?dryRun=true").await,
        false
    );
    let overtaking = "/vms/web-01/start?dryRun=true&supersede=true";
    assert_eq!(would_send(overtaking).await, true);
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

#[actix_web::test]
async fn a_dry_run_is_refused_as_the_order_is_that_would_overtake() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;
    let polls = gateway.azure.hold(Service::Operations);
    ordered(&gateway, "web-01", "reapply").await;

    for how in ["&dryRun=true", ""] {
        let path = format!("/vms/web-01/powerOff?supersede=true{how}");
        let answer = gateway.post(&path).await;
        assert_eq!(answer.status, 409, "{how}: {}", answer.text());
        assert!(answer.text().contains("hardware"), "{how}");
    }
    polls.release();
}

#[actix_web::test]
async fn what_overtakes_is_sent_though_a_look_does_not_show_what_it_overtakes() {
    let gateway = slow();
    let settled = r#"{"id":"/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-01",
        "name":"web-01","location":"westeurope","properties":{"instanceView":{"statuses":[
        {"code":"ProvisioningState/succeeded"},{"code":"PowerState/running"}]}}}"#;
    let stale = Fault::answer(200, settled);
    ordered(&gateway, "web-01", "deallocate").await;
    gateway
        .azure
        .inject(Service::VirtualMachines, stale, Times::Next(1));

    let place = ordered(&gateway, "web-01", "start?supersede=true").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    let state = gateway.azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("running"));
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 2);
}

#[actix_web::test]
async fn what_somebody_else_has_begun_is_joined() {
    let gateway = slow();
    gateway.azure.order("rg-web", "web-01", "deallocate");

    let place = ordered(&gateway, "web-01", "deallocate").await;

    assert_eq!(ended(&gateway, &place).await["status"], "Succeeded");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn powering_off_does_not_make_a_deallocated_machine_cost_money() {
    let gateway = Gateway::start();
    let place = ordered(&gateway, "web-01", "deallocate").await;
    ended(&gateway, &place).await;

    let answer = gateway.post("/vms/web-01/powerOff").await;

    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert!(answer.text().contains("charged"));
    let state = gateway.azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("deallocated"));
}

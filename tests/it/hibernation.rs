//! Machines whose memory is kept on disk.

use std::time::Duration;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use crate::{
    gateway::Gateway,
    orders::{CHANGES, ended, ordered},
};

/// An Azure that has done what is ordered by the time that it answers.
fn quick() -> Sandbox {
    let settings = Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

/// A gateway before an Azure in which hiber-01 is hibernated.
fn hibernated() -> Gateway {
    let azure = quick();
    azure.order("rg-web", "hiber-01", "hibernate");
    Gateway::before(azure, Host::ContainerApp, &[CHANGES])
}

#[actix_web::test]
async fn a_memory_that_is_kept_is_not_given_up_unasked_and_it_is_told_how() {
    let gateway = hibernated();
    for how in ["", "?force=true", "?supersede=true"] {
        let path = format!("/vms/hiber-01/deallocate{how}");
        let answer = gateway.post(&path).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["noop"]), (200, &true.into()), "{how}");
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("?hibernate=false"), "{message}");
    }
    let tried = gateway.post("/vms/hiber-01/deallocate?dryRun=true").await;
    let tried = tried.json();
    assert_eq!(tried["wouldSend"], false);
    let message = tried["message"].as_str().unwrap();
    assert!(message.contains("?hibernate=false"), "{message}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_memory_is_kept_also_while_its_hibernation_is_not_known_to_have_ended() {
    let gateway = Gateway::before(quick(), Host::ContainerApp, &[CHANGES]);
    let polls = gateway.azure.hold(Service::Operations);
    ordered(&gateway, "hiber-01", "deallocate?hibernate=true").await;

    for how in ["supersede=true", "supersede=true&force=true"] {
        let path = format!("/vms/hiber-01/deallocate?{how}");
        let tried = gateway.post(&format!("{path}&dryRun=true")).await;
        assert_eq!(tried.json()["wouldSend"], false, "{how}");
        let answer = gateway.post(&path).await;
        let told = (answer.status, answer.json()["noop"].clone());
        assert_eq!(told, (200, true.into()), "{how}");
    }

    polls.release();
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    let machine = gateway.get("/vms/hiber-01").await.json();
    assert_eq!(machine["hibernated"], true);
}

#[actix_web::test]
async fn force_does_not_end_a_hibernation_that_another_replica_has_begun() {
    let gateway = Gateway::start();
    gateway.azure.operations_take(Duration::from_secs(3));
    let other = gateway.twin();
    let hibernation = ordered(&other, "hiber-01", "deallocate?hibernate=true").await;

    for how in [
        "force=true",
        "force=true&hibernate=false",
        "force=true&dryRun=true",
    ] {
        let answer = gateway
            .post(&format!("/vms/hiber-01/deallocate?{how}"))
            .await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (409, "conflict".to_owned()), "{how}");
        assert!(answer.text().contains("?supersede=true"), "{how}");
    }

    assert_eq!(ended(&other, &hibernation).await["status"], "Succeeded");
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    let machine = gateway.get("/vms/hiber-01").await.json();
    assert_eq!(machine["hibernated"], true);
}

#[actix_web::test]
async fn a_memory_is_given_up_where_the_order_says_so() {
    let gateway = hibernated();
    let order = "deallocate?hibernate=false";
    let tried = gateway
        .post(&format!("/vms/hiber-01/{order}&dryRun=true"))
        .await;
    assert_eq!(tried.json()["wouldSend"], true, "{}", tried.text());

    let place = ordered(&gateway, "hiber-01", order).await;
    let operation = ended(&gateway, &place).await;

    assert_eq!(operation["status"], "Succeeded", "{operation}");
    assert_eq!(operation["action"], "deallocate");
    let sent = gateway.azure.requests(Service::Actions).pop().unwrap();
    assert!(!sent.query.contains("hibernate"), "{}", sent.query);
    let machine = gateway.get("/vms/hiber-01").await.json();
    assert_eq!(machine["powerState"], "deallocated");
    assert_eq!(machine["hibernated"], false);
    let again = gateway.post(&format!("/vms/hiber-01/{order}")).await;
    assert_eq!((again.status, &again.json()["noop"]), (200, &true.into()));
}

#[actix_web::test]
async fn another_gateway_knows_by_the_id_whether_a_memory_was_to_be_given_up() {
    let first = hibernated();
    let kept = first.post("/vms/hiber-01/deallocate").await;
    let kept = kept.header("content-location").unwrap().to_owned();
    // It is taken, and nothing comes of it yet.
    let taken = Fault::answer(202, "");
    first.azure.inject(Service::Actions, taken, Times::Always);
    let given_up = ordered(&first, "hiber-01", "deallocate?hibernate=false").await;
    let second = first.twin();

    assert_eq!(second.get(&kept).await.json()["status"], "Succeeded");
    for gateway in [&first, &second] {
        let operation = gateway.get(&given_up).await.json();
        assert_eq!(operation["status"], "InProgress", "{operation}");
    }
    first.azure.order("rg-web", "hiber-01", "deallocate");
    for gateway in [&first, &second] {
        assert_eq!(ended(gateway, &given_up).await["status"], "Succeeded");
    }
}

#[actix_web::test]
async fn a_hibernated_machine_is_not_resized_and_it_is_told_what_to_do_first() {
    let gateway = hibernated();
    let (api, headers) = (gateway.api, [("content-type", "application/json")]);
    let patched = async |body: &str| {
        let body = body.as_bytes().to_vec();
        let path = "/vms/hiber-01";
        gateway.send("PATCH", api, path, &headers, body).await
    };

    let refused = patched(r#"{"size":"Standard_B4ms"}"#).await;

    let told = (refused.status, refused.code());
    assert_eq!(told, (409, "conflict".to_owned()));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("?hibernate=false"), "{detail}");
    assert!(gateway.azure.requests(Service::Actions).is_empty());
    assert_eq!(patched(r#"{"tags":{"a":"b"}}"#).await.status, 200);
}

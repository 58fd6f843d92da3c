//! Workload identity of a cluster's pods: rows W.

use std::fs;

use azure_sandbox::{Host, Sandbox, Service, Settings};

use super::{MACHINE, azure, served, told, usual};
use crate::gateway::Gateway;

fn file(azure: &Sandbox) -> String {
    let variables = azure.environment(Host::Aks);
    let mut files = variables.into_iter();
    let file = files.find(|(name, _)| name == "AZURE_FEDERATED_TOKEN_FILE");
    file.unwrap().1
}

#[actix_web::test]
async fn an_authority_is_read_with_and_without_its_slash() {
    for authority_trailing_slash in [true, false] {
        let azure = azure(Settings {
            authority_trailing_slash,
            ..Settings::default()
        });
        let gateway = served(azure, Host::Aks, &[]).await;
        for request in gateway.azure.requests(Service::Token) {
            assert_eq!(request.method, "POST");
            assert!(!request.path.contains("//"), "{}", request.path);
            assert!(request.query.is_empty());
        }
    }
}

#[actix_web::test]
async fn w2_the_file_is_read_on_every_acquisition() {
    let gateway = served(usual(), Host::Aks, &[]).await;
    let asked = gateway.azure.requests(Service::Token).len();
    gateway.azure.expire_assertions();
    gateway.azure.rotate_assertion();

    gateway.azure.expire_tokens();

    assert_eq!(gateway.get(MACHINE).await.status, 200);
    // With what was asserted before, it would have been refused once.
    assert_eq!(gateway.azure.requests(Service::Token).len(), asked + 1);
}

#[actix_web::test]
async fn w3_an_assertion_that_expires_on_its_way_is_read_again_at_once() {
    let azure = usual();
    let hold = azure.hold(Service::Token);
    let gateway = Gateway::before(azure, Host::Aks, &[("MIG_TOKEN_WAIT", "10s")]);
    hold.arrived(2).await;
    gateway.azure.expire_assertions();
    gateway.azure.rotate_assertion();
    hold.release();

    gateway.ready().await;

    assert_eq!(gateway.get(MACHINE).await.status, 200);
    assert_eq!(gateway.azure.requests(Service::Token).len(), 4);
}

#[actix_web::test]
async fn w3_a_file_that_stays_expired_is_not_shown_twice() {
    let azure = usual();
    azure.expire_assertions();
    let gateway = Gateway::before(azure, Host::Aks, &[]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(answer.status, 503);
    let upstream = &answer.json()["upstream"];
    assert_eq!(upstream["code"], "invalid_client");
    // The caller waited for one of the two tokens alone.
    gateway.azure.arrived(Service::Token, 2).await;
    assert_eq!(gateway.azure.requests(Service::Token).len(), 2);
}

#[actix_web::test]
async fn w1_a_file_that_is_empty_or_gone_is_told_and_got_over() {
    let azure = usual();
    let path = file(&azure);
    let assertion = fs::read_to_string(&path).unwrap();
    fs::write(&path, "").unwrap();
    let gateway = Gateway::before(azure, Host::Aks, &[]);
    told(&gateway, "holds no assertion").await;
    fs::remove_file(&path).unwrap();
    told(&gateway, "AZURE_FEDERATED_TOKEN_FILE cannot be read").await;
    assert!(gateway.azure.requests(Service::Token).is_empty());
    fs::write(&path, assertion).unwrap();
    gateway.ready().await;
}

#[actix_web::test]
async fn an_application_that_does_not_trust_the_cluster_is_told_in_entras_words() {
    let nobody = "00000000-0000-4000-8000-000000000000";
    let gateway = Gateway::before(usual(), Host::Aks, &[("AZURE_CLIENT_ID", nobody)]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(answer.status, 503);
    let problem = answer.json();
    let (upstream, detail) = (&problem["upstream"], problem["detail"].as_str().unwrap());
    assert_eq!(upstream["code"], "unauthorized_client");
    assert!(
        detail.contains("AZURE_CLIENT_ID and AZURE_TENANT_ID"),
        "{detail}"
    );
    // Entra ID names tenant and client: that is for the log, and for who runs this.
    assert!(!answer.text().contains("AADSTS"), "{}", answer.text());
    let report = gateway.get("/identity").await.text();
    assert!(report.contains("AADSTS700016"), "{report}");
}

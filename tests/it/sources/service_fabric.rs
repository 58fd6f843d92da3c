//! A node that is known by its certificate: rows F.

use azure_sandbox::{Fault, Host, Service, Times};
use mi_gateway::Config;

use super::{MACHINE, served, told, usual};
use crate::gateway::Gateway;

#[actix_web::test]
async fn f1_the_node_with_the_right_certificate_is_told_the_secret() {
    let gateway = served(usual(), Host::ServiceFabric, &[]).await;
    for request in gateway.azure.requests(Service::Token) {
        assert!(request.header("secret").is_some());
        assert!(request.query.starts_with("api-version=2019-07-01-preview&"));
    }
}

#[actix_web::test]
async fn f1_a_node_with_another_certificate_is_told_nothing() {
    let azure = usual();
    azure.change_certificate();
    let gateway = Gateway::before(azure, Host::ServiceFabric, &[]);
    told(
        &gateway,
        "the SHA-1 of its certificate is not IDENTITY_SERVER_THUMBPRINT",
    )
    .await;
    assert_eq!(gateway.get(MACHINE).await.status, 503);
    assert!(gateway.azure.requests(Service::Token).is_empty());
}

#[test]
fn f1_a_node_without_tls_is_a_fault_of_the_configuration() {
    let mut variables = usual().environment(Host::ServiceFabric);
    for (name, value) in &mut variables {
        if name == "IDENTITY_ENDPOINT" {
            *value = value.replace("https://", "http://");
        }
    }
    let faults = Config::from_vars(variables).unwrap_err().to_string();
    assert!(faults.contains("IDENTITY_ENDPOINT is"), "{faults}");
    assert!(faults.contains("expected an https URL"), "{faults}");
}

#[actix_web::test]
async fn f1_a_redirect_takes_the_secret_nowhere() {
    let elsewhere = usual();
    let azure = usual();
    let target = format!("{}/metadata/identity/oauth2/token", elsewhere.url());
    azure.inject(Service::Token, Fault::Redirect(target), Times::Always);
    let gateway = Gateway::before(azure, Host::ServiceFabric, &[]);
    assert_eq!(gateway.get(MACHINE).await.status, 503);
    assert!(elsewhere.requests(Service::Token).is_empty());
}

/// Elsewhere 404 passes: here it is for ever, and is not asked again.
#[actix_web::test]
async fn an_identity_that_is_not_found_is_not_asked_for_again() {
    let azure = usual();
    let body = r#"{"error":{"correlationId":"g","code":"ManagedIdentityNotFound",
        "message":"Managed identity not found for the specified application host."}}"#;
    azure.inject(Service::Token, Fault::answer(404, body), Times::Always);
    let gateway = Gateway::before(azure, Host::ServiceFabric, &[]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(answer.json()["upstream"]["code"], "ManagedIdentityNotFound");
    assert_eq!(gateway.token_requests("management").len(), 1);
}

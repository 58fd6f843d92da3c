//! Callers with tokens of another issuer: here, of the cluster.

use std::rc::Rc;

use azure_sandbox::{CallerToken, Sandbox, Service, ServiceAccountToken, Settings};

use super::bearer::{before, called, get};

#[actix_web::test]
async fn a_service_account_is_known_by_the_keys_of_its_cluster() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "oidc", &[]);
    gateway.ready().await;
    let token = ServiceAccountToken::of("ops", "robot");
    let token = gateway.azure.service_account_token(&token);
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
    assert!(gateway.azure.requests(Service::TokenReview).is_empty());
}

#[actix_web::test]
async fn the_issuer_of_a_token_chooses_among_several_methods() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let gateway = before(azure, "entra,oidc,kubernetes", &[]);
    gateway.ready().await;
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let token = gateway
        .azure
        .service_account_token(&ServiceAccountToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
    let foreign = gateway.azure.service_account_token(&ServiceAccountToken {
        issuer: Some("https://issuer.example".to_owned()),
        ..ServiceAccountToken::default()
    });
    assert_eq!(get(&gateway, "/vms/web-01", &foreign).await.status, 401);
}

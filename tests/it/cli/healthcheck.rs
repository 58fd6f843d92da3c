//! The health check of a container, by the program itself.

use std::net::SocketAddr;

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use super::Told;
use crate::{
    gateway::Gateway,
    program::{gateway, text},
};

fn asked(line: &[&str], admin: SocketAddr) -> Told {
    let output = gateway()
        .args(line)
        .env("AZURE_CLIENT_ID", "00000000-0000-4000-8000-000000000001")
        .env("MIG_ADMIN_LISTEN", admin.to_string())
        .output()
        .unwrap();
    Told {
        code: output.status.code(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    }
}

#[actix_web::test]
async fn a_gateway_that_runs_is_well_and_one_that_is_gone_is_not() {
    let mut gateway = Gateway::start();
    gateway.ready().await;
    asked(&["healthcheck"], gateway.admin).done();
    asked(&["healthcheck", "--ready"], gateway.admin).done();

    gateway.stop();

    let told = asked(&["healthcheck"], gateway.admin);
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.errors.contains("/livez does not say"), "{told}");
}

#[actix_web::test]
async fn what_a_gateway_is_not_ready_without_is_named() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let fault = Fault::answer(500, "{}");
    azure.inject(Service::Token, fault, Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.azure.arrived(Service::Token, 1).await;

    asked(&["healthcheck"], gateway.admin).done();
    let told = asked(&["healthcheck", "--ready"], gateway.admin);

    assert_eq!(told.code, Some(1), "{told}");
    for word in ["503 Service Unavailable, for want of", "token:arm ("] {
        assert!(told.errors.contains(word), "{told}");
    }
    assert!(!told.errors.contains("users"), "{told}");
}

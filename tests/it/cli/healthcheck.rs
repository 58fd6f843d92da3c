//! The health check of a container, by the program itself.

use std::net::SocketAddr;

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

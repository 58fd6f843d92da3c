//! The cloud of the host beside the one that is configured.

use azure_sandbox::{Cloud, Host, Settings};

use super::{azure, told, usual};
use crate::{gateway::Gateway, output};

fn in_cloud(cloud: Cloud) -> Settings {
    Settings {
        cloud,
        ..Settings::default()
    }
}

#[actix_web::test]
async fn a_host_in_another_cloud_is_told_at_start_and_by_readiness() {
    let gateway = Gateway::before(azure(in_cloud(Cloud::UsGov)), Host::Vm, &[]);
    let text = told(&gateway, r#""code":"elsewhere""#).await;
    let words = "the host is in AzureUSGovernmentCloud, and MIG_CLOUD is public";
    assert!(text.contains(words), "{text}");
    let warning = "the host is in another cloud than MIG_CLOUD says";
    assert!(output::captured().contains(warning));
}

#[actix_web::test]
async fn a_host_in_the_configured_cloud_is_ready_there() {
    for (cloud, name) in [
        (Cloud::Public, "public"),
        (Cloud::UsGov, "usgov"),
        (Cloud::China, "china"),
    ] {
        let vars = [("MIG_CLOUD", name)];
        let gateway = Gateway::before(azure(in_cloud(cloud)), Host::Vm, &vars);
        gateway.ready().await;
        told(&gateway, r#""code":"same""#).await;
    }
}

#[actix_web::test]
async fn a_host_without_instance_metadata_tells_of_no_cloud() {
    let gateway = Gateway::before(usual(), Host::ContainerApp, &[]);
    gateway.ready().await;
    let readiness = gateway.admin("/readyz").await.text();
    assert!(!readiness.contains(r#""name":"cloud""#), "{readiness}");
}

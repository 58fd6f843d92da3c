//! 429 of each token endpoint, in the shape of its other refusals.

use azure_sandbox::{Fault, Host, Service, Settings, Times};
use serde_json::Value;

use crate::{
    aks::Pod,
    client::{FORM, METADATA, get, post},
    host::HostOf,
    tls,
};

#[test]
fn each_endpoint_that_is_read_has_its_own_shape() {
    for (host, variable, path, pointer) in [
        (
            Host::Vm,
            "MIG_IMDS_ENDPOINT",
            "/metadata/identity/oauth2/token",
            "/error",
        ),
        (Host::ContainerApp, "IDENTITY_ENDPOINT", "", "/message"),
        (Host::AppService2017, "MSI_ENDPOINT", "", "/Message"),
        (Host::MachineLearning, "MSI_ENDPOINT", "", "/message"),
        (Host::Arc, "IDENTITY_ENDPOINT", "", "/error"),
    ] {
        let host_of = throttled(host);
        let url = format!("{}{path}", host_of.var(variable));

        let answer = get(&url, &[METADATA]);

        assert_eq!(answer.status, 429, "{host:?}");
        assert_eq!(answer.header("retry-after"), Some("7"), "{host:?}");
        assert!(!answer.text(pointer).is_empty(), "{host:?}");
        let is_imds = answer
            .header("server")
            .is_some_and(|it| it.starts_with("IMDS/"));
        assert_eq!(is_imds, host == Host::Vm, "{host:?}");
    }
}

#[test]
fn each_endpoint_that_takes_a_form_has_its_own_shape() {
    for (host, variable, path, pointer) in [
        (Host::CloudShell, "MSI_ENDPOINT", "", "/error/code"),
        (
            Host::VmExtension,
            "MIG_VM_EXTENSION_ENDPOINT",
            "/oauth2/token",
            "/error",
        ),
    ] {
        let host_of = throttled(host);
        let url = format!("{}{path}", host_of.var(variable));

        let answer = post(&url, &[METADATA, FORM], "resource=x");

        assert_eq!(answer.status, 429, "{host:?}");
        assert!(!answer.text(pointer).is_empty(), "{host:?}");
    }
}

#[test]
fn service_fabric_and_entra_have_codes() {
    let node = throttled(Host::ServiceFabric);
    let pod = Pod(throttled(Host::Aks));

    let of_node = tls::send("GET", node.var("IDENTITY_ENDPOINT"), &[]).unwrap();
    let of_entra = pod.ask(&[]);

    assert_eq!(of_node.status, 429);
    let body: Value = serde_json::from_str(&of_node.body).unwrap();
    assert!(body["error"]["code"].is_string(), "{body}");
    assert_eq!(of_entra.status, 429);
    assert_eq!(of_entra.json()["error_codes"][0], 90_055);
}

#[test]
fn a_token_endpoint_on_a_port_of_its_own_cannot_be_steered_there() {
    let server = HostOf::new(Host::Arc, Settings::default());
    let url = format!("{}/sandbox/tokens/expire", server.var("IMDS_ENDPOINT"));

    assert_eq!(post(&url, &[], "").status, 404);
    assert_eq!(server.azure.unexpected().len(), 1);
}

/// A host whose token endpoint is asked too often.
fn throttled(host: Host) -> HostOf {
    let host = HostOf::new(host, Settings::default());
    let fault = Fault::Throttle { retry_after: 7 };
    host.azure.inject(Service::Token, fault, Times::Always);
    host
}

//! Where tokens come from: every host of Azure gets a gateway that serves.
//!
//! The names begin with the row of the table of conformance that they keep.

mod arc;
mod azure_cli;
mod clouds;
mod service_fabric;
mod workload;

use azure_sandbox::{
    DateForm, Fault, Host, Identity, NumberForm, Sandbox, Service, Settings, Times,
};

use crate::gateway::Gateway;

const MACHINE: &str = "/vms/web-01";

fn azure(settings: Settings) -> Sandbox {
    Sandbox::start(settings).unwrap()
}

fn usual() -> Sandbox {
    azure(Settings::default())
}

/// A gateway on `host` that has a token for everything, and serves.
async fn served(azure: Sandbox, host: Host, vars: &[(&str, &str)]) -> Gateway {
    let gateway = Gateway::before(azure, host, vars);
    gateway.ready().await;
    assert_eq!(gateway.get(MACHINE).await.status, 200, "{host:?}");
    gateway
}

/// What readiness says of the source once it has failed.
async fn told(gateway: &Gateway, words: &str) -> String {
    gateway
        .until("/readyz", |answer| {
            let text = answer.text();
            text.contains(words).then_some(text)
        })
        .await
}

/// The count of acquisitions that came from `source`.
async fn acquired(gateway: &Gateway, source: &str) -> f64 {
    let series = format!(r#"token_acquisitions_total{{outcome="ok",source="{source}"}}"#);
    gateway.metric(&series).await
}

#[actix_web::test]
async fn every_host_gives_tokens_by_its_own_source() {
    for (host, source) in [
        (Host::Vm, "imds"),
        (Host::VmExtension, "vm_extension"),
        (Host::ContainerApp, "app_service"),
        (Host::AppService2017, "app_service_2017"),
        (Host::MachineLearning, "ml"),
        (Host::CloudShell, "cloud_shell"),
        (Host::Arc, "arc"),
        (Host::ServiceFabric, "service_fabric"),
        (Host::Aks, "workload"),
    ] {
        let gateway = served(usual(), host, &[]).await;
        assert!(acquired(&gateway, source).await >= 2.0, "{source}");
    }
}

#[actix_web::test]
async fn r3_the_older_app_service_is_asked_by_clientid_and_reads_dates() {
    let own = Identity::gateway();
    for dates in [
        DateForm::TwentyFourHours,
        DateForm::TwelveHours,
        DateForm::Both,
    ] {
        let azure = azure(Settings {
            app_service_dates: dates,
            ..Settings::default()
        });
        let vars = [("AZURE_CLIENT_ID", own.client_id.as_str())];
        let gateway = served(azure, Host::AppService2017, &vars).await;
        for request in gateway.azure.requests(Service::Token) {
            assert!(request.query.contains("api-version=2017-09-01"));
            assert!(
                request
                    .query
                    .contains(&format!("&clientid={}", own.client_id))
            );
            assert!(!request.query.contains("client_id="), "{}", request.query);
        }
    }
}

#[actix_web::test]
async fn r3_machine_learning_is_asked_for_its_default_identity_and_reads_numbers() {
    for numbers in [NumberForm::Number, NumberForm::Text] {
        let azure = azure(Settings {
            ml_expires_on: numbers,
            ..Settings::default()
        });
        let gateway = served(azure, Host::MachineLearning, &[]).await;
        let parameter = format!("&clientid={}", Identity::gateway().client_id);
        for request in gateway.azure.requests(Service::Token) {
            assert_eq!(request.query.matches(&parameter).count(), 1);
        }
    }
}

/// Entra ID's words, which come with a status of success.
#[actix_web::test]
async fn an_exception_of_the_older_app_service_is_told_as_what_it_is() {
    let azure = usual();
    let body = r#"{"ExceptionMessage":"AADSTS500011: no such resource","ErrorCode":
        "invalid_resource","StatusCode":400,"CorrelationId":"g"}"#;
    azure.inject(Service::Token, Fault::answer(200, body), Times::Always);
    let gateway = Gateway::before(azure, Host::AppService2017, &[]);
    let answer = gateway.get(MACHINE).await;
    assert_eq!(answer.status, 503);
    let upstream = &answer.json()["upstream"];
    assert_eq!(upstream["code"], "invalid_resource");
    assert_eq!(upstream["message"], "AADSTS500011: no such resource");
}

#[actix_web::test]
async fn the_extension_is_asked_by_a_form_for_every_kind_of_id() {
    let own = Identity::gateway();
    for (variable, id) in [
        ("AZURE_CLIENT_ID", &own.client_id),
        ("MIG_IDENTITY_OBJECT_ID", &own.object_id),
        ("MIG_IDENTITY_RESOURCE_ID", &own.resource_id),
        ("AZURE_CLIENT_ID", &String::new()),
    ] {
        let vars = [("AZURE_CLIENT_ID", ""), (variable, id.as_str())];
        let gateway = served(usual(), Host::VmExtension, &vars).await;
        for request in gateway.azure.requests(Service::Token) {
            assert_eq!(request.method, "POST");
            assert_eq!(request.path, "/oauth2/token");
            assert_eq!(request.header("metadata"), Some("true"));
        }
    }
}

#[actix_web::test]
async fn the_operator_can_choose_instance_metadata_beside_the_extension() {
    let vars = [("MIG_IDENTITY_SOURCE", "imds")];
    let gateway = served(usual(), Host::VmExtension, &vars).await;
    assert!(acquired(&gateway, "imds").await >= 2.0);
}

#[actix_web::test]
async fn s4_a_container_app_is_never_asked_as_cloud_shell() {
    let gateway = served(usual(), Host::ContainerApp, &[]).await;
    let variables = gateway.azure.environment(Host::ContainerApp);
    assert!(variables.iter().any(|(name, _)| name == "MSI_ENDPOINT"));
    let requests = gateway.azure.requests(Service::Token);
    assert!(requests.iter().all(|request| request.method == "GET"));
}

#[actix_web::test]
async fn a_secret_goes_to_its_own_endpoint_alone() {
    for (host, header) in [
        (Host::AppService2017, "secret"),
        (Host::MachineLearning, "secret"),
        (Host::ServiceFabric, "secret"),
        (Host::ContainerApp, "x-identity-header"),
    ] {
        let gateway = served(usual(), host, &[]).await;
        let tokens = gateway.azure.requests(Service::Token);
        assert!(
            tokens.iter().all(|it| it.header(header).is_some()),
            "{host:?}"
        );
        for service in [
            Service::VirtualMachines,
            Service::ResourceGraph,
            Service::Graph,
        ] {
            let others = gateway.azure.requests(service);
            assert!(
                others.iter().all(|it| it.header(header).is_none()),
                "{host:?}"
            );
        }
    }
}

/// Whatever a host's endpoint leads to, the secret stays where it is.
#[actix_web::test]
async fn r8_no_source_follows_a_redirect() {
    let elsewhere = usual();
    for (host, path) in [
        (Host::AppService2017, "/appservice/msi/token"),
        (Host::CloudShell, "/oauth2/token"),
        (Host::Arc, "/metadata/identity/oauth2/token"),
    ] {
        let azure = usual();
        let target = format!("{}{path}", elsewhere.url());
        azure.inject(Service::Token, Fault::Redirect(target), Times::Always);
        let gateway = Gateway::before(azure, host, &[]);
        assert_eq!(gateway.get(MACHINE).await.status, 503, "{host:?}");
    }
    assert!(elsewhere.requests(Service::Token).is_empty());
}

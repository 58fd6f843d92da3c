//! Azure, gone between the look at a machine and what is sent after it.

use std::rc::Rc;

use actix_web::rt;
use azure_sandbox::{DEFAULT_SCOPE, Fault, Host, Sandbox, Service, Settings, Times};

use super::Wanted;
use crate::{answer::Answer, gateway::Gateway, orders::CHANGES};

/// What the look finds: the tokens of another Azure would be refused.
const MACHINE: &str = r#"{"id":"","name":"web-01","location":"westeurope",
    "properties":{"instanceView":{"statuses":[{"code":"ProvisioningState/succeeded"},
    {"code":"PowerState/running"}]}}}"#;

/// Asks for what is `wanted` of a gateway that has looked when Azure goes away. It asks
/// its host in between which machine that is, and another Azure is the host: there it
/// can be held.
pub(super) async fn answered(wanted: Wanted) -> (Gateway, Answer) {
    let host = Sandbox::start(Settings::default()).unwrap();
    let hold = host.hold(Service::Instance);
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.inject(
        Service::VirtualMachines,
        Fault::answer(200, MACHINE),
        Times::Always,
    );
    let vars = [
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", host.url()),
        ("MIG_IMDS_ENDPOINT", host.url()),
        ("MIG_SCOPES", DEFAULT_SCOPE),
        CHANGES,
    ];
    let gateway = Rc::new(Gateway::before(azure, Host::Vm, &vars));
    let asking = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { wanted.asked(&gateway).await }
    });
    let looked = r#"upstream_requests_total{operation="get_vm",service="arm",status="2xx"} 1"#;
    gateway
        .until("/metrics", |it| it.text().contains(looked).then_some(()))
        .await;
    let refusing = gateway.azure.refuse_connections();
    hold.release();
    let answer = asking.await.unwrap();
    drop(refusing);
    (Rc::into_inner(gateway).unwrap(), answer)
}

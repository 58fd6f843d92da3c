//! What the host says of itself, and of the cloud that it is in.

use super::{Check, PATIENCE, Report, fault};
use crate::{
    config::{Cloud, Config},
    http::Deadline,
    identity::InstanceMetadata,
    inventory::Inventory,
};

const HOST: &str = "host";
const CLOUD: &str = "cloud";

const NO_METADATA: &str = "the host has no instance metadata";

pub(super) async fn examine(report: &mut Report, inventory: &Inventory, config: &Config) {
    match inventory.host(Deadline::after(PATIENCE)).await {
        Ok(Some(host)) => {
            report.add(Check::ok(HOST, shown(host)));
            report.add(cloud(host, config.cloud));
        }
        Ok(None) => {
            report.add(Check::inapplicable(HOST, NO_METADATA));
            report.add(Check::inapplicable(CLOUD, NO_METADATA));
        }
        Err(error) => {
            report.add(fault::of_metadata(HOST, &error, &config.identity.source));
            report.add(Check::skipped(CLOUD, HOST));
        }
    }
}

fn shown(host: &InstanceMetadata) -> String {
    format!(
        "the gateway runs on {} in the resource group {} of subscription {}",
        host.name, host.resource_group_name, host.subscription_id
    )
}

/// Tokens of one cloud are worth nothing in another.
fn cloud(host: &InstanceMetadata, configured: Cloud) -> Check {
    let environment = host.az_environment.as_str();
    let is_of = |cloud: &Cloud| environment.eq_ignore_ascii_case(cloud.environment());
    if environment.is_empty() {
        return Check::inapplicable(CLOUD, "instance metadata does not name the cloud");
    }
    if is_of(&configured) {
        return Check::ok(CLOUD, format!("host and MIG_CLOUD agree on {environment}"));
    }
    let detail = format!(
        "the host is in {environment}, and MIG_CLOUD={} means {}",
        configured.as_str(),
        configured.environment()
    );
    let failed = Check::failed(CLOUD, "wrong_cloud", detail);
    let fitting: Vec<_> = Cloud::ALL.into_iter().filter(is_of).collect();
    let names: Vec<_> = fitting.iter().map(|cloud| cloud.as_str()).collect();
    if names.is_empty() {
        return failed.mend("no value of MIG_CLOUD is for that cloud");
    }
    failed.mend(format!("set MIG_CLOUD={}", names.join(" or ")))
}

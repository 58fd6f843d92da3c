//! Azure takes longer than anybody waits for it.

use actix_web::rt::time;
use azure_sandbox::Service;

use super::{
    azure::CALLS,
    verbs::{SERVICES, too_late},
};
use crate::site::Site;

/// What Resource Manager consists of, and Resource Graph with it.
const RESOURCE_MANAGER: [Service; 4] = [
    Service::VirtualMachines,
    Service::Actions,
    Service::Operations,
    Service::ResourceGraph,
];

impl Site {
    pub(super) async fn hold(&self) {
        let service = SERVICES[self.below(SERVICES.len())];
        println!("chaos: {service:?} is held");
        let (before, hold) = (self.azure.faults_met(service), self.azure.hold(service));
        self.have_asked(&[service]).await;
        self.is_met(service, before).await;
        // Who waits there by now is given up before it ends.
        time::sleep(too_late(service)).await;
        self.answered_more(CALLS / 3).await;
        hold.release();
    }

    pub(super) async fn silent(&self) {
        let (late, holds) = (
            self.late.get(),
            RESOURCE_MANAGER.map(|it| self.azure.hold(it)),
        );
        self.withhold_calls("1").await;
        if self.late.get() == late {
            self.find("calls are withheld, and no caller was told that Azure took too long");
        }
        self.all_stay_ready("a silent Azure", None).await;
        drop(holds);
        self.withhold_calls("0").await;
    }

    /// Resolves when that is what every gateway says of whether calls to Resource Manager
    /// are withheld.
    async fn withhold_calls(&self, value: &str) {
        let line = format!("mi_gateway_upstream_circuit_open{{service=\"arm\"}} {value}\n");
        for slot in 0..self.len() {
            self.until(&format!("gateway {slot} says {line}"), async || {
                let metrics = self.client.look(self.admin(slot)?, "/metrics").await.ok()?;
                metrics.text().contains(&line).then_some(())
            })
            .await;
        }
    }
}

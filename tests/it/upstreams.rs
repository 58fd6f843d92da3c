//! Resource Manager and Graph, as callers reach them: each has a guard of its own.

use azure_sandbox::Service;

use crate::{answer::Answer, gateway::Gateway, people::listing};

/// Every page is asked for.
const UNCACHED: [(&str, &str); 2] = [
    ("MIG_DIRECTORY_MAX_AGE", "0s"),
    ("MIG_DIRECTORY_STALE_IF_ERROR", "0s"),
];

/// One of the two.
#[derive(Clone, Copy)]
pub(crate) struct Upstream {
    pub(crate) service: Service,
    /// As metrics name it.
    pub(crate) label: &'static str,
    path: fn(usize) -> String,
}

pub(crate) const ARM: Upstream = Upstream {
    service: Service::VirtualMachines,
    label: "arm",
    path: |_| "/vms/web-01".to_owned(),
};

pub(crate) const GRAPH: Upstream = Upstream {
    service: Service::Graph,
    label: "graph",
    path: |number| listing("Seinfeld", &format!("&top={number}")),
};

pub(crate) const BOTH: [Upstream; 2] = [ARM, GRAPH];

impl Upstream {
    /// A gateway that asks it for what callers ask, and for nothing else.
    pub(crate) async fn gateway(self, vars: &[(&str, &str)]) -> Gateway {
        let gateway = Gateway::with(&[&UNCACHED, vars].concat());
        gateway.proven().await;
        // The name of the machine is known from here on.
        assert_eq!(self.get(&gateway, 1).await.status, 200);
        gateway
    }

    /// What takes a call by itself: another `number` has no part in it.
    pub(crate) async fn get(self, gateway: &Gateway, number: usize) -> Answer {
        gateway.get(&self.path(number)).await
    }

    /// Where that is asked for.
    pub(crate) fn path(self, number: usize) -> String {
        (self.path)(number)
    }

    /// How often it was asked for what callers ask.
    pub(crate) fn asked(self, gateway: &Gateway) -> usize {
        match self.service {
            Service::Graph => gateway.listings().len(),
            service => gateway.azure.requests(service).len(),
        }
    }

    /// The series of the calls that were withheld for `reason`.
    pub(crate) fn withheld(self, reason: &str) -> String {
        let service = self.label;
        format!("upstream_withheld_total{{reason=\"{reason}\",service=\"{service}\"}}")
    }
}

//! A virtual machine that runs, whatever its name is.
//!
//! Sources: Azure/azure-cli recordings `test_vm_stop_start.yaml` (2023) and
//! `test_vm_create_state_modifications.yaml` (2025), which have no ids; header lines
//! of Resource Manager's own from "Understand how Azure Resource Manager throttles
//! requests".

use std::io::Write as _;

/// The parts of the body between which the id and the name stand.
const BODY: &str = include_str!("machine.json");

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
cache-control: no-cache\r\n\
pragma: no-cache\r\n\
content-type: application/json; charset=utf-8\r\n\
expires: -1\r\n\
date: Sun, 16 Nov 2025 23:22:34 GMT\r\n\
strict-transport-security: max-age=31536000; includeSubDomains\r\n\
x-cache: CONFIG_NOCACHE\r\n\
x-content-type-options: nosniff\r\n\
x-ms-correlation-request-id: 3c324221-a4b4-a9f9-78fa-ebd4f27d4575\r\n\
x-ms-ratelimit-remaining-resource: Microsoft.Compute/LowCostGetSubscriptionMaximum;23999,Microsoft.Compute/LowCostGetResource;35\r\n\
x-ms-ratelimit-remaining-subscription-global-reads: 3749\r\n\
x-ms-ratelimit-remaining-subscription-reads: 249\r\n\
x-ms-request-id: 78c959cf-14b6-4be0-acf0-07a8f615ef57\r\n\
x-ms-routing-request-id: WESTEUROPE:20251116T232234Z:78c959cf-14b6-4be0-acf0-07a8f615ef57\r\n\
x-msedge-ref: Ref A: 07D067D7BF5048FCBE99EE029BF50291 Ref B: SYD03EDGE1019 Ref C: 2025-11-16T23:22:34Z\r\n";

/// How it is shown.
pub(crate) struct Machine {
    /// What stands around the id and around each name.
    parts: Vec<&'static str>,
    /// The length of all of them.
    length: usize,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let parts: Vec<_> = BODY.trim_end().split('@').collect();
        Self {
            length: parts.iter().map(|part| part.len()).sum(),
            parts,
        }
    }

    /// Writes 200 with the machine at `path`.
    pub(crate) fn answer(&self, path: &str, answer: &mut Vec<u8>) {
        let id = path.split('?').next().unwrap_or(path);
        let name = id.rsplit('/').next().unwrap_or(id);
        // The id comes first; everything after it is the name.
        let names = self.parts.len() - 2;
        let length = self.length + id.len() + names * name.len();
        answer.extend_from_slice(HEAD.as_bytes());
        // Writing to memory does not fail.
        let _ = write!(answer, "content-length: {length}\r\n\r\n");
        for (place, part) in self.parts.iter().enumerate() {
            match place {
                0 => {}
                1 => answer.extend_from_slice(id.as_bytes()),
                _ => answer.extend_from_slice(name.as_bytes()),
            }
            answer.extend_from_slice(part.as_bytes());
        }
    }
}

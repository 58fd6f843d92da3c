//! A long-running operation: how it begins, and how it has ended.
//!
//! Source: Azure/azure-cli recording `test_vm_create_state_modifications.yaml`
//! (2025): signed URLs of 3.6 kB each, and 134 or 184 bytes of status. Ids that the
//! recorder takes out are as in Azure/azure-sdk-for-ruby, `management/azure_mgmt_compute`.

use crate::answers::json;

/// Of what the URL of an operation is signed with, as recorded: certificate,
/// signature and hash are 2,217, 256 and 32 bytes, in base64.
const CERTIFICATE: usize = 2_956;
const SIGNATURE: usize = 342;
const HASH: usize = 43;

const ID: &str = "e31ec595-0dc5-4179-9ee8-5bed1681a189";

const ENDED: &str = "{\r\n  \"startTime\": \"2025-11-16T23:22:35.2005196+00:00\",\r\n  \
\"endTime\": \"2025-11-16T23:22:42.9504403+00:00\",\r\n  \"status\": \"Succeeded\",\r\n  \
\"name\": \"e31ec595-0dc5-4179-9ee8-5bed1681a189\"\r\n}";

/// One operation, which all orders begin.
pub(crate) struct Operation {
    /// The answer to an order.
    pub(crate) taken: String,
    /// The answer to who asks how it goes.
    pub(crate) ended: String,
}

impl Operation {
    /// That of the Resource Manager at `url`.
    pub(crate) fn at(url: &str) -> Self {
        let mut ended = Vec::new();
        json(ENDED, &mut ended);
        Self {
            taken: taken(url),
            ended: String::from_utf8_lossy(&ended).into_owned(),
        }
    }
}

fn taken(url: &str) -> String {
    let base = format!(
        "{url}/subscriptions/5ab1e000-0000-4000-8000-000000000001/providers/Microsoft.Compute\
         /locations/westeurope/operations/{ID}?p=662a4d49-21d0-4280-aed0-2379131ee542"
    );
    let signed = |signature: &str| {
        format!(
            "api-version=2025-11-01&t=638989321553263492&c={}&s={}&h={}",
            "MIIIpTCC".repeat(CERTIFICATE.div_ceil(8)),
            signature.repeat(SIGNATURE / signature.len()),
            signature.repeat(HASH / signature.len()),
        )
    };
    let (status, location) = (signed("nTzmsu"), signed("MPI2hh"));
    format!(
        "HTTP/1.1 202 Accepted\r\n\
         azure-asyncnotification: Enabled\r\n\
         azure-asyncoperation: {base}&{status}\r\n\
         cache-control: no-cache\r\n\
         content-length: 0\r\n\
         date: Sun, 16 Nov 2025 23:22:34 GMT\r\n\
         expires: -1\r\n\
         location: {base}&monitor=true&{location}\r\n\
         pragma: no-cache\r\n\
         strict-transport-security: max-age=31536000; includeSubDomains\r\n\
         x-cache: CONFIG_NOCACHE\r\n\
         x-content-type-options: nosniff\r\n\
         x-ms-correlation-request-id: 3c324221-a4b4-a9f9-78fa-ebd4f27d4575\r\n\
         x-ms-need-to-refresh-epl-cache: False\r\n\
         x-ms-operation-identifier: tenantId=7b31ddc4-0000-4000-8000-5a4d0bca1a11,objectId=3caaaf2b-39fe-410e-8d5b-c9048fd85443/westeurope/be938c78-9610-4363-be66-2d573e956821\r\n\
         x-ms-ratelimit-remaining-resource: Microsoft.Compute/DeleteVMSubscriptionMaximum;1499,Microsoft.Compute/DeleteVMResource;11\r\n\
         x-ms-ratelimit-remaining-subscription-global-writes: 2999\r\n\
         x-ms-ratelimit-remaining-subscription-writes: 199\r\n\
         x-ms-request-id: {ID}\r\n\
         x-ms-routing-request-id: WESTEUROPE:20251116T232234Z:{ID}\r\n\
         x-msedge-ref: Ref A: 07D067D7BF5048FCBE99EE029BF50291 Ref B: SYD03EDGE1019 Ref C: 2025-11-16T23:22:34Z\r\n\
         \r\n"
    )
}

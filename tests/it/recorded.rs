//! The shapes that Azure was recorded to send, from 2015 to 2025.
//!
//! Sources: Azure/azure-xplat-cli `test/recordings/arm-cli-vm-stoprestart-tests`
//! (2015, 2017); Azure/azure-sdk-for-ruby `management/azure_mgmt_compute/spec`
//! (2016); Azure/azure-cli `test_vm_stop_start.yaml` (2023) and
//! `test_vm_create_state_modifications.yaml` (2025).

use azure_sandbox::{Fault, Service, Times};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    gateway::Gateway,
    orders::{ended, ordered},
};

/// One era of the protocol: what it says beside the operation URLs, how these
/// end, and the bodies of its status answers.
struct Era {
    year: u16,
    headers: Vec<(&'static str, String)>,
    query: String,
    running: &'static str,
    ended: &'static str,
}

fn eras() -> Vec<Era> {
    let writes = |left: &str| {
        let name = "x-ms-ratelimit-remaining-subscription-writes";
        (name, left.to_owned())
    };
    let resource = |left: &str| ("x-ms-ratelimit-remaining-resource", left.to_owned());
    let close = || ("connection", "close".to_owned());
    vec![
        Era {
            year: 2015,
            headers: vec![writes("1162"), close()],
            query: "?api-version=2014-12-01-preview".to_owned(),
            running: "{\r\n  \"id\": \"e9b87728\",\r\n  \"status\": \"inProgress\",\r\n  \
                      \"startTime\": \"2015-04-17T19:49:08.5789614+00:00\"\r\n}",
            ended: "{\r\n  \"id\": \"fe2063f3\",\r\n  \"status\": \"succeeded\",\r\n  \
                    \"startTime\": \"2015-04-17T19:48:32.8756036+00:00\",\r\n  \
                    \"endTime\": \"2015-04-17T19:48:33.3756219+00:00\"\r\n}",
        },
        Era {
            year: 2016,
            headers: vec![writes("1199"), close()],
            query: "?api-version=2016-03-30".to_owned(),
            running: RUNNING,
            ended: ENDED,
        },
        Era {
            year: 2023,
            headers: vec![
                writes("1199"),
                resource("Microsoft.Compute/UpdateVM3Min;238,Microsoft.Compute/UpdateVM30Min;1198"),
                ("azure-asyncnotification", "Enabled".to_owned()),
            ],
            query: "?p=571046f6-b640-41c1-86f7-f9f044b5adf9&api-version=2022-11-01".to_owned(),
            running: RUNNING,
            ended: ENDED,
        },
        Era {
            year: 2025,
            headers: vec![
                writes("199"),
                resource(
                    "Microsoft.Compute/DeleteVMSubscriptionMaximum;1499,\
                     Microsoft.Compute/DeleteVMResource;11",
                ),
                ("x-ms-operation-identifier", "tenantId=7b31ddc4".repeat(60)),
            ],
            // With both URLs and the rest, 8 kB of headers.
            query: format!(
                "?p=662a4d49-21d0-4280-aed0-2379131ee542&api-version=2022-11-01\
                 &t=638989321553263492&c={}&s={}&h={}",
                "MIIIpTCCBo2g-_A".repeat(197),
                "nTzmsuQxQMIL-_".repeat(24),
                "6xkZVkpiWBaSEkD17Y4Tc4MsuwiGoXDAuOBbfGQxHLQ",
            ),
            running: RUNNING,
            ended: ENDED,
        },
    ]
}

/// 134 bytes, as recorded.
const RUNNING: &str = "{\r\n  \"startTime\": \"2025-11-16T23:22:35.2005196+00:00\",\r\n  \
     \"status\": \"InProgress\",\r\n  \"name\": \"e31ec595-0dc5-4179-9ee8-5bed1681a189\"\r\n}";

/// 184 bytes, as recorded.
const ENDED: &str = "{\r\n  \"startTime\": \"2025-11-16T23:22:35.2005196+00:00\",\r\n  \
     \"endTime\": \"2025-11-16T23:22:42.9504403+00:00\",\r\n  \"status\": \"Succeeded\",\r\n  \
     \"name\": \"e31ec595-0dc5-4179-9ee8-5bed1681a189\"\r\n}";

impl Era {
    /// The answer to an order, without `Retry-After`, as all of them were.
    fn taken(&self, root: &str) -> Fault {
        let url = format!(
            "{root}/subscriptions/s/providers/Microsoft.Compute/locations/eastus/operations\
             /e31ec595-0dc5-4179-9ee8-5bed1681a189{}",
            self.query
        );
        let location = url.replacen("api-version", "monitor=true&api-version", 1);
        let mut headers = vec![
            ("azure-asyncoperation".to_owned(), url),
            ("location".to_owned(), location),
        ];
        let more = self.headers.iter();
        headers.extend(more.map(|(name, value)| ((*name).to_owned(), value.clone())));
        Fault::Answer {
            status: 202,
            headers,
            body: String::new(),
        }
    }
}

#[test]
fn the_bodies_have_the_recorded_lengths() {
    assert_eq!((RUNNING.len(), ENDED.len()), (134, 184));
}

#[actix_web::test]
async fn every_recorded_shape_is_followed_to_its_end() {
    let orders = eras().into_iter().map(|era| async move {
        let gateway = Gateway::start();
        let azure = &gateway.azure;
        azure.inject(Service::Actions, era.taken(azure.url()), Times::Next(1));
        for body in [era.running, era.ended] {
            let answer = Fault::answer(200, body);
            azure.inject(Service::Operations, answer, Times::Next(1));
        }

        let place = ordered(&gateway, "web-01", "restart").await;
        let operation = ended(&gateway, &place).await;

        assert_eq!(operation["status"], "Succeeded", "{}", era.year);
        let polls = azure.requests(Service::Operations);
        assert_eq!(polls.len(), 2, "{}", era.year);
        for poll in polls {
            let sent_back = format!("?{}", poll.query);
            assert_eq!(sent_back, era.query, "{}: byte for byte", era.year);
        }
    });
    join_all(orders).await;
}

#[actix_web::test]
async fn eight_kilobytes_of_headers_and_urls_of_3600_characters_are_taken() {
    let gateway = Gateway::start();
    let newest = eras().pop().unwrap();
    let Fault::Answer { headers, .. } = newest.taken(gateway.azure.url()) else {
        panic!("an answer");
    };
    let lengths = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4);
    assert!(lengths.sum::<usize>() > 8_000);
    assert!(headers[0].1.len() > 3_500, "{}", headers[0].1.len());
}

#[actix_web::test]
async fn joined_quotas_of_both_eras_are_shown() {
    let gateway = Gateway::start();
    for era in eras().into_iter().skip(2) {
        let azure = &gateway.azure;
        azure.inject(Service::Actions, era.taken(azure.url()), Times::Next(1));
        azure.inject(
            Service::Operations,
            Fault::answer(200, era.ended),
            Times::Next(1),
        );
        let place = ordered(&gateway, "web-01", "restart").await;
        ended(&gateway, &place).await;
    }
    for (bucket, left) in [
        ("UpdateVM3Min", 238.0),
        ("UpdateVM30Min", 1198.0),
        ("DeleteVMSubscriptionMaximum", 1499.0),
        ("DeleteVMResource", 11.0),
        ("subscription-writes", 199.0),
    ] {
        let series = format!(r#"upstream_quota_remaining{{bucket="{bucket}",service="arm"}}"#);
        assert!(
            (gateway.metric(&series).await - left).abs() < 0.1,
            "{series}"
        );
    }
}

/// Recorded on 2023-08-03 after a power-off, with what is not read left out.
#[actix_web::test]
async fn a_recorded_instance_view_is_read() {
    const BODY: &str = "{\r\n  \"name\": \"vm\",\r\n  \"id\": \"/subscriptions/00000000-0000-0000-\
        0000-000000000000/resourceGroups/CLI_TEST/providers/Microsoft.Compute/virtualMachines/vm\"\
        ,\r\n  \"location\": \"westus\",\r\n  \"tags\": {},\r\n  \"properties\": {\r\n    \
        \"hardwareProfile\": {\r\n      \"vmSize\": \"Standard_DS1_v2\"\r\n    },\r\n    \
        \"provisioningState\": \"Succeeded\",\r\n    \"instanceView\": {\r\n      \"statuses\": \
        [\r\n        {\r\n          \"code\": \"ProvisioningState/succeeded\",\r\n          \
        \"level\": \"Info\",\r\n          \"time\": \"2023-08-03T05:57:10.1327896+00:00\"\r\n        \
        },\r\n        {\r\n          \"code\": \"PowerState/stopped\",\r\n          \"level\": \
        \"Info\",\r\n          \"displayStatus\": \"VM stopped\"\r\n        }\r\n      ]\r\n    }\
        \r\n  }\r\n}";
    let scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/cli_test";
    let gateway = Gateway::with(&[("MIG_SCOPES", scope)]);
    let recorded = Fault::answer(200, BODY);
    gateway
        .azure
        .inject(Service::VirtualMachines, recorded, Times::Next(1));
    let machine = gateway.get("/vms/vm").await.json();
    assert_eq!(machine["powerState"], "stopped");
    assert_eq!(machine["billed"], Value::Bool(true));
    assert_eq!(machine["resourceGroup"], "CLI_TEST");
    assert_eq!(machine["size"], "Standard_DS1_v2");
}

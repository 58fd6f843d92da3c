//! What clients of Azure send leaves nothing that is not known.

use std::time::Duration;

use azure_sandbox::{Host, Sandbox, Service, Settings};
use serde_json::json;

use crate::{
    aks::Pod,
    arc_challenge::Asker,
    client::{ARM, FORM, GRAPH, METADATA, bearer, encoded, get, post, sandbox, send},
    compute::{self, VERSION, act, machine, order, urls},
    directory::{pages, read},
    host::HostOf,
    tls,
};

/// What HTTP libraries and tracing add.
const ANY: [(&str, &str); 10] = [
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Accept-Language", "*"),
    ("Connection", "keep-alive"),
    ("Sec-Fetch-Mode", "cors"),
    ("User-Agent", "azsdk-python-core/1.35.0"),
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("tracestate", "vendor=1"),
    (
        "x-ms-client-request-id",
        "5f1ff492-4dfc-4077-8a59-37804945e114",
    ),
    ("x-ms-return-client-request-id", "true"),
];

const MSAL: [(&str, &str); 6] = [
    ("client-request-id", "5f1ff492-4dfc-4077-8a59-37804945e114"),
    ("Return-Client-Request-Id", "false"),
    ("x-client-SKU", "MSAL.Go"),
    ("x-client-VER", "1.9.0"),
    ("x-client-OS", "linux"),
    ("x-client-CPU", "amd64"),
];

const CLI: [(&str, &str); 3] = [
    ("CommandName", "vm deallocate"),
    ("ParameterSetName", "-g -n"),
    (
        "x-ms-correlation-request-id",
        "5f1ff492-4dfc-4077-8a59-37804945e114",
    ),
];

const GRAPH_SDK: [(&str, &str); 6] = [
    ("client-request-id", "5f1ff492-4dfc-4077-8a59-37804945e114"),
    ("FeatureFlag", "00000003"),
    ("Retry-Attempt", "1"),
    ("SdkVersion", "graph-dotnet-core/3.1.6"),
    ("HostOs", "Linux"),
    ("x-ms-throttle-priority", "Low"),
];

#[test]
fn tokens_are_asked_for_with_a_header() {
    for (host, header, query) in [
        (
            Host::ContainerApp,
            "X-IDENTITY-HEADER",
            "2019-08-01&client_id=a&object_id=a&principal_id=a&mi_res_id=a&xms_cc=cp1",
        ),
        (Host::AppService2017, "Secret", "2017-09-01&clientid=a"),
        (Host::MachineLearning, "secret", "2017-09-01&clientid=a"),
    ] {
        let host = HostOf::new(host, Settings::default());
        let of =
            |new: &'static str, old: &'static str| host.var(if host.has(new) { new } else { old });
        let secret = of("IDENTITY_HEADER", "MSI_SECRET");
        let endpoint = of("IDENTITY_ENDPOINT", "MSI_ENDPOINT");
        let headers = [&ANY[..], &MSAL, &[(header, secret)]].concat();
        let url = format!("{endpoint}?api-version={query}&resource={}", encoded(ARM));
        get(&url, &headers);
        assert_known(&host.azure, Service::Token);
    }
}

#[test]
fn a_machine_asks_about_itself() {
    let azure = sandbox();
    let headers = [&ANY[..], &MSAL, &[METADATA]].concat();

    for path in [
        "versions",
        "instance?api-version=2021-02-01",
        "instance/compute/?api-version=2021-02-01",
        "instance/compute/vmId?api-version=2021-02-01&format=text",
    ] {
        get(&format!("{}/metadata/{path}", azure.url()), &headers);
        assert_known(&azure, Service::Instance);
    }
    let ids = "client_id=a&object_id=a&msi_res_id=a&mi_res_id=a&bypass_cache=true";
    for path in ["identity/oauth2/token", "identity/oauth2/token/"] {
        let path = format!("{path}?api-version=2018-02-01&resource=a&{ids}");
        get(&format!("{}/metadata/{path}", azure.url()), &headers);
        assert_known(&azure, Service::Token);
    }
}

#[test]
fn tokens_are_asked_for_with_a_form() {
    let headers = [&ANY[..], &MSAL, &[METADATA, FORM]].concat();
    let machine = HostOf::new(Host::VmExtension, Settings::default());
    let url = format!("{}/oauth2/token", machine.var("MIG_VM_EXTENSION_ENDPOINT"));
    post(
        &url,
        &headers,
        "resource=a&client_id=a&object_id=a&msi_res_id=a",
    );
    assert_known(&machine.azure, Service::Token);

    let shell = HostOf::new(Host::CloudShell, Settings::default());
    post(shell.var("MSI_ENDPOINT"), &headers, "resource=a");
    assert_known(&shell.azure, Service::Token);

    let pod = Pod::new(Settings::default());
    let url = pod.url(pod.0.var("AZURE_TENANT_ID"));
    let url = format!("{url}?client-request-id=a");
    let more = "claims=a&client_info=1&x-client-SKU=msal.js.node&x-ms-lib-capability=h429";
    let headers = [&ANY[..], &MSAL, &[FORM]].concat();
    let token = post(&url, &headers, &format!("{}&{more}", pod.form(&[])));
    assert_eq!(token.status, 200);
    assert_known(&pod.0.azure, Service::Token);
}

#[test]
fn entra_id_is_asked_about_itself() {
    let azure = sandbox();
    let headers = [&ANY[..], &MSAL].concat();

    let about = "common/discovery/instance?api-version=1.1&authorization_endpoint=a";
    get(&format!("{}/{about}", azure.url()), &headers);
    assert_known(&azure, Service::Discovery);
    for path in [
        "common/.well-known/openid-configuration",
        "common/v2.0/.well-known/openid-configuration?appid=a",
        "common/discovery/keys?appid=a",
        "common/discovery/v2.0/keys",
    ] {
        get(&format!("{}/{path}", azure.url()), &headers);
        assert_known(&azure, Service::Keys);
    }
}

#[test]
fn tokens_are_asked_for_with_a_proof() {
    let server = Asker::new(Host::Arc, Settings::default());
    let token = server.token("&client_id=a&object_id=a&msi_res_id=a");
    assert_eq!(token.status, 200);
    assert_known(server.azure(), Service::Token);

    let node = HostOf::new(Host::ServiceFabric, Settings::default());
    let endpoint = node.var("IDENTITY_ENDPOINT");
    let url = format!(
        "{endpoint}?api-version=2019-07-01-preview&resource={}",
        encoded(ARM)
    );
    let token = tls::send("GET", &url, &[("Secret", node.var("IDENTITY_HEADER"))]);
    assert_eq!(token.unwrap().status, 200);
    assert_known(&node.azure, Service::Token);
}

#[test]
fn virtual_machines_are_read_and_updated() {
    let azure = sandbox();
    let token = bearer(&azure, ARM);
    let headers = [&ANY[..], &CLI, &[("authorization", &token)]].concat();
    let vm = machine(&azure, "web-01");
    let list = vm.trim_end_matches("/web-01");
    let (subscription, _) = vm.split_once("/resourceGroups/").unwrap();
    let permissions = "providers/Microsoft.Authorization/permissions";
    let virtual_machines = "providers/Microsoft.Compute/virtualMachines";

    for url in [
        format!("{}/subscriptions?api-version=2022-12-01", azure.url()),
        format!("{subscription}/{virtual_machines}?{VERSION}&statusOnly=true&$skiptoken=a"),
        format!("{list}?{VERSION}&$filter=a&$expand=instanceView"),
        format!("{vm}?{VERSION}&%24expand=instanceView"),
        format!("{vm}/INSTANCEVIEW?{VERSION}"),
        format!("{subscription}/{permissions}?api-version=2022-04-01"),
        format!(
            "{}/{permissions}?api-version=2022-04-01",
            vm.replace("/virtual", "//virtual")
        ),
    ] {
        get(&url, &headers);
        assert_known(&azure, Service::VirtualMachines);
    }
    let with_etag = [&headers[..], &[("If-Match", "*")]].concat();
    let update = json!({
        "tags": {"any": "one"},
        "properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}},
    });
    let updated = send(
        "PATCH",
        &format!("{vm}?{VERSION}"),
        &with_etag,
        &update.to_string(),
    );
    assert_eq!(updated.unwrap().status, 200);
    assert_known(&azure, Service::Actions);
}

#[test]
fn actions_are_ordered_and_followed() {
    let azure = compute::operations_take(Duration::ZERO);
    let version = "api-version=2025-11-01";

    for action in [
        "start",
        "restart",
        "redeploy",
        "reapply",
        "powerOff?skipShutdown=true",
    ] {
        assert_eq!(act(&azure, "web-01", action).status, 202);
        assert_known(&azure, Service::Actions);
    }
    let url = format!("{}/deallocate?{version}", machine(&azure, "web-01"));
    let accepted = order(
        &azure,
        "POST",
        &format!("{url}&hibernate=false&forceDeallocate=true"),
    );
    let (status, location) = urls(&accepted);
    for url in [status, location] {
        assert_eq!(compute::read(&azure, url).status, 200);
        assert_known(&azure, Service::Operations);
    }
}

#[test]
fn resource_graph_is_queried() {
    let azure = sandbox();
    let token = bearer(&azure, ARM);
    let headers = [&ANY[..], &CLI, &[("authorization", &token)]].concat();
    let path = "providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
    let body = json!({
        "subscriptions": [],
        "query": "Resources",
        "options": {
            "$top": 1,
            "$skip": 1,
            "resultFormat": "table",
            "allowPartialScopes": true,
        },
    });

    let answer = post(
        &format!("{}/{path}", azure.url()),
        &headers,
        &body.to_string(),
    );

    assert_eq!(answer.status, 200);
    assert_known(&azure, Service::ResourceGraph);
}

#[test]
fn users_are_listed_counted_and_followed() {
    let azure = sandbox();
    let token = bearer(&azure, GRAPH);
    let eventual = [
        ("ConsistencyLevel", "eventual"),
        ("Prefer", "a"),
        ("authorization", &token),
    ];
    let headers = [&ANY[..], &GRAPH_SDK, &eventual].concat();

    for path in [
        "users?$select=id&$filter=a&$top=1&$count=true&$orderby=a&$search=a",
        "users/$count",
        "users/%24count?$filter=a",
    ] {
        get(&format!("{}/v1.0/{path}", azure.url()), &headers);
        assert_known(&azure, Service::Graph);
    }
    assert!(pages(&azure, "$top=900").len() > 1);
    let url = format!(
        "{}/v1.0/users/delta?$deltatoken=latest&$select=id",
        azure.url()
    );
    let link = read(&azure, &url).text("/@odata.deltaLink");
    assert_eq!(read(&azure, &link).status, 200);
    assert_known(&azure, Service::Graph);
}

/// Something was asked of `service`, and all of it is known.
fn assert_known(azure: &Sandbox, service: Service) {
    assert!(!azure.requests(service).is_empty(), "{service:?}");
    let unexpected = azure.unexpected();
    let texts: Vec<_> = unexpected.iter().map(ToString::to_string).collect();
    assert!(texts.is_empty(), "{texts:?}");
}

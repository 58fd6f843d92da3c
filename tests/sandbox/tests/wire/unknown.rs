//! What the sandbox does not know of a request is noted, whatever is answered.

use azure_sandbox::{Host, Recorded, Sandbox, Service, Settings, Unknown};
use serde_json::json;

use crate::{
    client::{ARM, Answer, FORM, GRAPH, METADATA, bearer, encoded, get, sandbox, send},
    compute::{VERSION, machine},
    host::HostOf,
};

pub(crate) const USERS: &str = "/v1.0/users";
pub(crate) const RESOURCES: &str =
    "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

#[test]
fn a_path_is_noted_at_its_service() {
    let azure = sandbox();
    let vm = machine(&azure, "web-01").replace(azure.url(), "");
    let (group, _) = vm.split_once("/virtualMachines").unwrap();

    for (method, path, service) in [
        ("GET", "/v2/nothing", None),
        ("GET", "/providers/Microsoft.Billing/accounts", None),
        ("GET", "/metadata/identity/info", Some(Service::Token)),
        (
            "GET",
            "/metadata/attested/document",
            Some(Service::Instance),
        ),
        (
            "GET",
            "/metadata/instance/compute/no",
            Some(Service::Instance),
        ),
        (
            "GET",
            &format!("{group}/disks"),
            Some(Service::VirtualMachines),
        ),
        (
            "GET",
            &format!("{vm}/extensions"),
            Some(Service::VirtualMachines),
        ),
        ("POST", &format!("{vm}/explode"), Some(Service::Actions)),
        ("POST", &format!("{vm}/hibernate"), Some(Service::Actions)),
        (
            "GET",
            "/subscriptions/a/operations/b",
            Some(Service::Operations),
        ),
        (
            "POST",
            "/providers/Microsoft.ResourceGraph/operations",
            Some(Service::ResourceGraph),
        ),
        ("GET", "/v1.0/groups", Some(Service::Graph)),
        ("GET", "/beta/users", Some(Service::Graph)),
    ] {
        let noted = noted(&azure, method, path, &[], "");
        assert_eq!(noted.service, service, "{path}");
        assert_eq!(noted.unknown, [Unknown::Path], "{path}");
    }
    let extension = HostOf::new(Host::VmExtension, Settings::default());
    let root = extension.var("MIG_VM_EXTENSION_ENDPOINT");
    get(&format!("{root}/metadata/instance"), &[METADATA]);
    assert_eq!(extension.azure.unexpected()[0].unknown, [Unknown::Path]);
}

#[test]
fn a_method_is_noted_where_the_path_has_others() {
    let azure = sandbox();
    let vm = machine(&azure, "web-01").replace(azure.url(), "");
    let tenant = "/common/oauth2/v2.0/token";

    for (method, path) in [
        ("DELETE", vm.as_str()),
        ("GET", &format!("{vm}/start")),
        ("POST", &format!("{vm}/instanceView")),
        ("GET", RESOURCES),
        ("POST", USERS),
        ("POST", "/metadata/identity/oauth2/token"),
        ("POST", "/metadata/instance"),
        ("POST", "/msi/token"),
        ("GET", "/oauth2/token"),
        ("GET", tenant),
    ] {
        let noted = noted(&azure, method, path, &[], "");
        assert_eq!(noted.unknown, [Unknown::Method], "{method} {path}");
    }
}

#[test]
fn a_query_parameter_is_noted_where_it_means_nothing() {
    let azure = sandbox();
    let vm = machine(&azure, "web-01").replace(azure.url(), "");
    let (list, _) = vm.rsplit_once('/').unwrap();

    for (method, path, name) in [
        ("GET", vm.as_str(), "$select"),
        ("GET", list, "statusOnly"),
        ("POST", &format!("{vm}/start"), "hibernate"),
        ("POST", &format!("{vm}/deallocate"), "skipShutdown"),
        ("PATCH", vm.as_str(), "$expand"),
        (
            "POST",
            "/providers/Microsoft.ResourceGraph/resources",
            "$top",
        ),
        ("GET", USERS, "$expand"),
        ("GET", USERS, "$deltatoken"),
        ("GET", USERS, "api-version"),
        ("GET", "/v1.0/users/delta", "$search"),
        ("GET", "/metadata/instance", "extended"),
        ("GET", "/metadata/identity/oauth2/token", "authority"),
        ("GET", "/common/discovery/instance", "tenant"),
        ("GET", "/msi/token", "msi_res_id"),
        ("GET", "/msi/token", "token_sha256_to_refresh"),
        ("GET", "/appservice/msi/token", "client_id"),
        ("GET", "/ml/msi/token", "object_id"),
        ("POST", "/oauth2/token", "resource"),
        ("POST", "/common/oauth2/v2.0/token", "scope"),
    ] {
        let path = format!("{path}?{}=1&{0}=2", encoded(name));
        let noted = noted(&azure, method, &path, &[], "");
        let expected = [Unknown::Query(name.to_owned())];
        assert_eq!(noted.unknown, expected, "{path}");
    }
}

#[test]
fn a_form_field_is_noted() {
    let azure = sandbox();

    for (path, name) in [
        ("/oauth2/token", "client_id"),
        ("/common/oauth2/v2.0/token", "client_secret"),
    ] {
        let noted = noted(&azure, "POST", path, &[FORM], &format!("{name}=a&{name}=b"));
        let expected = [Unknown::Form(name.to_owned())];
        assert_eq!(noted.unknown, expected, "{path}");
    }
    let noted = noted(&azure, "POST", "/oauth2/token", &[], "resource=a");
    assert_eq!(noted.unknown, [Unknown::Body]);
}

#[test]
fn a_member_of_a_body_is_noted_with_those_above_it() {
    let azure = sandbox();
    let vm = machine(&azure, "web-01").replace(azure.url(), "");
    let start = format!("{vm}/start");

    for (method, path, body, name) in [
        ("POST", start.as_str(), json!({"force": true}), "force"),
        (
            "PATCH",
            &vm,
            json!({"tags": {"any": "one"}, "identity": {}}),
            "identity",
        ),
        (
            "PATCH",
            &vm,
            json!({"properties": {"hardwareProfile": {"vmSize": "a", "cores": 2}}}),
            "properties.hardwareProfile.cores",
        ),
        (
            "POST",
            RESOURCES,
            json!({"query": "", "facets": []}),
            "facets",
        ),
        (
            "POST",
            RESOURCES,
            json!({"query": "", "options": {"$top": 1, "$count": 1}}),
            "options.$count",
        ),
    ] {
        let noted = noted(&azure, method, path, &[], &body.to_string());
        let expected = [Unknown::Member(name.to_owned())];
        assert_eq!(noted.unknown, expected, "{body}");
    }
    for (path, body) in [
        (&start, "[]"),
        (&start, "hello"),
        (&RESOURCES.to_owned(), "{"),
    ] {
        let noted = noted(&azure, "POST", path, &[], body);
        assert_eq!(noted.unknown, [Unknown::Body], "{body}");
    }
    ask(&azure, "POST", &start, &[], "{}");
    assert_eq!(azure.requests(Service::Actions).last().unwrap().unknown, []);
}

#[test]
fn a_header_is_noted_where_it_means_nothing() {
    let azure = sandbox();
    let vm = machine(&azure, "web-01").replace(azure.url(), "");
    let imds = "/metadata/identity/oauth2/token";

    for (method, path, name) in [
        ("GET", vm.as_str(), "consistencylevel"),
        ("GET", &vm, "if-none-match"),
        ("POST", &format!("{vm}/start"), "if-match"),
        ("PATCH", &vm, "if-none-match"),
        ("GET", USERS, "x-ms-correlation-request-id"),
        ("GET", USERS, "content-encoding"),
        ("GET", "/v1.0/users/delta", "prefer"),
        ("GET", imds, "authorization"),
        ("GET", imds, "x-identity-header"),
        ("GET", "/msi/token", "secret"),
        ("GET", "/msi/token", "x-forwarded-for"),
        ("POST", "/common/oauth2/v2.0/token", "metadata"),
    ] {
        let noted = noted(&azure, method, path, &[(name, "1")], "");
        let expected = [Unknown::Header(name.to_owned())];
        assert_eq!(noted.unknown, expected, "{path}");
    }
    let noted = noted(&azure, "GET", "/nowhere", &[("x-odd", "1")], "");
    assert_eq!(noted.unknown, [Unknown::Path]);
}

/// Asks at the entrance of Azure, with what a client for it would send besides.
pub(crate) fn ask(
    azure: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let audience = if path.starts_with("/v1.0") {
        GRAPH
    } else {
        ARM
    };
    let token = bearer(azure, audience);
    let is_for_a_token = [
        "/metadata",
        "/oauth2",
        "/msi",
        "/ml",
        "/appservice",
        "/common",
    ]
    .iter()
    .any(|it| path.starts_with(it));
    let own = (!is_for_a_token).then_some(("authorization", token.as_str()));
    let path = match path.split_once('?') {
        None if path.starts_with("/subscriptions") => format!("{path}?{VERSION}"),
        _ => path.to_owned(),
    };
    let headers: Vec<_> = own.into_iter().chain(headers.iter().copied()).collect();
    send(method, &format!("{}{path}", azure.url()), &headers, body).unwrap()
}

/// What is noted when this is asked.
pub(crate) fn noted(
    azure: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Recorded {
    let before = azure.unexpected().len();
    ask(azure, method, path, headers, body);
    let mut unexpected = azure.unexpected();
    assert_eq!(unexpected.len(), before + 1, "{method} {path}");
    unexpected.remove(before)
}

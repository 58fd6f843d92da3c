//! What proxies say, and whether it is believed. The peer of every request here is
//! 127.0.0.1.

use azure_sandbox::{Caller, CallerToken};
use serde_json::{Value, json};

use crate::{answer::Answer, callers::bearer, gateway::Gateway};

/// An order that needs nothing to be sent, which is one line of the record.
const ORDER: &str = "/vms/web-01/start";

const USERS: &str = "/directory/users?department=Seinfeld&top=2";

const TRUSTED: (&str, &str) = ("MIG_TRUSTED_PROXIES", "127.0.0.0/8 10.0.0.0/8");

const TOLD: [(&str, &str); 3] = [
    ("x-forwarded-for", "192.0.2.1:4711"),
    ("x-forwarded-host", "x.localhost:8443"),
    ("x-forwarded-proto", "https"),
];

/// The same of another place, as RFC 7239 has it.
const FORWARDED: (&str, &str) = (
    "forwarded",
    r#"for=192.0.2.2;host="rfc.localhost:9443";proto=https"#,
);

async fn send(gateway: &Gateway, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let body = Vec::new();
    gateway.send(method, gateway.api, path, headers, body).await
}

/// Where the record says that an order comes from, without the port of the
/// connection.
async fn source(vars: &[(&str, &str)], headers: &[(&str, &str)]) -> Value {
    recorded(Gateway::with(vars), headers).await
}

/// The same of a gateway that there is.
async fn recorded(mut gateway: Gateway, headers: &[(&str, &str)]) -> Value {
    assert_eq!(send(&gateway, "POST", ORDER, headers).await.status, 200);
    gateway.stop();
    let mut line = gateway.records.of_stage("noop").pop().unwrap();
    let mut source = line["src_endpoint"].take();
    if source["ip"] == "127.0.0.1" {
        assert!(source["port"].take().is_u64(), "{source}");
    }
    source
}

fn itself() -> Value {
    json!({ "ip": "127.0.0.1", "port": null })
}

/// Where the next page is, without its query.
async fn link(gateway: &Gateway, headers: &[(&str, &str)]) -> String {
    let answer = send(gateway, "GET", USERS, headers).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let link = answer.json()["nextLink"].as_str().unwrap().to_owned();
    link.split('?').next().unwrap().to_owned()
}

#[actix_web::test]
async fn the_headers_of_a_stranger_change_nothing() {
    let elsewhere = ("MIG_TRUSTED_PROXIES", "10.0.0.0/8,::1");
    for vars in [&[][..], &[elsewhere]] {
        assert_eq!(source(vars, &TOLD).await, itself(), "{vars:?}");
        let gateway = Gateway::with(vars);
        let own = format!("http://{}/directory/users", gateway.api);
        assert_eq!(link(&gateway, &TOLD).await, own, "{vars:?}");
    }
}

#[actix_web::test]
async fn a_trusted_proxy_is_believed() {
    let headers = [&TOLD[..], &[FORWARDED]].concat();
    let expected = json!({ "ip": "192.0.2.1", "port": 4711, "intermediate_ips": ["127.0.0.1"] });
    assert_eq!(source(&[TRUSTED], &headers).await, expected);
    let link = link(&Gateway::with(&[TRUSTED]), &headers).await;
    assert_eq!(link, "https://x.localhost:8443/directory/users");
}

#[actix_web::test]
async fn forwarded_of_rfc_7239_is_not_read() {
    assert_eq!(source(&[TRUSTED], &[FORWARDED]).await, itself());
    let gateway = Gateway::with(&[TRUSTED]);
    let own = format!("http://{}/directory/users", gateway.api);
    assert_eq!(link(&gateway, &[FORWARDED]).await, own);
}

#[actix_web::test]
async fn what_stands_before_the_last_word_of_a_trusted_proxy_is_not_believed() {
    let headers = [
        ("x-forwarded-for", "6.6.6.6, 10.6.6.6, 192.0.2.1"),
        ("x-forwarded-for", "10.0.0.2"),
        ("x-forwarded-host", "evil.localhost, vms.localhost"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-proto", "https"),
    ];
    let expected = json!({ "ip": "192.0.2.1", "intermediate_ips": ["10.0.0.2", "127.0.0.1"] });
    assert_eq!(source(&[TRUSTED], &headers).await, expected);
    let link = link(&Gateway::with(&[TRUSTED]), &headers).await;
    assert_eq!(link, "https://vms.localhost/directory/users");
}

#[actix_web::test]
async fn what_is_malformed_is_as_if_it_was_not_said() {
    let gateway = bearer::entra(&[TRUSTED]);
    gateway.ready().await;
    let caller = Caller::operator().with_roles(&["Vm.Operate", "Directory.Read"]);
    let token = gateway.azure.caller_token(&CallerToken::of(caller));
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-for", "192.0.2.1, 127.0.0.1 "),
        ("x-forwarded-for", "192.0.2.300"),
        ("x-forwarded-host", "vms.localhost/p?q#f"),
        ("x-forwarded-proto", "javascript"),
    ];
    let own = format!("http://{}/directory/users", gateway.api);
    assert_eq!(link(&gateway, &headers).await, own);
    assert_eq!(recorded(gateway, &headers).await, itself());
}

#[actix_web::test]
async fn what_a_proxy_leaves_out_is_as_the_request_says() {
    let gateway = Gateway::with(&[TRUSTED]);
    let own = gateway.api;
    for (header, expected) in [
        (
            ("x-forwarded-proto", "HTTPS"),
            format!("https://{own}/directory/users"),
        ),
        (
            ("x-forwarded-host", "vms.localhost"),
            "http://vms.localhost/directory/users".to_owned(),
        ),
    ] {
        assert_eq!(link(&gateway, &[header]).await, expected);
    }
}

#[actix_web::test]
async fn links_lead_to_the_public_url_whatever_a_proxy_says() {
    let public = ("MIG_PUBLIC_URL", "https://vms.example.com");
    let gateway = Gateway::with(&[TRUSTED, public]);
    let link = link(&gateway, &TOLD).await;
    assert_eq!(link, "https://vms.example.com/directory/users");
}

#[actix_web::test]
async fn no_proxy_makes_a_foreign_name_this_machines() {
    let public = ("MIG_PUBLIC_URL", "https://vms.example.com");
    let gateway = Gateway::with(&[TRUSTED, public]);
    for (host, forwarded, status) in [
        ("rebind.evil.example", "localhost", 403),
        ("rebind.evil.example", "vms.example.com", 403),
        ("localhost", "rebind.evil.example", 403),
        ("localhost", "a~b.evil.example", 403),
        ("localhost", "vms.example.com, a+b.evil.example", 403),
        ("a b", "localhost", 400),
        ("localhost", "vms.example.com", 200),
        ("vms.example.com", "vms.localhost", 200),
    ] {
        let headers = [("host", host), ("x-forwarded-host", forwarded)];
        let answer = send(&gateway, "POST", ORDER, &headers).await;
        assert_eq!(answer.status, status, "{host} {forwarded}");
    }
}

#[actix_web::test]
async fn pages_of_the_name_that_a_proxy_was_asked_for_are_the_gateways_own() {
    let gateway = bearer::entra(&[TRUSTED]);
    gateway.ready().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    let bearer = format!("Bearer {token}");
    let inner = format!("http://{}", gateway.api);
    for (origin, status) in [
        ("https://vms.example.com", 200),
        ("http://vms.example.com", 403),
        (inner.as_str(), 403),
        ("https://evil.example", 403),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-forwarded-host", "vms.example.com"),
            ("x-forwarded-proto", "https"),
            ("origin", origin),
        ];
        let answer = send(&gateway, "GET", "/vms/web-01", &headers).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

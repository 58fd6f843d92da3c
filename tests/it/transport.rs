//! The API over TLS.

pub(crate) mod pki;
mod visit;

use std::{
    cell::RefCell,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use rustls::ClientConfig;
use serde_json::Value;

use crate::{
    gateway::Gateway,
    program::{self, text},
};
use pki::{Authority, Certified, Folder, YEAR};
use visit::{Visit, anybody, known};

/// A gateway with TLS, and whom its clients trust.
struct Served {
    gateway: Gateway,
    folder: Folder,
    authority: Authority,
    certified: Certified,
}

impl Served {
    fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with files of its own, each for a variable.
    fn with(files: &[(&str, &str, &str)]) -> Self {
        let (folder, authority) = (Folder::new(), Authority::new("servers"));
        let certified = authority.certify("localhost");
        folder.show(&certified);
        let mut paths = vec![
            ("MIG_TLS_CERTIFICATE_FILE", folder.path("tls.crt")),
            ("MIG_TLS_KEY_FILE", folder.path("tls.key")),
        ];
        for (variable, name, text) in files {
            folder.put(name, text);
            paths.push((variable, folder.path(name)));
        }
        let vars: Vec<_> = paths
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        Self {
            gateway: Gateway::with(&vars),
            folder,
            authority,
            certified,
        }
    }

    /// Asks for clients' certificates that `clients` has signed.
    fn for_clients_of(clients: &Authority) -> Self {
        Self::with(&[("MIG_TLS_CLIENT_CA_FILE", "ca.crt", &clients.pem())])
    }

    fn visit(&self, client: ClientConfig) -> io::Result<Visit> {
        Visit::open(self.gateway.api, &Arc::new(client))
    }

    /// Resolves when `count` certificates were loaded.
    async fn loaded(&self, count: u32) {
        let line = format!("tls_certificate_loads_total{{outcome=\"loaded\"}} {count}\n");
        let found = |text: &str| text.contains(&line).then_some(());
        self.gateway
            .until("/metrics", |answer| found(&answer.text()))
            .await;
    }

    /// Resolves when one handshake came to `outcome`: a client sees the end of its
    /// connection before it is counted.
    async fn one_handshake(&self, outcome: &str) {
        let line = format!("tls_handshakes_total{{outcome=\"{outcome}\"}} 1\n");
        let found = |text: &str| text.contains(&line).then_some(());
        self.gateway
            .until("/metrics", |answer| found(&answer.text()))
            .await;
    }

    /// Resolves when readiness says `code` of the certificate, with the words for it.
    async fn standing(&self, code: &str) -> String {
        let found = |readiness: &Value| {
            let mut checks = readiness["checks"].as_array().unwrap().iter();
            let check = checks.find(|check| check["name"] == "certificate")?;
            let detail = check["detail"].as_str().unwrap().to_owned();
            (check["code"] == code).then_some(detail)
        };
        let gateway = &self.gateway;
        gateway
            .until("/readyz", |answer| found(&answer.json()))
            .await
    }
}

/// Whether the gateway serves whom it shook hands with.
fn is_served(visit: io::Result<Visit>) -> bool {
    let answer = visit.and_then(|mut visit| visit.get("/openapi.yaml"));
    answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 OK\r\n"))
}

#[actix_web::test]
async fn over_tls_links_lead_back_over_tls() {
    let served = Served::start();
    let mut visit = served.visit(anybody(&served.authority)).unwrap();

    let answer = visit
        .get("/directory/users?department=Seinfeld&top=2")
        .unwrap();

    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let page: Value = serde_json::from_str(body).unwrap();
    let link = page["nextLink"].as_str().unwrap();
    let own = format!("https://localhost:{}/directory", served.gateway.api.port());
    assert!(link.starts_with(&own), "{link}");
}

#[actix_web::test]
async fn http_1_1_is_spoken_and_http_2_is_not() {
    let served = Served::start();
    let offering = |protocols: &[&str]| {
        let mut client = anybody(&served.authority);
        let all = protocols.iter().map(|name| name.as_bytes().to_vec());
        client.alpn_protocols = all.collect();
        served.visit(client)
    };

    let both = offering(&["h2", "http/1.1"]).unwrap();

    assert_eq!(both.protocol(), Some(&b"http/1.1"[..]));
    assert!(is_served(offering(&[])));
    assert!(offering(&["h2"]).is_err());
    served.one_handshake("failed").await;
}

#[actix_web::test]
async fn a_renewed_certificate_is_shown_and_open_connections_go_on() {
    let served = Served::start();
    let before = RefCell::new(served.visit(anybody(&served.authority)).unwrap());
    let renewed = served.authority.certify_until("localhost", YEAR + 1);

    served.folder.show(&renewed);
    let gateway = &served.gateway;
    gateway
        .until("/metrics", |answer| {
            // It would be closed if it had nothing to do.
            before.borrow_mut().get("/openapi.yaml").unwrap();
            let loads = r#"tls_certificate_loads_total{outcome="loaded"} 2"#;
            answer.text().contains(loads).then_some(())
        })
        .await;

    let after = served.visit(anybody(&served.authority)).unwrap();
    assert_eq!(after.shown(), renewed.chain[0]);
    assert!(is_served(Ok(after)));
    let before = before.into_inner();
    assert_eq!(before.shown(), served.certified.chain[0]);
    assert!(is_served(Ok(before)));
    let expires = served
        .gateway
        .metric("tls_certificate_expiry_timestamp_seconds");
    // The first second of 2091.
    assert!((expires.await - 3_818_448_000.0).abs() < f64::EPSILON);
}

#[actix_web::test]
async fn a_certificate_that_is_not_of_its_key_is_refused_and_the_last_one_shown() {
    let served = Served::start();
    assert!(served.standing("current").await.contains("2090-01-01"));
    let other = served.authority.certify("localhost");

    served.folder.put("tls.crt", &other.certificate);
    let refused = served.standing("refused").await;

    assert!(
        refused.contains("tls.crt cannot be shown with the key of"),
        "{refused}"
    );
    let kept = served.visit(anybody(&served.authority)).unwrap();
    assert_eq!(kept.shown(), served.certified.chain[0]);
    served.folder.put("tls.key", &other.key);
    served.standing("current").await;
    let mended = served.visit(anybody(&served.authority)).unwrap();
    assert_eq!(mended.shown(), other.chain[0]);
    assert!(is_served(Ok(mended)));
}

#[actix_web::test]
async fn callers_show_a_certificate_where_one_is_asked_of_them() {
    let (clients, others) = (Authority::new("clients"), Authority::new("others"));
    let served = Served::for_clients_of(&clients);
    let visit = |authority: &Authority, year| {
        let own = authority.certify_until("caller", year);
        served.visit(known(&served.authority, &own))
    };

    assert!(is_served(visit(&clients, YEAR)));

    assert!(!is_served(visit(&clients, 2001)));
    assert!(!is_served(visit(&others, YEAR)));
    assert!(!is_served(served.visit(anybody(&served.authority))));
    served.gateway.ready().await;
}

#[actix_web::test]
async fn whom_the_authorities_no_longer_vouch_for_does_not_resume_either() {
    let (clients, later) = (Authority::new("clients"), Authority::new("later"));
    let served = Served::for_clients_of(&clients);
    let client = known(&served.authority, &clients.certify("caller"));
    let (client, address) = (Arc::new(client), served.gateway.api);
    assert!(is_served(Visit::open(address, &client)));
    // By what was learnt of the first time.
    assert!(is_served(Visit::open(address, &client)));

    served.folder.put("ca.crt", &later.pem());
    served.loaded(2).await;

    assert!(!is_served(Visit::open(address, &client)));
    let new = known(&served.authority, &later.certify("caller"));
    assert!(is_served(served.visit(new)));
}

#[actix_web::test]
async fn who_does_not_speak_tls_or_not_at_all_is_sent_away() {
    let served = Served::start();
    let connect = || {
        let stream = TcpStream::connect(served.gateway.api).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .unwrap();
        stream
    };
    let (mut silent, mut plain) = (connect(), connect());
    plain
        .write_all(b"GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();

    let mut answer = Vec::new();
    // The end of the connection, or a reset of it.
    let _ = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"));
    assert!(is_served(served.visit(anybody(&served.authority))));

    assert_eq!(silent.read(&mut [0; 16]).unwrap(), 0);
    served.one_handshake("slow").await;
}

#[test]
fn files_that_are_no_certificate_end_the_start_with_a_word_of_which() {
    let (folder, authority) = (Folder::new(), Authority::new("servers"));
    let certified = authority.certify("localhost");
    folder.show(&certified);
    folder.put("empty", "");
    folder.put(
        "broken",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    );
    let other = authority.certify("localhost");
    folder.put("other.key", &other.key);
    for (certificate, key, told) in [
        ("none", "tls.key", "none cannot be read: No such file"),
        ("empty", "tls.key", "empty has no certificate in PEM"),
        ("broken", "tls.key", "what "),
        ("tls.crt", "empty", "empty has no private key in PEM"),
        ("tls.crt", "tls.crt", "tls.crt has no private key in PEM"),
        (
            "tls.crt",
            "other.key",
            "other.key: keys may not be consistent",
        ),
    ] {
        let output = program::gateway()
            .env("AZURE_CLIENT_ID", "00000000-0000-4000-8000-000000000001")
            .env("MIG_TLS_CERTIFICATE_FILE", folder.path(certificate))
            .env("MIG_TLS_KEY_FILE", folder.path(key))
            .output()
            .unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{errors}");
        assert!(
            errors.contains("the API cannot be offered over TLS: "),
            "{errors}"
        );
        assert!(errors.contains(told), "{errors}");
    }
}

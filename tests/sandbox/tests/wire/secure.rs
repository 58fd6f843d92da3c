//! Azure over TLS: by its own names, through a tunnel.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use azure_sandbox::{Cloud, Fleet, Sandbox, Settings, Unknown};
use serde_json::Value;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use crate::client::{ARM, GRAPH, PATIENCE, bearer, sandbox};

const ARM_HOST: &str = "management.azure.com";

const VMS: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web\
                   /providers/Microsoft.Compute/virtualMachines";

#[test]
fn every_host_of_a_cloud_is_reached_by_its_name() {
    for (cloud, hosts) in [
        (
            Cloud::Public,
            ["login.microsoftonline.com", "graph.microsoft.com", ARM_HOST],
        ),
        (
            Cloud::UsGov,
            [
                "login.microsoftonline.us",
                "graph.microsoft.us",
                "management.usgovcloudapi.net",
            ],
        ),
        (
            Cloud::China,
            [
                "login.partner.microsoftonline.cn",
                "microsoftgraph.chinacloudapi.cn",
                "management.chinacloudapi.cn",
            ],
        ),
    ] {
        let azure = Sandbox::start(Settings {
            cloud,
            ..Settings::default()
        })
        .unwrap();
        for host in hosts {
            // Nobody is that path's, at any host: what counts is that it answers.
            let answer = through_tunnel(&azure, host, "/nowhere", "").unwrap();
            assert_eq!(answer.status, 404, "{host}");
        }
    }
}

#[test]
fn whoever_comes_without_a_tunnel_is_answered_too() {
    let azure = sandbox();
    let authority = azure.secure_url().strip_prefix("https://").unwrap();

    let stream = TcpStream::connect(authority).unwrap();
    let answer = asked(&azure, stream, "localhost", "/metadata/versions", "").unwrap();

    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("metadata header"), "{}", answer.body);
}

#[test]
fn a_certificate_is_no_good_for_other_names() {
    let azure = sandbox();
    let stream = tunnel(&azure, ARM_HOST).unwrap();

    let failure = asked(&azure, stream, "example.org", "/", "").unwrap_err();

    assert!(failure.to_string().contains("certificate"), "{failure}");
}

#[test]
fn a_tunnel_leads_to_azure_alone() {
    let azure = sandbox();

    for (line, status, hint) in [
        ("CONNECT example.org:443", "403", "example.org"),
        (
            "CONNECT management.azure.com.example.org:443",
            "403",
            "no host",
        ),
        // That of another cloud.
        (
            "CONNECT graph.microsoft.us:443",
            "403",
            "graph.microsoft.us",
        ),
        ("GET /subscriptions", "400", "CONNECT"),
    ] {
        let mut stream = connect(&azure).unwrap();
        stream
            .write_all(format!("{line} HTTP/1.1\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();

        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {answer}"
        );
        assert!(answer.contains(hint), "{line}: {answer}");
    }
}

#[test]
fn each_host_has_its_own_paths_only() {
    let azure = sandbox();
    let (arm, graph) = (bearer(&azure, ARM), bearer(&azure, GRAPH));
    let users = "/v1.0/users?$top=1";
    let machines = format!("{VMS}?api-version=2025-11-01");
    let (keys, jwks) = ("/common/discovery/v2.0/keys", "/kubernetes/openid/v1/jwks");

    for (host, path, token, status) in [
        (ARM_HOST, machines.as_str(), &arm, 200),
        ("graph.microsoft.com", users, &graph, 200),
        (ARM_HOST, users, &graph, 404),
        ("graph.microsoft.com", &machines, &arm, 404),
        ("login.microsoftonline.com", &machines, &arm, 404),
        (ARM_HOST, "/metadata/versions", &arm, 404),
        ("login.microsoftonline.com", keys, &arm, 200),
        ("graph.microsoft.com", keys, &graph, 404),
        ("login.microsoftonline.com", jwks, &arm, 404),
    ] {
        let answer = through_tunnel(&azure, host, path, token).unwrap();
        assert_eq!(answer.status, status, "{host}{path}: {}", answer.body);
    }
    let unknown = |unknown: &Unknown| !matches!(unknown, Unknown::Header(_));
    let unexpected = azure.unexpected();
    let astray = unexpected
        .iter()
        .filter(|it| it.unknown.iter().any(unknown));
    assert_eq!(astray.count(), 6);
}

#[test]
fn links_lead_back_to_where_the_client_came_from() {
    let azure = Sandbox::start(Settings {
        fleet: Some(Fleet {
            machines: 201,
            subscriptions: 1,
        }),
        ..Settings::default()
    })
    .unwrap();
    let token = bearer(&azure, ARM);
    let machine = azure.virtual_machines().pop().unwrap().id();
    let (list, _) = machine.rsplit_once('/').unwrap();
    let list = format!("{list}?api-version=2025-11-01");

    let page = through_tunnel(&azure, ARM_HOST, &list, &token).unwrap();

    let page: Value = serde_json::from_str(&page.body).unwrap();
    let link = page["nextLink"].as_str().unwrap();
    let path = link
        .strip_prefix("https://management.azure.com")
        .expect(link);
    let next = through_tunnel(&azure, ARM_HOST, path, &token).unwrap();
    let next: Value = serde_json::from_str(&next.body).unwrap();
    assert_eq!(next["value"].as_array().unwrap().len(), 1);
    assert_eq!(next.get("nextLink"), None);
}

#[derive(Debug)]
struct Secured {
    status: u16,
    body: String,
}

/// The answer of `host`, which is asked with `authorization`.
fn through_tunnel(
    azure: &Sandbox,
    host: &'static str,
    path: &str,
    authorization: &str,
) -> io::Result<Secured> {
    asked(azure, tunnel(azure, host)?, host, path, authorization)
}

fn connect(azure: &Sandbox) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(azure.secure_url().strip_prefix("https://").unwrap())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn tunnel(azure: &Sandbox, host: &str) -> io::Result<TcpStream> {
    let mut stream = connect(azure)?;
    write!(
        stream,
        "CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n"
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    Ok(stream)
}

fn asked(
    azure: &Sandbox,
    stream: TcpStream,
    host: &'static str,
    path: &str,
    authorization: &str,
) -> io::Result<Secured> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(
        CertificateDer::pem_file_iter(azure.ca_file())
            .unwrap()
            .map(Result::unwrap),
    );
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\n\
         connection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // hyper ends a connection without a farewell in TLS.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    Ok(Secured {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        body: body.to_owned(),
    })
}

//! The binary, for programs that know Azure's own names alone and for tests in
//! other languages.

use serde_json::Value;

use crate::{
    binary::{Running, environment, sandbox, variables},
    client::{METADATA, get},
};

const TRUST: [&str; 4] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
];

#[test]
fn a_program_over_tls_is_led_by_a_proxy_and_told_what_to_trust() {
    let script = "cat \"$SSL_CERT_FILE\" >&2; env";
    let output = sandbox(&["exec", "--as", "aks", "--tls", "--", "sh", "-c", script])
        .env("https_proxy", "http://elsewhere:3128")
        .output()
        .unwrap();

    let environment = variables(&output);
    assert_eq!(
        environment["AZURE_AUTHORITY_HOST"],
        "https://login.microsoftonline.com/"
    );
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let proxy = &environment[name];
        assert!(proxy.starts_with("http://127.0.0.1:"), "{name}: {proxy}");
        assert_ne!(*proxy, environment["MIG_ARM_ENDPOINT"]);
    }
    for name in ["NO_PROXY", "no_proxy"] {
        let spared: Vec<_> = environment[name].split(',').collect();
        assert!(spared.contains(&"127.0.0.1"), "{name}: {spared:?}");
    }
    for name in TRUST {
        assert_eq!(environment[name], environment["SSL_CERT_FILE"], "{name}");
    }
    let trusted = String::from_utf8(output.stderr).unwrap();
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(!trusted.contains("PRIVATE KEY"));
}

#[test]
fn nothing_is_said_of_trust_without_tls() {
    let environment = environment(&["exec", "--", "env"]);

    for name in TRUST {
        let of_azure = |file: &String| file.contains("azure-sandbox-");
        assert!(!environment.get(name).is_some_and(of_azure), "{name}");
    }
}

#[test]
fn a_test_in_any_language_reads_where_azure_is_from_one_line() {
    let mut running = Running::start(&[
        "serve",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--as",
        "vm",
        "--tls",
    ]);
    let line: Value = serde_json::from_str(&running.line()).unwrap();

    let root = line["url"].as_str().unwrap();
    let versions = get(&format!("{root}/metadata/versions"), &[METADATA]);

    assert_eq!(versions.status, 200);
    assert_eq!(line["environment"]["MIG_IMDS_ENDPOINT"], root);
    assert_eq!(line["environment"]["SSL_CERT_FILE"], line["caFile"]);
    assert!(line["secureUrl"].as_str().unwrap().starts_with("https://"));
    running.terminate();
    assert_eq!(running.code(), Some(0));
}

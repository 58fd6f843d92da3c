//! The program itself: arguments, environment, signals, exit codes.

use std::{
    ffi::OsStr, fs, net::TcpListener, os::unix::ffi::OsStrExt as _, process::Output, time::Duration,
};

use actix_web::rt::time::timeout;
use azure_sandbox::{Host, Sandbox, Service, Settings};
use futures_util::future::join_all;
use mi_gateway::variables;

use crate::{
    architecture::root,
    program::{Running, gateway, text},
};

fn run(arguments: &[&str]) -> Output {
    gateway().args(arguments).output().unwrap()
}

#[test]
fn help_names_every_variable() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for variable in variables() {
        assert!(help.contains(variable.name), "{}", variable.name);
    }
}

#[test]
fn help_and_readme_say_what_a_time_without_a_unit_counts() {
    let help = text(&run(&["--help"]).stdout);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for document in [help, readme.replace('`', "")] {
        let words: Vec<_> = document.split_whitespace().collect();
        let sentence = "whole numbers with ms, s or m, and without a unit they count seconds";
        assert!(words.join(" ").contains(sentence), "{document}");
    }
}

#[test]
fn the_version_is_that_of_the_manifest() {
    assert_eq!(text(&run(&["--version"]).stdout), "mi-gateway 0.1.0\n");
}

#[actix_web::test]
async fn an_output_that_nobody_reads_holds_up_no_request() {
    // More lines than the pipe, the queue and what is written at once have room for.
    const CALLERS: usize = 16;
    const EACH: usize = 400;
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_LOG_FORMAT", "json");
    let (mut running, output) = Running::unread(command);
    let caller = async || {
        for _ in 0..EACH {
            assert_eq!(running.status("/nothing").await, 404);
        }
    };
    join_all((0..CALLERS).map(|_| caller())).await;
    assert!(running.log_lines_lost().await > 0);
    running.signal("-TERM");
    let code = timeout(Duration::from_secs(20), running.ended()).await;
    assert_eq!(code, Ok(Some(0)));
    drop(output);
}

#[test]
fn an_unknown_argument_is_a_usage_error() {
    let output = run(&["sreve"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--help"));
}

#[test]
fn faults_of_the_environment_are_told_all_at_once() {
    let output = gateway()
        .env("MIG_LISTEN", "here")
        .env("MIG_WORKERS", "0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    assert!(
        told.starts_with("mi-gateway: the configuration is not usable\n"),
        "{told}"
    );
    assert!(told.contains("  MIG_LISTEN is \"here\"") && told.contains("  MIG_WORKERS is \"0\""));
}

#[test]
fn what_cannot_be_sent_or_read_is_a_fault_of_the_environment() {
    let output = gateway()
        .env("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token")
        .env("IDENTITY_HEADER", "a\nb")
        .env("MIG_SCOPES", OsStr::from_bytes(b"/subscriptions/\xff"))
        .env("MIG_WORKERS", "0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = text(&output.stderr);
    for fault in [
        "  IDENTITY_HEADER holds",
        "  MIG_SCOPES is not valid UTF-8",
        "  MIG_WORKERS is \"0\"",
    ] {
        assert!(told.contains(fault), "{told}");
    }
}

#[test]
fn a_variable_of_somebody_else_need_not_be_text() {
    let output = gateway()
        .env("THEIRS", OsStr::from_bytes(b"\xff"))
        .env("MIG_WORKERS", "0")
        .env(OsStr::from_bytes(b"MIG_\xff"), "x")
        .output()
        .unwrap();
    let told = text(&output.stderr);
    assert!(!told.contains("THEIRS"), "{told}");
    assert!(told.contains("is not a variable of mi-gateway"), "{told}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let azure = Sandbox::start(Settings::default()).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = gateway()
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_LISTEN", &address)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(text(&output.stderr).contains(&format!("MIG_LISTEN {address} cannot be listened on")));
}

#[actix_web::test]
async fn r6_a_proxy_of_the_environment_is_passed_by() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let azure = Sandbox::start(Settings::default()).unwrap();
    for host in [Host::ContainerApp, Host::Vm] {
        let mut command = gateway();
        command.envs(azure.environment(host));
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env(name, &url);
        }
        let running = Running::start(command);
        assert_eq!(running.status("/vms/web-01").await, 200);
    }
    assert!(!azure.requests(Service::Token).is_empty());
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "somebody came to the proxy");
}

#[actix_web::test]
async fn sigterm_ends_it_in_order_and_no_secret_was_written() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_LOG", "trace");
    let running = Running::start(command);
    assert_eq!(running.status("/vms/web-01").await, 200);
    assert_eq!(
        running.status("/directory/users?department=Seinfeld").await,
        200
    );
    let (code, rest) = running.terminate();
    assert_eq!(code, Some(0));
    assert!(rest.contains("shutting down"), "{rest}");
    assert!(
        rest.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
    for secret in azure.secrets() {
        assert!(!rest.contains(&secret), "a secret was written");
    }
}

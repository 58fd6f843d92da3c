//! Signals to a gateway that has not started yet.

use std::{fs::File, io::Write as _, process::Command, time::Duration};

use actix_web::rt::time::timeout;
use azure_sandbox::{Host, Sandbox, Settings};

use crate::{
    program::{Running, gateway},
    records::Records,
};

/// A gateway that is sent `signal` in the middle of its start: while it waits for a file,
/// which is at its end only after that.
fn sent(signal: &str, azure: &Sandbox) -> Running {
    let file = format!("{}.pipe", Records::of(azure).path());
    let made = Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_SHUTDOWN_GRACE", "1s")
        // Takes authorities to trust, which are read from the pipe.
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")
        .env("SSL_CERT_FILE", &file);
    let trusted = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let running = Running::start_amid(command, |process| {
        // Waits until it is read from.
        let mut pipe = File::options().write(true).open(&file).unwrap();
        let process = process.to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
        // Nobody may read any more.
        let _ = pipe.write_all(trusted.unwrap().cert.pem().as_bytes());
    });
    std::fs::remove_file(file).unwrap();
    running
}

#[actix_web::test]
async fn a_hang_up_in_the_middle_of_the_start_is_not_the_end() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let running = sent("-HUP", &azure);
    assert_eq!(running.status("/vms/web-01").await, 200);
    assert_eq!(running.terminate().0, Some(0));
}

#[actix_web::test]
async fn who_is_told_to_end_in_the_middle_of_the_start_ends_in_order() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut running = sent("-TERM", &azure);
    let code = timeout(Duration::from_secs(20), running.ended()).await;
    assert_eq!(code, Ok(Some(0)));
}

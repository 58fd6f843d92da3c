//! A process that may open few files, and callers who open many connections.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use azure_sandbox::{Host, Sandbox, Settings};

use crate::{
    program::Running,
    records::Records,
    wire::{Connection, get},
};

const ORDER: &str =
    "POST /vms/web-01/deallocate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";

/// The program, that begins with `soft` descriptors and may have `hard`.
fn with_descriptors(soft: usize, hard: usize) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -Sn {soft}; ulimit -Hn {hard}; exec \"$0\"");
    command
        .env_clear()
        .args(["-c", &script, env!("CARGO_BIN_EXE_mi-gateway")]);
    command
}

#[actix_web::test]
async fn strangers_with_many_connections_stop_neither_health_nor_an_order() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let records = Records::of(&azure);
    let output = format!("{}.log", records.path());
    fs::write(&output, "").unwrap();
    let mut command = with_descriptors(64, 256);
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_WORKERS", "1")
        .env("MIG_UPSTREAM_CONCURRENCY", "16")
        .env("MIG_AUDIT_FILE", records.path());
    let running = Running::writing_to(Path::new(&output), command).await;
    running.ready().await;
    let mut caller = Connection::to(running.api);
    assert_eq!(caller.ask(&get("/openapi.yaml", None)).status, 200);
    let began = Instant::now();

    let strangers: Vec<_> = (0..300)
        .map(|_| {
            let mut stranger = TcpStream::connect(running.api).unwrap();
            stranger.write_all(b"G").unwrap();
            stranger
        })
        .collect();

    // 256, but for 32 calls to Azure, 8 of the worker and 128 of the rest.
    assert!((88..256).contains(&running.descriptors().await));
    assert_eq!(running.readiness().await.0, 200);
    assert_eq!(caller.ask(ORDER).status, 202);
    // Until then nobody is sent away for the head that does not come.
    assert!(began.elapsed() < Duration::from_secs(4));
    assert!(fs::read_to_string(&output).unwrap().contains("room for 88"));
    drop((running, strangers));
    records.remove();
    fs::remove_file(output).unwrap();
}

//! A process that may open few files, and callers who open many connections.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    ops::Range,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use actix_web::rt::time::timeout;
use azure_sandbox::{Host, Sandbox, Settings};

use crate::{
    program::{Running, last_words},
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

/// Many connections to one of its listeners, on which a head has begun.
fn strangers(address: SocketAddr) -> Vec<TcpStream> {
    let open = |_| {
        let mut stranger = TcpStream::connect(address).unwrap();
        stranger.write_all(b"G").unwrap();
        stranger
    };
    (0..300).map(open).collect()
}

/// Strangers at the listener that `of` names, who are to take so many of 256 descriptors.
async fn flooded(of: impl Fn(&Running) -> SocketAddr, taken: Range<usize>) {
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

    let strangers = strangers(of(&running));

    let open = running.descriptors().await;
    assert!(taken.contains(&open), "{open}");
    assert_eq!(running.readiness().await.0, 200);
    assert_eq!(caller.ask(ORDER).status, 202);
    // Until then nobody is sent away for the head that does not come.
    assert!(began.elapsed() < Duration::from_secs(4));
    assert!(fs::read_to_string(&output).unwrap().contains("room for 88"));
    drop((running, strangers));
    fs::remove_file(output).unwrap();
}

#[actix_web::test]
async fn strangers_with_many_connections_stop_neither_health_nor_an_order() {
    // 256, but for 32 calls to Azure, 8 of the worker and 128 of the rest.
    flooded(|running| running.api, 88..256).await;
}

#[actix_web::test]
async fn strangers_at_the_admin_listener_take_no_more_than_its_own() {
    // 64, beside some 20 from the start.
    flooded(|running| running.admin, 48..108).await;
}

#[actix_web::test]
async fn too_few_descriptors_to_serve_with_are_told_by_the_exit_code() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    // Some are too few to listen, some for the API, and some for the admin listener alone.
    for most in 12..=22 {
        let mut command = with_descriptors(most, most);
        command
            .envs(azure.environment(Host::ContainerApp))
            .env("MIG_WORKERS", "1");
        let ended = timeout(Duration::from_mins(1), last_words(command));
        let (code, words) = ended.await.unwrap();
        assert_eq!(code, Some(69), "{most}: {words}");
    }
}

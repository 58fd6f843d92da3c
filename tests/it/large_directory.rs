//! A directory of 100,000 users.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::{Host, Sandbox, Settings};

use crate::program::{Running, gateway};

const USERS: u32 = 100_000;

/// By how much the program may grow while it hands out a whole directory.
const GROWTH: u64 = 20 << 20;

fn azure() -> Sandbox {
    let settings = Settings {
        users: Some(USERS),
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

#[actix_web::test]
async fn a_whole_directory_passes_through_without_being_kept() {
    let azure = azure();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let running = Running::start(command);
    let ndjson = ("accept", "application/x-ndjson");
    let few = "/directory/users?department=R%26D";
    assert_eq!(running.lines(few, ndjson).await, 310);

    let [before, _] = running.memory();
    let everybody = "/directory/users?department=Workforce";
    let lines = running.lines(everybody, ndjson).await;
    let [_, peak] = running.memory();

    assert_eq!(lines, azure.user_ids("Workforce").len());
    let growth = peak.saturating_sub(before);
    assert!(growth < GROWTH, "{growth} bytes");
}

/// A listing of 26 MB, of which a caller takes 20 kB a second for longer than one may take
/// nothing, and the rest at once.
#[actix_web::test]
async fn who_reads_slowly_and_steadily_gets_all_of_it() {
    let azure = azure();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let running = Running::start(command);
    let began = Instant::now();
    let mut connection = TcpStream::connect(running.api).unwrap();
    connection
        .write_all(
            b"GET /directory/users?department=Workforce HTTP/1.1\r\nhost: localhost\r\n\
              accept: application/x-ndjson\r\nconnection: close\r\n\r\n",
        )
        .unwrap();
    let mut taken = 0;
    while began.elapsed() < Duration::from_secs(45) {
        taken += connection.read(&mut [0; 2_000]).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).unwrap();

    assert!(taken < 2_000_000, "{taken} bytes are not slow");
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"), "it was broken off");
}

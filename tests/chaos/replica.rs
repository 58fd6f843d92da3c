//! One gateway as a process, from its start to its end.

use std::{
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use serde_json::Value;

use crate::vitals::Vitals;

/// Longer than a start takes on a machine that has much else to do.
const START: Duration = Duration::from_secs(90);

/// Longer than delay and grace of a shutdown, and the last lines after them.
const END: Duration = Duration::from_mins(1);

/// Becomes the program, to which a file that may not grow is an error, and not its end.
const OBEDIENT: &str = r#"trap '' XFSZ; exec "$0" "$@""#;

/// A gateway that runs; it is killed when this is dropped.
pub(crate) struct Replica {
    child: Child,
    pub(crate) api: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// The program that is looked at: that of `MI_GATEWAY`, or the one that was built with
/// this test.
pub(crate) fn program() -> PathBuf {
    let named = std::env::var_os("MI_GATEWAY").filter(|path| !path.is_empty());
    named.map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_mi-gateway")),
        PathBuf::from,
    )
}

impl Replica {
    /// Starts a gateway by `words`, with `variables` and no others, which writes to a new
    /// file `log`, and waits until it listens.
    pub(crate) async fn start(
        words: &[PathBuf],
        variables: &[(String, String)],
        log: &Path,
    ) -> Self {
        let file = OpenOptions::new().append(true).create_new(true).open(log);
        let file: File = file.expect("a new file for the log");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", OBEDIENT])
            .args(words)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file);
        let mut child = command.spawn().expect("the program starts");
        let Some([api, admin]) = listening(&mut child, log).await else {
            let _ = child.kill();
            panic!("no start: {}", fs::read_to_string(log).unwrap_or_default());
        };
        Self { child, api, admin }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn vitals(&self) -> Vitals {
        Vitals::of(self.id()).expect("a process that runs")
    }

    /// Sends the signal `name`, such as `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {name}");
    }

    /// Sends SIGKILL, and waits until it is dead.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The exit code of one that was told to end; none where a signal ended it.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        let deadline = Instant::now() + END;
        let mut ticks = time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses that the line says where it listens; none where there is no such line.
async fn listening(child: &mut Child, log: &Path) -> Option<[SocketAddr; 2]> {
    let deadline = Instant::now() + START;
    let mut ticks = time::interval(Duration::from_millis(20));
    while Instant::now() < deadline {
        ticks.tick().await;
        let has_ended = !matches!(child.try_wait(), Ok(None));
        let text = fs::read_to_string(log).unwrap_or_default();
        if let Some(addresses) = text.lines().find_map(addresses) {
            return Some(addresses);
        }
        if has_ended {
            return None;
        }
    }
    None
}

fn addresses(line: &str) -> Option<[SocketAddr; 2]> {
    let line: Value = serde_json::from_str(line).ok()?;
    let is_it = line["message"].as_str()?.starts_with("listening; ");
    let address = |name: &str| line[name].as_str()?.parse().ok();
    is_it.then_some([address("api")?, address("admin")?])
}

//! Names as one gateway has them resolved: by a server here that answers, or says nothing.
//! It alone is led there, by files of a mount namespace of its own, which takes root.

use std::{
    io::{Write as _, stderr},
    net::{Ipv4Addr, UdpSocket},
    path::PathBuf,
    process::Command,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{files::Files, replica::program};

/// What a resolver asks; it cannot be told of another port.
const PORT: u16 = 53;

/// Longer than a gateway takes to end.
const RESOLVER: &str = "options timeout:30 attempts:5";

/// Names on file are not asked for.
const SWITCH: &str = "hosts: dns\n";

/// Becomes the program where those two files are what they are elsewhere.
const LED: &str =
    r#"mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && exec "$0""#;

/// What it takes.
const WANT: &str = "root, for a mount namespace and port 53";

/// How often the server looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// A server, until it is dropped, whose answer to every question is this machine.
pub(crate) struct Names {
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
    files: [PathBuf; 2],
}

#[derive(Default)]
struct Shared {
    answers: AtomicBool,
    /// How many questions have had no answer.
    unanswered: AtomicUsize,
    is_over: AtomicBool,
}

impl Names {
    /// Whether there can be such a server here. Where there cannot, that is said.
    ///
    /// # Panics
    ///
    /// In CI, where there cannot.
    pub(crate) fn can_be_had() -> bool {
        static CAN_BE_HAD: LazyLock<bool> = LazyLock::new(|| {
            let unshared = Command::new("unshare").args(["--mount", "true"]).status();
            let can = unshared.is_ok_and(|status| status.success()) && socket().is_some();
            assert!(can || std::env::var_os("CI").is_none(), "it takes {WANT}");
            if !can {
                // Past the harness, which keeps to itself what is printed.
                let _ = writeln!(stderr(), "SKIPPED: names that hang (it takes {WANT})");
            }
            can
        });
        *CAN_BE_HAD
    }

    /// One that says nothing yet.
    pub(crate) fn silent(files: &Files) -> Self {
        let socket = socket().expect("a port for names");
        let address = socket.local_addr().expect("an address").ip();
        let shared = Arc::new(Shared::default());
        let server = thread::spawn({
            let shared = Arc::clone(&shared);
            move || serve(&socket, &shared)
        });
        Self {
            shared,
            server: Some(server),
            files: [
                files.written(
                    "resolv.conf",
                    &format!("nameserver {address}\n{RESOLVER}\n"),
                ),
                files.written("nsswitch.conf", SWITCH),
            ],
        }
    }

    /// What starts a gateway that has its names from here.
    pub(crate) fn command(&self) -> Vec<PathBuf> {
        let led = ["unshare", "--mount", "/bin/sh", "-c", LED].map(PathBuf::from);
        let [resolver, switch] = self.files.clone();
        led.into_iter()
            .chain([program(), resolver, switch])
            .collect()
    }

    pub(crate) fn answer(&self, answers: bool) {
        self.shared.answers.store(answers, Ordering::SeqCst);
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.shared.unanswered.load(Ordering::SeqCst)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// On an address that nobody else is likely to have.
fn socket() -> Option<UdpSocket> {
    let byte = || fastrand::u8(1..255);
    let address = Ipv4Addr::new(127, byte(), byte(), byte());
    let socket = UdpSocket::bind((address, PORT)).ok()?;
    socket.set_read_timeout(Some(LOOK)).ok()?;
    Some(socket)
}

fn serve(socket: &UdpSocket, shared: &Shared) {
    let mut query = [0; 512];
    while !shared.is_over.load(Ordering::SeqCst) {
        let Ok((length, asker)) = socket.recv_from(&mut query) else {
            continue;
        };
        if !shared.answers.load(Ordering::SeqCst) {
            shared.unanswered.fetch_add(1, Ordering::SeqCst);
        } else if let Some(answer) = answer(&query[..length]) {
            let _ = socket.send_to(&answer, asker);
        }
    }
}

/// The answer to the one question of `query`: 127.0.0.1, or that there is no other address.
///
/// Source: RFC 1035, section 4.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    const HEAD: usize = 12;
    const A: [u8; 2] = [0, 1];
    let end = HEAD + query.get(HEAD..)?.iter().position(|byte| *byte == 0)? + 1;
    let (question, kind) = (query.get(HEAD..end + 4)?, query.get(end..end + 2)?);
    let count = u8::from(kind == A);
    let mut answer = query[..2].to_vec();
    // A response, recursion as desired and available; one question, so many answers.
    answer.extend([0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend(question);
    if kind == A {
        // The name of the question, IN A, for no time, four bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}

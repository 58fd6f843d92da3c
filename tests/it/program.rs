//! The program itself, as a process that ends with the test.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::rt::time;
use futures_util::StreamExt as _;

/// The program, without any environment.
pub(crate) fn gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mi-gateway"));
    command.env_clear();
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running program that is ended with the test.
pub(crate) struct Running {
    child: Ended,
    /// What it writes after the line that says where it listens.
    output: Option<JoinHandle<String>>,
    pub(crate) api: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Running {
    /// Starts `command` and waits until it listens.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_amid(command, |_| {})
    }

    /// The same, and does `amid` with the id of the process in the middle of its start.
    pub(crate) fn start_amid(command: Command, amid: impl FnOnce(u32)) -> Self {
        let child = spawned(command, Stdio::piped());
        amid(child.0.id());
        let (running, mut output) = Self::heard(child);
        // Read as it comes, and whole.
        let rest = thread::spawn(move || {
            let mut rest = String::new();
            output.read_to_string(&mut rest).unwrap();
            rest
        });
        Self {
            output: Some(rest),
            ..running
        }
    }

    /// The same, and what it writes after the line that says where it listens.
    pub(crate) fn unread(command: Command) -> (Self, BufReader<ChildStdout>) {
        Self::heard(spawned(command, Stdio::piped()))
    }

    fn heard(mut child: Ended) -> (Self, BufReader<ChildStdout>) {
        let mut output = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        (Self::listening(child, &line), output)
    }

    /// The same with its output at the end of the file at `path`.
    pub(crate) async fn writing_to(path: &Path, command: Command) -> Self {
        let file = File::options().append(true).open(path).unwrap();
        let child = spawned(command, file);
        let mut ticks = time::interval(Duration::from_millis(20));
        loop {
            let written = fs::read_to_string(path).unwrap();
            let mut lines = written.split_inclusive('\n');
            if let Some(line) = lines.find(|it| it.contains("listening; ") && it.ends_with('\n')) {
                return Self::listening(child, line);
            }
            ticks.tick().await;
        }
    }

    /// What `line` tells of a program that has begun to listen.
    fn listening(child: Ended, line: &str) -> Self {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].as_str().unwrap().starts_with("listening; "));
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        Self {
            output: None,
            api: address("api"),
            admin: address("admin"),
            child,
        }
    }

    /// The status of the answer to a GET of `path`.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        let client = awc::Client::builder().finish();
        let answer = client.get(self.url(path)).send().await.unwrap();
        answer.status().as_u16()
    }

    /// The status of readiness, and what it says.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let client = awc::Client::builder().disable_timeout().finish();
        let url = format!("http://{}/readyz", self.admin);
        let mut answer = client.get(url).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, text(&answer.body().await.unwrap()))
    }

    /// Resolves when it is ready.
    pub(crate) async fn ready(&self) {
        let mut ticks = time::interval(Duration::from_millis(20));
        while self.readiness().await.0 != 200 {
            ticks.tick().await;
        }
    }

    /// Gives the order at `path`; returns where to ask.
    pub(crate) async fn ordered(&self, path: &str) -> String {
        let client = awc::Client::builder().disable_timeout().finish();
        let mut answer = client.post(self.url(path)).send().await.unwrap();
        let body = answer.body().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{}", text(&body));
        let place = answer.headers().get("location").unwrap();
        place.to_str().unwrap().to_owned()
    }

    /// The metrics.
    pub(crate) async fn metrics(&self) -> String {
        let client = awc::Client::builder().disable_timeout().finish();
        let url = format!("http://{}/metrics", self.admin);
        let mut answer = client.get(url).send().await.unwrap();
        text(&answer.body().limit(16 << 20).await.unwrap())
    }

    /// How many lines of its log are lost, as its output is not read.
    pub(crate) async fn log_lines_lost(&self) -> u64 {
        let metrics = self.metrics().await;
        let lost = metrics
            .lines()
            .find_map(|line| line.strip_prefix("mi_gateway_log_lines_lost_total "));
        lost.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
    }

    /// Reads a GET of `path` to its end; returns how many lines it has. Nothing of
    /// it is kept.
    pub(crate) async fn lines(&self, path: &str, header: (&str, &str)) -> usize {
        let client = awc::Client::builder().disable_timeout().finish();
        let request = client.get(self.url(path)).insert_header(header);
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let mut lines = 0;
        while let Some(part) = answer.next().await {
            lines += part.unwrap().split(|byte| *byte == b'\n').count() - 1;
        }
        lines
    }

    /// Bytes that the program has in memory, and the most it ever had.
    pub(crate) fn memory(&self) -> [u64; 2] {
        let path = format!("/proc/{}/status", self.child.0.id());
        let status = std::fs::read_to_string(path).unwrap();
        ["VmRSS:", "VmHWM:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
            kilobytes.parse::<u64>().unwrap() << 10
        })
    }

    /// How many descriptors it has open, once that no longer changes.
    pub(crate) async fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.0.id());
        let mut ticks = time::interval(Duration::from_millis(100));
        let mut last = 0;
        loop {
            ticks.tick().await;
            let open = fs::read_dir(&folder).unwrap().count();
            if open == last {
                return open;
            }
            last = open;
        }
    }

    /// Sends the signal `name`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.0.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Sends SIGTERM; returns the exit code and the rest of the output.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let rest = self.output.take().unwrap().join().unwrap();
        (self.child.0.wait().unwrap().code(), rest)
    }

    /// The exit code, once it has ended by itself.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        self.child.code().await
    }

    /// Sends SIGKILL, and waits until it is dead.
    pub(crate) fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.api)
    }
}

/// The exit code of `command`, once it has ended by itself, and what it said of it.
pub(crate) async fn last_words(mut command: Command) -> (Option<i32>, String) {
    command.stderr(Stdio::piped());
    let mut child = spawned(command, Stdio::null());
    let code = child.code().await;
    let mut words = String::new();
    let mut errors = child.0.stderr.take().unwrap();
    errors.read_to_string(&mut words).unwrap();
    (code, words)
}

/// Starts `command`, which is to listen wherever it can.
fn spawned(mut command: Command, output: impl Into<Stdio>) -> Ended {
    command
        .env("MIG_LISTEN", "127.0.0.1:0")
        .env("MIG_ADMIN_LISTEN", "127.0.0.1:0")
        .env("MIG_SHUTDOWN_DELAY", "0s")
        .stdout(output);
    Ended(command.spawn().unwrap())
}

/// A process that ends with this.
struct Ended(Child);

impl Ended {
    async fn code(&mut self) -> Option<i32> {
        let mut ticks = time::interval(Duration::from_millis(20));
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            ticks.tick().await;
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

//! The binary, run as a program.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

use crate::client::PATIENCE;
pub(crate) fn sandbox(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_azure-sandbox"));
    command.args(words);
    command
}

pub(crate) fn run(words: &[&str]) -> Output {
    sandbox(words).output().unwrap()
}

pub(crate) fn environment(words: &[&str]) -> BTreeMap<String, String> {
    variables(&run(words))
}

pub(crate) fn variables(output: &Output) -> BTreeMap<String, String> {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// By way of `kill`: sending signals takes `unsafe` code or a crate.
fn signal(name: &str, id: u32) -> bool {
    let mut kill = Command::new("kill");
    kill.args([name, &id.to_string()])
        .status()
        .unwrap()
        .success()
}

/// A running program that is ended with the test.
pub(crate) struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    errors: ChildStderr,
}

impl Running {
    pub(crate) fn start(words: &[&str]) -> Self {
        let mut command = sandbox(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let errors = child.stderr.take().unwrap();
        Self {
            child,
            output,
            errors,
        }
    }

    /// What it said to standard error, once it has ended.
    pub(crate) fn errors(&mut self) -> String {
        let mut text = String::new();
        self.errors.read_to_string(&mut text).unwrap();
        text
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn terminate(&self) {
        assert!(signal("-TERM", self.child.id()));
    }

    /// Its exit code; `None` where it did not end by itself.
    pub(crate) fn code(&mut self) -> Option<i32> {
        let (ended, end) = mpsc::channel::<()>();
        let id = self.child.id();
        let watchdog = thread::spawn(move || {
            if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                signal("-KILL", id);
            }
        });
        let code = self.child.wait().unwrap().code();
        drop(ended);
        watchdog.join().unwrap();
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The record of changes as a file holds it, and what holds for every one.

mod deed;

use std::{cell::Cell, collections::BTreeMap, fs, os::unix::fs::symlink, path::PathBuf};

use azure_sandbox::{Sandbox, Service};
use serde_json::Value;

use deed::Deed;

/// The record of all gateways in front of one Azure.
pub(crate) struct Records {
    path: PathBuf,
    after_a_kill: Cell<bool>,
}

impl Records {
    /// It goes with `azure`: one by its port would be there for the next that gets that.
    pub(crate) fn of(azure: &Sandbox) -> Self {
        Self {
            path: azure.ca_file().with_file_name("audit.jsonl"),
            after_a_kill: Cell::default(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// It is on a disk that is full, for whoever opens it from now on.
    pub(crate) fn fill(&self) {
        let _ = fs::remove_file(&self.path);
        symlink("/dev/full", &self.path).unwrap();
    }

    /// The record may lack the outcomes of a gateway that was killed, and the end of the line
    /// that it was writing.
    pub(crate) fn after_a_kill(&self) {
        self.after_a_kill.set(true);
    }

    /// Every line that is whole.
    pub(crate) fn all(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        text.lines().filter_map(|line| self.read(line)).collect()
    }

    fn read(&self, line: &str) -> Option<Value> {
        match serde_json::from_str(line) {
            Ok(line) => Some(line),
            Err(error) if error.is_eof() && self.after_a_kill.get() => None,
            Err(error) => panic!("{error}: {line}"),
        }
    }

    /// The lines of one stage.
    pub(crate) fn of_stage(&self, stage: &str) -> Vec<Value> {
        let mut lines = self.all();
        lines.retain(|line| line["unmapped"]["stage"] == stage);
        lines
    }

    /// Nothing is known of it any more.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Every change that reached `azure` was written down, and no secret was.
    pub(crate) fn hold_for(&self, azure: &Sandbox) {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        for secret in azure.secrets() {
            assert!(!text.contains(&secret), "a secret in the record of changes");
        }
        let intents = self.of_stage("intent");
        for request in azure.requests(Service::Actions) {
            let id = request.header("x-ms-correlation-request-id").unwrap_or("");
            let deed = Deed::of_request(&request);
            let is_told = |line: &&Value| {
                line["unmapped"]["azure"]["correlationId"] == id && Deed::of_line(line) == deed
            };
            assert!(intents.iter().any(|line| is_told(&line)), "{request}");
        }
    }

    /// Every line is one of two, or stands by itself.
    pub(crate) fn have_their_ends(&self) {
        let mut changes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.all() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let id = text(&line["metadata"]["correlation_uid"]);
            changes
                .entry(id)
                .or_default()
                .push(text(&line["unmapped"]["stage"]));
        }
        for stages in changes.values() {
            let stages: Vec<_> = stages.iter().map(String::as_str).collect();
            let is_whole = match stages[..] {
                ["intent", "outcome"] | ["denied" | "noop" | "joined" | "resumed"] => true,
                ["intent"] => self.after_a_kill.get(),
                _ => false,
            };
            assert!(is_whole, "{stages:?}");
        }
    }
}

//! What is answered to which request, and how often it was.

use std::{cell::Cell, time::Duration};

use crate::{
    connection::Request, control, machine::Machine, operation::Operation, token, users::Users,
};

/// What is counted, by the names under which it is told.
pub(crate) const KINDS: [&str; 8] = [
    "token_arm",
    "token_graph",
    "machine",
    "deallocate",
    "operation",
    "users",
    "telemetry",
    "other",
];

/// What a request is for, in the order of `KINDS`.
#[derive(Clone, Copy)]
enum Kind {
    TokenArm,
    TokenGraph,
    Machine,
    Deallocate,
    Operation,
    Users,
    Telemetry,
    Other,
}

/// All that is answered, written beforehand.
pub(crate) struct Azure {
    machine: Machine,
    operation: Operation,
    users: Users,
    token: String,
    /// How long Resource Manager and Graph take.
    pub(crate) delay: Cell<Duration>,
    /// How long the token endpoint takes.
    pub(crate) token_delay: Cell<Duration>,
    pub(crate) counts: [Cell<u64>; KINDS.len()],
}

impl Azure {
    /// The Azure at `url`.
    pub(crate) fn new(url: &str, chunked: bool) -> Self {
        Self {
            machine: Machine::new(),
            operation: Operation::at(url),
            users: Users::new(chunked),
            token: token::written(),
            delay: Cell::default(),
            token_delay: Cell::default(),
            counts: Default::default(),
        }
    }

    /// Writes the answer to `request`; returns how long it is to be held back.
    pub(crate) fn answer(&self, request: &Request<'_>, answer: &mut Vec<u8>) -> Duration {
        if control::answer(self, request, answer) {
            return Duration::ZERO;
        }
        let kind = kind(request);
        let count = &self.counts[kind as usize];
        count.set(count.get() + 1);
        match kind {
            Kind::TokenArm | Kind::TokenGraph => token::answer(&self.token, request.path, answer),
            Kind::Machine => self.machine.answer(request.path, answer),
            Kind::Deallocate => answer.extend_from_slice(self.operation.taken.as_bytes()),
            Kind::Operation => answer.extend_from_slice(self.operation.ended.as_bytes()),
            Kind::Users => answer.extend_from_slice(self.users.page.as_bytes()),
            Kind::Telemetry => empty("200 OK", answer),
            Kind::Other => empty("404 Not Found", answer),
        }
        match kind {
            Kind::TokenArm | Kind::TokenGraph => self.token_delay.get(),
            Kind::Machine | Kind::Deallocate | Kind::Operation | Kind::Users => self.delay.get(),
            Kind::Telemetry | Kind::Other => Duration::ZERO,
        }
    }

    /// The token that it gives out.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

fn kind(request: &Request<'_>) -> Kind {
    let Request { method, path, .. } = request;
    match *method {
        "GET" if path.starts_with("/v1.0/users?") => Kind::Users,
        "GET" if path.contains("/operations/") => Kind::Operation,
        "GET" if path.contains("/virtualMachines/") => Kind::Machine,
        "GET" if token::is_asked_for(path) && path.contains("graph") => Kind::TokenGraph,
        "GET" if token::is_asked_for(path) => Kind::TokenArm,
        "POST" if path.contains("/deallocate?") => Kind::Deallocate,
        "POST" if path.starts_with("/v1/") => Kind::Telemetry,
        _ => Kind::Other,
    }
}

fn empty(status: &str, answer: &mut Vec<u8>) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    answer.extend_from_slice(head.as_bytes());
}

/// Writes 200 with `json`.
pub(crate) fn json(json: &str, answer: &mut Vec<u8>) {
    let length = json.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
         content-length: {length}\r\n\r\n{json}"
    );
    answer.extend_from_slice(head.as_bytes());
}

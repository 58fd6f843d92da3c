//! Tokens that each name another key, which nobody has, on a few connections that do
//! not wait for answers; of tests and of benches.

use std::{
    collections::HashMap,
    io::Write,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::wire::{Connection, get};

/// Requests that go together in one piece.
const PIECE: usize = 5;

/// How many requests go where, and how soon.
pub(crate) struct Flood<'a> {
    pub(crate) to: SocketAddr,
    /// What the ids of its keys begin with.
    pub(crate) name: &'a str,
    /// A good token, of which the claims are taken: what is wrong is the key alone.
    pub(crate) token: &'a str,
    pub(crate) connections: usize,
    /// Requests on each connection.
    pub(crate) each: usize,
    /// From one piece to the next on a connection, answered or not.
    pub(crate) pace: Duration,
}

impl Flood<'_> {
    /// Sends them all; how many answers there were of each status.
    pub(crate) fn pour(&self) -> HashMap<u16, usize> {
        thread::scope(|scope| {
            let connections: Vec<_> = (0..self.connections)
                .map(|number| scope.spawn(move || self.on_one(number)))
                .collect();
            let mut answers = HashMap::new();
            for connection in connections {
                for (status, count) in connection.join().unwrap() {
                    *answers.entry(status).or_default() += count;
                }
            }
            answers
        })
    }

    fn on_one(&self, number: usize) -> HashMap<u16, usize> {
        let mut connection = Connection::to(self.to);
        let mut writer = connection.writer();
        thread::scope(|scope| {
            scope.spawn(move || self.send(number, &mut writer));
            let mut answers = HashMap::new();
            for _ in 0..self.each {
                *answers.entry(connection.reply().status).or_default() += 1;
            }
            answers
        })
    }

    fn send(&self, number: usize, writer: &mut impl Write) {
        let ids: Vec<_> = (0..self.each)
            .map(|key| format!("{}-{number}-{key}", self.name))
            .collect();
        let mut due = Instant::now();
        for piece in ids.chunks(PIECE) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += self.pace;
            let requests: String = piece
                .iter()
                .map(|id| get("/identity", Some(&with_key(self.token, id))))
                .collect();
            writer.write_all(requests.as_bytes()).unwrap();
        }
    }
}

/// `token`, which then names another key; its signature is not looked at without.
pub(crate) fn with_key(token: &str, id: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"RS256","kid":"{id}"}}"#);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

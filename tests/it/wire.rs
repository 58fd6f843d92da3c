//! One connection that is kept open, of tests and of benches: a client with a pool
//! would put another one in the place of one that was reset, and say nothing.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than anything here takes; only a fault runs into it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection, which panics where it ends before it is dropped.
pub(crate) struct Connection(BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it is said to be the last on its connection.
    pub(crate) closes: bool,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Opens one.
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// What sends on it, for a thread of its own.
    pub(crate) fn writer(&self) -> TcpStream {
        self.0.get_ref().try_clone().unwrap()
    }

    /// Sends `request`, and waits for its answer.
    pub(crate) fn ask(&mut self, request: &str) -> Reply {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        self.reply()
    }

    /// The next answer: to the first of those requests that have none yet.
    pub(crate) fn reply(&mut self) -> Reply {
        let first = self.line();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let (mut length, mut closes) = (None, false);
        loop {
            let line = self.line();
            match line.split_once(": ") {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.parse().unwrap());
                }
                Some((name, value)) if name.eq_ignore_ascii_case("connection") => {
                    closes = value.eq_ignore_ascii_case("close");
                }
                Some(_) => {}
            }
        }
        let mut body = vec![0; length.unwrap()];
        self.0.read_exact(&mut body).unwrap();
        Reply {
            status,
            closes,
            body,
        }
    }

    /// Whether the other end closes it, and says nothing more. Panics where it stays open.
    pub(crate) fn is_closed(&mut self) -> bool {
        loop {
            match self.0.read(&mut [0]) {
                Ok(read) => return read == 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return true,
                Err(error) => panic!("it stays open: {error}"),
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "the connection was closed");
        line.truncate(line.trim_end().len());
        line
    }
}

/// GET of `path`, with `token` if there is one.
pub(crate) fn get(path: &str, token: Option<&str>) -> String {
    let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let bearer = bearer.unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{bearer}\r\n")
}

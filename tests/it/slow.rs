//! Clients that send too slowly, or nothing more: how long each is waited for.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::Service;

use crate::{gateway::Gateway, wire::Connection};

const ASKED: &str = "GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\n";
const AND_A_PART: &str = "GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\nGET /ope";
const ORDER: &str = "POST /vms/web-01/deallocate HTTP/1.1\r\nhost: localhost\r\n\
                     content-type: application/json\r\ncontent-length: 80\r\n\r\n";

/// By single bytes, each takes longer than anybody is waited for.
const HEAD: &str = "GET /openapi.yaml?x=0123456789012345678901234567890123456789 HTTP/1.1\r\n";
const BODY: &str =
    r#"{"force":true,"x":"0123456789012345678901234567890123456789012345678901234"}"#;

/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(500);

/// At the same time.
const OF_EACH: usize = 4;

/// A client, and what becomes of it.
struct Client {
    /// What it sends at once.
    opening: &'static str,
    /// Whether that has an answer, which is waited for.
    is_answered: bool,
    /// What it sends then, by single bytes.
    rest: &'static str,
    /// When its connection is closed, from then on.
    seconds: Range<u64>,
    last_words: &'static str,
}

const CLIENTS: [Client; 6] = [
    // A first head.
    Client {
        opening: "",
        is_answered: false,
        rest: HEAD,
        seconds: 4..9,
        last_words: "HTTP/1.1 408 ",
    },
    // A further one.
    Client {
        opening: ASKED,
        is_answered: true,
        rest: HEAD,
        seconds: 4..9,
        last_words: "",
    },
    // One that came in part with the request before.
    Client {
        opening: AND_A_PART,
        is_answered: true,
        rest: "napi.yaml?x=0123456789012345678901234567890123456789 HTTP/1.1\r\n",
        seconds: 4..10,
        last_words: "",
    },
    Client {
        opening: ORDER,
        is_answered: false,
        rest: BODY,
        seconds: 9..15,
        last_words: "HTTP/1.1 408 ",
    },
    // The same without a byte of it.
    Client {
        opening: ORDER,
        is_answered: false,
        rest: "",
        seconds: 9..15,
        last_words: "HTTP/1.1 408 ",
    },
    // Nothing more to ask.
    Client {
        opening: ASKED,
        is_answered: true,
        rest: "",
        seconds: 4..10,
        last_words: "",
    },
];

impl Client {
    /// Goes on until its connection is closed.
    fn is_sent_away(&self, api: SocketAddr) {
        let mut connection = Connection::to(api);
        let mut stream = connection.writer();
        stream.write_all(self.opening.as_bytes()).unwrap();
        if self.is_answered {
            assert_eq!(connection.reply().status, 200);
        }
        let began = Instant::now();
        let until = began + Duration::from_secs(self.seconds.end);
        let words = last_words(&mut stream, self.rest, until);
        let took = began.elapsed().as_secs();

        let what = format!("{:?}, {:?}", self.opening, self.rest);
        assert!(self.seconds.contains(&took), "{what}: {took} s");
        let begins = words.starts_with(self.last_words);
        assert!(
            begins && words.is_empty() == self.last_words.is_empty(),
            "{what}: {words:?}"
        );
    }
}

/// What is said on `stream` before it is closed, or `until` then, while `rest` is sent.
fn last_words(stream: &mut TcpStream, rest: &str, until: Instant) -> String {
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    let (mut words, mut bytes) = (Vec::new(), rest.bytes());
    while Instant::now() < until {
        if let Some(byte) = bytes.next() {
            // Closed by now, it takes none.
            let _ = stream.write_all(&[byte]);
        }
        match stream.read_to_end(&mut words) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A reset says no more than the end does.
            Ok(_) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// More answers than fit between: each is small enough to be in a buffer of the gateway as a
/// whole, and is over for it then.
#[actix_web::test]
async fn who_reads_nothing_for_a_while_gets_all_that_was_asked_for() {
    const REQUESTS: usize = 200;
    const PAUSE: Duration = Duration::from_secs(9);
    let gateway = Gateway::start();
    gateway.ready().await;
    let request =
        "GET /directory/users?department=R%26D&top=100 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut connection = Connection::to(gateway.api);
    connection
        .writer()
        .write_all(request.repeat(REQUESTS).as_bytes())
        .unwrap();
    thread::sleep(PAUSE);
    let mut bytes = 0;
    for number in 0..REQUESTS {
        let reply = connection.reply();
        assert_eq!(reply.status, 200, "{number}");
        bytes += reply.body.len();
    }
    assert!(bytes > 4_000_000, "{bytes} bytes");
}

#[actix_web::test]
async fn the_time_that_a_body_takes_is_none_of_azures() {
    const PAUSE: Duration = Duration::from_millis(3_500);
    let vars = [("MIG_VM_UPDATE", "on"), ("MIG_UPSTREAM_TIMEOUT", "3s")];
    let gateway = Gateway::with(&vars);
    gateway.ready().await;
    let mut connection = Connection::to(gateway.api);
    let body = r#"{"tags":{"env":"test"}}"#;
    let head = format!(
        "PATCH /vms/web-01 HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.writer().write_all(head.as_bytes()).unwrap();
    thread::sleep(PAUSE);
    assert!([200, 202].contains(&connection.ask(body).status));
}

#[actix_web::test]
async fn whoever_sends_too_slowly_is_sent_away_in_time_however_often_a_byte_comes() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let api = gateway.api;
    thread::scope(|clients| {
        for client in CLIENTS.iter().flat_map(|client| [client; OF_EACH]) {
            clients.spawn(move || client.is_sent_away(api));
        }
    });
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

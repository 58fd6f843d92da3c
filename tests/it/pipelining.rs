//! Requests that are sent ahead of the answers to those before them.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use azure_sandbox::{Host, Sandbox, Service, Settings};

use crate::{
    gateway::Gateway,
    program::{Running, gateway},
    wire::Connection,
};

const CROWD: usize = 20;

/// By how much the program may grow for a crowd.
const GROWTH: u64 = 24 << 20;

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

fn patch(name: &str, body: &str) -> String {
    let head = format!("PATCH /vms/{name} HTTP/1.1\r\nhost: localhost\r\n");
    format!("{head}content-type: application/json\r\n{body}")
}

/// Bodies of a length, in chunks and none, which have in them what ends a head.
#[actix_web::test]
async fn requests_that_come_together_are_answered_in_their_order() {
    let gateway = Gateway::with(&[("MIG_VM_UPDATE", "on")]);
    gateway.ready().await;
    let body = "{\"tags\":\r\n\r\n{\"x\":\"y\"}}";
    let sized = format!("content-length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "transfer-encoding: chunked\r\n\r\n{:x};x=y\r\n{body}\r\n0\r\nx: y\r\n\r\n",
        body.len()
    );
    let all = [
        get("/nothing"),
        patch("web-01", &sized),
        get("/vms/web-01"),
        patch("web-02", &chunked),
        format!("\r\n{}", get("/directory/users?department=%FF")),
        get("/vms/web-02"),
    ];
    let mut connection = Connection::to(gateway.api);
    connection
        .writer()
        .write_all(all.concat().as_bytes())
        .unwrap();

    let statuses = all.map(|_| connection.reply().status);

    assert_eq!(statuses, [404, 200, 200, 200, 400, 200]);
    assert_eq!(connection.ask(&get("/nothing")).status, 404, "it goes on");
}

/// Source: RFC 9112, section 9.6.
#[actix_web::test]
async fn nothing_is_carried_out_behind_the_last_request_of_a_connection() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let order = |name: &str, more: &str| {
        format!("POST /vms/{name}/deallocate HTTP/1.1\r\nhost: localhost\r\n{more}\r\n")
    };
    let both = [
        order("web-01", "connection: close\r\n"),
        order("web-02", ""),
    ];
    let mut connection = Connection::to(gateway.api);
    connection
        .writer()
        .write_all(both.concat().as_bytes())
        .unwrap();

    assert_eq!(connection.reply().status, 202);
    assert!(connection.is_closed());
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
}

/// A system that closes with something unread throws away what is still to be sent.
///
/// Source: RFC 9112, section 9.6.
#[actix_web::test]
async fn the_last_answer_comes_whole_whatever_is_sent_behind_its_request() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let last = "GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    for behind in [0, 2_000] {
        let stream = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // Less than the answer: most of it waits at the other end.
        stream.set_recv_buffer_size(4096).unwrap();
        stream.connect(&gateway.api.into()).unwrap();
        let mut stream = TcpStream::from(stream);
        let first = get("/nothing").repeat(behind.min(20));
        stream
            .write_all(format!("{last}{first}").as_bytes())
            .unwrap();
        let mut writer = stream.try_clone().unwrap();
        let sender = thread::spawn(move || {
            for _ in 0..behind {
                writer.write_all(get("/nothing").as_bytes())?;
            }
            writer.shutdown(Shutdown::Write)
        });
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        sender.join().unwrap().unwrap();

        let head = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let text = String::from_utf8_lossy(&answer[..head]).into_owned();
        let length = format!("content-length: {}\r\n", answer.len() - head - 4);
        assert!(text.contains(&length), "{behind}: {text}");
    }
}

/// Each head that waits behind another takes some 7 kB as it is decoded.
#[actix_web::test]
async fn requests_of_strangers_that_are_sent_ahead_take_no_memory() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let running = Running::start(command);
    let ahead = get("/nothing").repeat(4_000);
    for address in [running.api, running.admin] {
        let [before, _] = running.memory();
        let mut crowd: Vec<_> = (0..CROWD).map(|_| Connection::to(address)).collect();
        for connection in &crowd {
            // It is not read to its end before all is answered.
            let mut writer = connection.writer();
            writer.set_nonblocking(true).unwrap();
            let _ = writer.write_all(ahead.as_bytes());
            writer.set_nonblocking(false).unwrap();
        }
        for connection in &mut crowd {
            assert_eq!(connection.reply().status, 404);
        }
        let [_, peak] = running.memory();
        let growth = peak.saturating_sub(before);
        assert!(growth < GROWTH, "{growth} bytes");
    }
}

/// Names of 64 KiB have the HTTP layer panic, and longer targets are refused by it.
#[actix_web::test]
async fn a_head_without_an_end_is_refused_where_it_is_too_long() {
    let rows = [
        ("GET /livez HTTP/1.1\r\nhost: x\r\n", "431"),
        ("GET /livez HTTP/1.1\r\nhost: x\r\na: ", "431"),
        ("GET /livez HTTP/1.1\r\nhost: x\r\na:", "431"),
        (
            "POST /vms/web-01/start HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\na: ",
            "431",
        ),
        ("GET /livez HTTP/1.1\r\na: ", "431"),
        ("GET /livez HTTP/1.1\r\n", "431"),
        ("GET /livez HTTP/1.1\r\nHOST: x\r\na: ", "431"),
        ("GET /", "414"),
        ("POST /", "414"),
        ("", "400"),
    ];
    for limit in ["16384", "40960"] {
        let gateway = Gateway::with(&[("MIG_HEADER_LIMIT", limit)]);
        gateway.ready().await;
        for (head, status) in rows {
            // As one part, and as one that is not too long and others.
            for size in [126_000, 20_000] {
                let answer = refused(&gateway, head, size);
                assert!(
                    answer.starts_with(&format!("HTTP/1.1 {status} ")),
                    "{head:?} by {size}: {answer:.200}"
                );
                assert!(answer.contains("connection: close"), "{answer:.200}");
                // What is no HTTP has no document either.
                let is_document = answer.contains("application/problem+json\r\n");
                let has_id = answer.contains("\r\nx-request-id: ");
                assert_eq!((is_document, has_id), (status != "400", status != "400"));
            }
        }
    }
}

/// The answer to `head` with padding behind it, sent in parts of `size` bytes.
fn refused(gateway: &Gateway, head: &str, size: usize) -> String {
    let began = Instant::now();
    let mut stream = TcpStream::connect(gateway.api).unwrap();
    stream.set_nodelay(true).unwrap();
    let padding = if head.ends_with(':') { " " } else { "x" };
    let all = format!("{head}{}", padding.repeat(126_000));
    for part in all.as_bytes().chunks(size) {
        // It may have been closed before all is sent.
        let _ = stream.write_all(part);
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "it was waited for"
    );
    answer
}

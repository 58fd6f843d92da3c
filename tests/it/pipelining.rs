//! Requests that are sent ahead of the answers to those before them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

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

/// Each head that waits behind another takes some 7 kB as it is decoded.
#[actix_web::test]
async fn requests_of_strangers_that_are_sent_ahead_take_no_memory() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let running = Running::start(command);
    let ahead = get("/").repeat(4_000);
    let [before, _] = running.memory();

    let mut crowd: Vec<_> = (0..CROWD).map(|_| Connection::to(running.api)).collect();
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

#[actix_web::test]
async fn a_head_without_an_end_is_refused_where_it_is_too_long() {
    let gateway = Gateway::start();
    gateway.ready().await;
    for (head, status) in [
        ("GET /livez HTTP/1.1\r\nhost: x\r\na: ", "431"),
        ("GET /livez HTTP/1.1\r\nhost: x\r\na:", "431"),
        (
            "POST /vms/web-01/start HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\na: ",
            "431",
        ),
        ("GET /", "400"),
        ("", "400"),
    ] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(gateway.api).unwrap();
        // It may have been closed before all is sent.
        let _ = stream.write_all(head.as_bytes());
        let padding = if head.ends_with(':') { " " } else { "x" };
        let _ = stream.write_all(padding.repeat(126_000).as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);

        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "it was waited for"
        );
    }
}

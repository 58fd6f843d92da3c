//! Clients that open connections and say little, or nothing.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{gateway::Gateway, wire::Connection};

const HEALTH: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
const CONTRACT: &str = "GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Sixteen connections, over one worker.
const FEW: [(&str, &str); 2] = [("MIG_WORKERS", "1"), ("MIG_CONNECTION_LIMIT", "16")];

fn connected(gateway: &Gateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.api).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    stream
}

/// What the gateway says before it closes the connection. Panics where it stays open.
fn last_words(mut stream: TcpStream) -> String {
    let mut words = Vec::new();
    if let Err(error) = stream.read_to_end(&mut words) {
        // A reset says no more than the end does.
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it stays open");
    }
    String::from_utf8_lossy(&words).into_owned()
}

#[actix_web::test]
async fn a_flood_of_silent_connections_holds_up_nobody_for_long_and_health_not_at_all() {
    let gateway = Gateway::with(&FEW);
    gateway.ready().await;
    let flood: Vec<_> = (0..64).map(|_| connected(&gateway)).collect();

    assert_eq!(Connection::to(gateway.admin).ask(HEALTH).status, 200);
    // Behind all of the flood, as the backlog has it.
    let mut last = Connection::to(gateway.api);
    assert_eq!(last.ask(CONTRACT).status, 200);
    assert_eq!(Connection::to(gateway.admin).ask(HEALTH).status, 200);
    for stream in flood {
        assert!(!last_words(stream).contains("200 OK"));
    }
}

#[actix_web::test]
async fn a_connection_on_which_nothing_came_is_closed_without_a_word() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let began = Instant::now();
    assert_eq!(last_words(connected(&gateway)), "");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(4), "sent away early: {took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// A SYN that the kernel drops is sent again after a second.
#[actix_web::test]
async fn a_burst_of_connections_waits_to_be_accepted_and_none_is_dropped() {
    let gateway = Gateway::with(&FEW);
    gateway.ready().await;
    let soon = Duration::from_millis(900);
    let burst: Result<Vec<_>, _> = (0..500)
        .map(|_| TcpStream::connect_timeout(&gateway.api, soon))
        .collect();
    assert_eq!(burst.unwrap().len(), 500);
}

#[actix_web::test]
async fn heads_that_come_byte_by_byte_end_in_time() {
    let gateway = Gateway::with(&FEW);
    gateway.ready().await;
    let began = Instant::now();
    let mut slow: Vec<_> = (0..16).map(|_| connected(&gateway)).collect();
    let head = b"GET /openapi.yaml HTTP/1.1\r\nhost: localhost\r\n";
    for byte in head.iter().take(8) {
        for stream in &mut slow {
            stream.write_all(&[*byte]).unwrap();
        }
    }
    // No byte more of them, nor an end: their places are free when their time is up.
    let mut other = Connection::to(gateway.api);
    assert_eq!(other.ask(CONTRACT).status, 200);
    for stream in slow {
        assert!(last_words(stream).starts_with("HTTP/1.1 408 "));
    }
    assert!(began.elapsed() >= Duration::from_secs(4), "sent away early");
}

#[actix_web::test]
async fn a_client_that_does_not_read_holds_up_nobody_else() {
    let gateway = Gateway::with(&FEW);
    gateway.ready().await;
    let mut idle = connected(&gateway);
    // As much as buffers of both ends cannot hold: the document is some 90 kB.
    idle.set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let many = CONTRACT.repeat(400);
    let _ = idle.write_all(many.as_bytes());
    for _ in 0..20 {
        let mut other = Connection::to(gateway.api);
        assert_eq!(other.ask(CONTRACT).status, 200);
    }
}

/// A part of the head of one more request, on each of sixteen connections that have had
/// an answer: sent after it, or with the request before.
fn half_heads(gateway: &Gateway, together: bool) -> Vec<TcpStream> {
    let open = |_| {
        let mut connection = Connection::to(gateway.api);
        let half = "GET /openapi.yaml HTTP/1.1\r\nhost: loc";
        let reply = if together {
            connection.ask(&format!("{CONTRACT}{half}"))
        } else {
            let reply = connection.ask(CONTRACT);
            connection.writer().write_all(half.as_bytes()).unwrap();
            reply
        };
        assert_eq!(reply.status, 200);
        connection.writer()
    };
    (0..16).map(open).collect()
}

#[actix_web::test]
async fn heads_after_the_first_end_in_time_as_well() {
    for together in [false, true] {
        let gateway = Gateway::with(&FEW);
        gateway.ready().await;
        let began = Instant::now();
        let slow = half_heads(&gateway, together);
        let mut other = Connection::to(gateway.api);
        assert_eq!(other.ask(CONTRACT).status, 200, "{together}");
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(4), "sent away early: {took:?}");
        assert!(took < Duration::from_secs(20), "{took:?}");
        drop(slow);
    }
}

#[actix_web::test]
async fn clients_that_do_not_read_do_not_keep_their_places() {
    let gateway = Gateway::with(&FEW);
    gateway.ready().await;
    let many = CONTRACT.repeat(400);
    let deaf: Vec<_> = (0..16)
        .map(|_| {
            let mut stream = connected(&gateway);
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write_all(many.as_bytes());
            stream
        })
        .collect();
    let mut other = Connection::to(gateway.api);
    assert_eq!(other.ask(CONTRACT).status, 200);
    drop(deaf);
}

/// More of them than there are places, each with an answer and the beginning of one more
/// request.
#[actix_web::test]
async fn connections_that_are_held_at_the_admin_listener_make_room_for_others() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let began = Instant::now();
    let hold = |_| {
        let mut connection = Connection::to(gateway.admin);
        assert_eq!(connection.ask(HEALTH).status, 200);
        connection.writer().write_all(b"GET /li").unwrap();
        connection
    };
    let mut held: Vec<_> = (0..120).map(hold).collect();
    let mut latest = held.split_off(100);
    for connection in &mut held[..40] {
        assert!(connection.is_closed());
        let took = began.elapsed();
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
    assert_eq!(Connection::to(gateway.admin).ask(HEALTH).status, 200);

    assert!(latest.iter_mut().all(Connection::is_closed));
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(4), "sent away early: {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

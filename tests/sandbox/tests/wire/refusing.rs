//! A local Azure that nobody can connect to, for a while.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use azure_sandbox::{Sandbox, Service};

use crate::{
    client::{PATIENCE, sandbox, wait},
    compute::{VERSION, act, machine, power_state, read},
};

#[test]
fn connections_are_refused_until_the_guard_is_dropped() {
    let azure = sandbox();
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
    let refusing = azure.refuse_connections();

    for _ in 0..3 {
        let error = TcpStream::connect(address(&azure)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    drop(refusing);

    assert_eq!(read(&azure, &url).status, 200);
}

#[test]
fn the_last_of_several_guards_ends_the_refusal() {
    let azure = sandbox();
    let first = azure.refuse_connections();
    let second = azure.refuse_connections();

    drop(first);
    assert!(TcpStream::connect(address(&azure)).is_err());

    drop(second);
    assert!(TcpStream::connect(address(&azure)).is_ok());
}

#[test]
fn an_idle_connection_is_reset() {
    let azure = sandbox();
    let mut idle = connect(&azure);
    idle.write_all(b"GET /sandbox/departments HTTP/1.1\r\nhost: azure\r\n\r\n")
        .unwrap();
    // Answered, so accepted.
    assert!(idle.read(&mut [0; 16]).unwrap() > 0);

    let _refusing = azure.refuse_connections();

    let mut rest = Vec::new();
    let error = idle.read_to_end(&mut rest).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_request_that_waits_is_cut_off() {
    let azure = sandbox();
    let hold = azure.hold(Service::Token);
    let mut waiting = connect(&azure);
    let head = b"GET /metadata/identity/oauth2/token HTTP/1.1\r\nhost: azure\r\n\r\n";
    waiting.write_all(head).unwrap();
    wait(hold.arrived(1));

    let _refusing = azure.refuse_connections();

    let error = waiting.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn nobody_else_gets_the_port_meanwhile() {
    let azure = sandbox();
    let _refusing = azure.refuse_connections();

    let other = TcpListener::bind(address(&azure));

    assert_eq!(other.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn connections_can_be_refused_again_and_again() {
    let azure = sandbox();
    let url = format!("{}?{VERSION}", machine(&azure, "web-01"));
    for _ in 0..3 {
        assert_eq!(read(&azure, &url).status, 200);
        let _refusing = azure.refuse_connections();
        assert!(TcpStream::connect(address(&azure)).is_err());
    }
}

#[test]
fn what_was_known_before_is_known_after() {
    let azure = sandbox();
    act(&azure, "web-01", "deallocate");

    drop(azure.refuse_connections());

    assert_ne!(power_state(&azure, "web-01"), "running");
}

#[test]
fn a_guard_may_outlive_its_sandbox() {
    let azure = sandbox();
    let refusing = azure.refuse_connections();
    drop(azure);

    let dropping = thread::spawn(move || drop(refusing));

    dropping.join().unwrap();
}

fn address(azure: &Sandbox) -> SocketAddr {
    let authority = azure.url().strip_prefix("http://").unwrap();
    authority.parse().unwrap()
}

fn connect(azure: &Sandbox) -> TcpStream {
    let stream = TcpStream::connect(address(azure)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
